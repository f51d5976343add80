"""Escalation decided: rules propose tiers, `decide` disposes. Pure values in, pure values out."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from msgspec import Struct

from shared.domain.assignment import NO_BENCH, NO_SKILLS, Bench, Wanted, barred, choose, full, spread, unfit
from shared.domain.clock_record import Clock, Kind, OnBreach
from shared.domain.conditions import Facts
from shared.domain.dispute import Dispute
from shared.domain.lifecycle import ACTIVE, Status
from shared.domain.matrix import Holder, Matrix, Threshold, Tier, WhenFull

_CLIMBING: Final = ACTIVE - {Status.REFERRED_EXTERNAL}
UNABLE_TOLD_MAX: Final = 3
"""Of so many who cannot take a dispute the reason is told; of more, how many."""


class Asked(Struct, frozen=True, gc=False):
    """Somebody asked for a higher tier by hand: for this one, or for the next when it is None."""

    to_tier: int | None = None
    because: str = "a higher tier was asked for"


class Case(Struct, frozen=True, gc=False):
    """What a decision rests on; `breached` is a clock that has just run out.

    `breach_risk` is how likely a broken promise is, from 0 to 1, None until somebody has worked it out; `tier_since` is
    when the dispute came to its present tier, None while that is not known. `bench` is what is known of those who may
    handle it.
    """

    dispute: Dispute
    matrix: Matrix
    now: datetime
    breached: Clock | None = None
    asked: Asked | None = None
    breach_risk: float | None = None
    tier_since: datetime | None = None
    bench: Bench = NO_BENCH

    @property
    def tier(self) -> int:
        """The present tier, 0 before the dispute is taken up."""
        return self.dispute.tier or 0


class Proposal(NamedTuple):
    """A rule asks for a tier, and says why."""

    to: int
    because: str


class Seat(NamedTuple):
    """The tier that takes a dispute, who handles it, and the tiers that could not.

    `queued` says that it waits there until somebody has room for it.
    """

    tier: int
    handler: str | None
    because: tuple[str, ...]
    skipped: tuple[str, ...]
    queued: bool = False


class Escalate(NamedTuple):
    """Climb to this tier now."""

    to: int
    handler: str | None
    because: tuple[str, ...]
    skipped: tuple[str, ...]


class Hold(NamedTuple):
    """Stay where it is."""


Rule = Callable[[Case], Sequence[Proposal]]


def threshold_reached(case: Case) -> Sequence[Proposal]:
    """Every threshold of the matrix that the dispute's facts have reached."""
    tier, matrix = case.tier, case.matrix
    above = [each for each in matrix.thresholds if each.to_tier > tier]
    if not above:
        return ()
    facts, rates = Facts.of(case.dispute, case.now, case.breach_risk), matrix.rates
    return [
        Proposal(each.to_tier, each.because if holds.note is None else f"{each.because} ({holds.note})")
        for each in above
        if (holds := each.when.judge(facts, rates)) and not each.cools(case.tier_since, case.now)
    ]


def experts_called(case: Case) -> Sequence[Threshold]:
    """The thresholds that hold and call an expert, for a dispute that is in the house."""
    calling = case.matrix.calling
    if not calling or not climbs(case.dispute):
        return ()
    facts, rates = Facts.of(case.dispute, case.now, case.breach_risk), case.matrix.rates
    return [each for each in calling if each.when.judge(facts, rates)]


def deadline_missed(case: Case) -> Sequence[Proposal]:
    """The next tier, when a clock ran out whose rule is to escalate."""
    clock, tier = case.breached, case.tier
    if clock is None or clock.promise.on_breach is not OnBreach.ESCALATE or tier >= case.matrix.top:
        return ()
    if clock.kind is Kind.TIER:
        return (Proposal(tier + 1, f"the deadline of {case.matrix.tier(tier).label} passed"),)
    return (Proposal(tier + 1, f"the {clock.kind.replace('_', ' ')} deadline passed"),)


def asked_for(case: Case) -> Sequence[Proposal]:
    """The tier somebody asked for by hand, else the next; never below or above the matrix."""
    if case.asked is None or case.tier >= case.matrix.top:
        return ()
    to = case.tier + 1 if case.asked.to_tier is None else case.asked.to_tier
    return (Proposal(min(to, case.matrix.top), case.asked.because),)


RULES: Final[tuple[Rule, ...]] = (threshold_reached, deadline_missed, asked_for)


def decide(case: Case) -> Escalate | Hold:
    """The highest tier that any rule asks for, if it is above the present one and somebody can act there or above.

    A dispute that is not taken up, is resolved, or lies with an outside body holds, whatever the rules say.
    """
    tier = case.tier
    if not tier or not climbs(case.dispute):
        return Hold()
    found = [proposal for rule in RULES for proposal in rule(case) if proposal.to > tier]
    if not found:
        return Hold()
    highest = max([proposal.to for proposal in found])
    seat = seated(case.matrix, highest, case.dispute, case.now, bench=case.bench, leaving=case.dispute.handler)
    because = tuple(proposal.because for proposal in found if proposal.to == highest)
    return Escalate(seat.tier, seat.handler, (*because, *seat.because), seat.skipped)


def climbs(dispute: Dispute) -> bool:
    """Whether tiers have a hold on the dispute: it is unresolved and in the house."""
    return dispute.status in _CLIMBING


def take_up(case: Case) -> Seat:
    """The tier and handler that a dispute begins with: the front line, or where a threshold puts it at once."""
    found = [*threshold_reached(case), *_asked_at_once(case)]
    first = max((proposal.to for proposal in found), default=1)
    seat = seated(case.matrix, first, case.dispute, case.now, bench=case.bench)
    because = tuple(proposal.because for proposal in found if proposal.to == first)
    begins = f"every dispute begins with {case.matrix.tier(1).label}"
    return seat._replace(because=(*(because or (begins,)), *seat.because))


def _asked_at_once(case: Case) -> Sequence[Proposal]:
    """A wish for a higher tier that came before the dispute was taken up: the next is the one above the front line."""
    if case.asked is None:
        return ()
    to = min(case.asked.to_tier or 2, case.matrix.top)
    return (Proposal(to, "a higher tier was asked for"),)


def seated(
    matrix: Matrix,
    tier: int,
    dispute: Dispute,
    now: datetime,
    *,
    bench: Bench = NO_BENCH,
    leaving: str | None = None,
) -> Seat:
    """The tier, or the next above it where somebody can take the dispute, and its handler; a full one may queue it.

    `leaving` has the dispute now and is its handler again only where nobody else is. When nobody can take it anywhere from
    there up, the tier asked for keeps it without a handler, and says so.
    """
    # Where nothing is said of anybody, nobody has a skill.
    skills = matrix.skills_for(dispute.category.name) if matrix.particular else NO_SKILLS
    wanted = Wanted(dispute, now, bench, skills, leaving)
    skipped: list[str] = []
    for each in matrix.tiers[tier - 1 :]:
        handler, notes = _handler(each, wanted)
        if handler is not None:
            return Seat(each.number, handler.name, notes, tuple(skipped))
        if each.when_full is WhenFull.QUEUE and _only_full(each, wanted):
            waits = f"everybody of {each.label} who could take it is full; it waits there without a handler"
            return Seat(each.number, None, (waits,), tuple(skipped), queued=True)
        skipped.append(f"{each.label}: {notes[0]}")
    alone = f"nobody is present from {matrix.tier(tier).label} up; it waits there without a handler"
    return Seat(tier, None, (alone,), tuple(skipped))


def _handler(tier: Tier, wanted: Wanted) -> tuple[Holder | None, tuple[str, ...]]:
    """The tier's handler with what is to be said of the choice, else None with the reason why nobody is."""
    if tier.particular or wanted.bench.bars:
        return _fitting(tier, wanted)
    duty = tier.on_duty(wanted.now)
    if not duty.people:
        return None, (_nobody(tier),)
    others = tuple(each for each in duty.people if each.name != wanted.leaving) or duty.people
    return spread(others, wanted.dispute.id), (_deputises(tier),) if duty.deputised else ()


def _fitting(tier: Tier, wanted: Wanted) -> tuple[Holder | None, tuple[str, ...]]:
    """The best of the holders who can take it, else of the deputies who can."""
    unable: list[str] = []
    for people, deputises in ((tier.holders, False), (tier.deputies, True)):
        fit: list[Holder] = []
        for each in people:
            if each.present(wanted.now):
                reason = unfit(each, wanted.dispute, wanted.bench)
                unable += [f"{each.name} {reason}"] if reason else []
                fit += [] if reason else [each]
        if fit:
            person, because = choose(fit, wanted)
            notes = (_deputises(tier, "can take it" if unable else "is present"),) if deputises else ()
            return person, (*notes, because) if because else notes
    return None, (_told(unable) if unable else _nobody(tier),)


def _only_full(tier: Tier, wanted: Wanted) -> bool:
    """Whether somebody of the tier is there who lacks nothing but room for the dispute."""
    bench = wanted.bench
    return any(
        each.present(wanted.now)
        and each.name not in bench.away
        and full(each, bench)
        and barred(each, wanted.dispute, bench) is None
        for each in (*tier.holders, *tier.deputies)
    )


def _told(unable: Sequence[str]) -> str:
    more = len(unable) - UNABLE_TOLD_MAX
    return "; ".join((*unable[:UNABLE_TOLD_MAX], *([f"{more} more cannot take it"] if more > 0 else ())))


def _deputises(tier: Tier, what: str = "is present") -> str:
    return f"no holder of {tier.label} {what}; a deputy acts"


def _nobody(tier: Tier) -> str:
    return "nobody is present" if tier.holders or tier.deputies else "it has no holder"
