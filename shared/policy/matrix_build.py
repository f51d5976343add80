"""From the checked document to the matrix the domain decides with; what no single field can tell is checked here."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from shared.domain.clock_record import Kind, OnBreach, Promise
from shared.domain.clock_spec import ClockSpec
from shared.domain.clock_terms import MayExtend
from shared.domain.conditions import Rates
from shared.domain.dispute import Severity
from shared.domain.duration import Duration, Unit, parse_term
from shared.domain.errors import InvalidValue, PolicyFault
from shared.domain.experts import ExpertDesk
from shared.domain.matrix import Matrix, SeverityRule, Threshold, Tier
from shared.domain.walltime import zone_named
from shared.policy.matrix_models import (
    ClockModel,
    ExtensionModel,
    MatrixModel,
    NextUpdateModel,
    PerSeverity,
    ThresholdModel,
    TierModel,
)
from shared.policy.people_build import Roster, roster
from shared.policy.people_models import DeskModel, HolderModel
from shared.policy.rule_build import authority, when

_GAP_UNITS: Final = {
    Unit.SECOND: timedelta(seconds=1),
    Unit.MINUTE: timedelta(minutes=1),
    Unit.HOUR: timedelta(hours=1),
}
_ENDINGS: Final[Mapping[Kind, frozenset[OnBreach]]] = {
    Kind.FOLLOW_UP: frozenset({OnBreach.ASK_FOLLOW_UP, OnBreach.TELL}),
    Kind.SILENCE: frozenset({OnBreach.CLOSE, OnBreach.TELL}),
}
_ORDINARY_ENDINGS: Final = frozenset({OnBreach.ESCALATE, OnBreach.TELL})

PerSeverityPromise = Mapping[Severity, Promise]


def build(model: MatrixModel, *, version: int, calendars: Collection[str] | None) -> Matrix:
    """The matrix of a checked document.

    Raises:
        PolicyFault: parts that do not fit each other, with the place.
    """
    return _Builder(model, calendars).matrix(version)


def faults_between(model: MatrixModel, calendars: Collection[str] | None) -> list[PolicyFault]:
    """The faults of parts that do not fit each other, one for each part at fault."""
    return list(_Builder(model, calendars).faults())


@dataclass(frozen=True, slots=True)
class _Builder:
    model: MatrixModel
    calendars: Collection[str] | None

    def faults(self) -> Iterator[PolicyFault]:
        """Tries each part by itself, so that one fault does not hide the next."""
        for check in (self._names, self._rates, self._min_gap, self._zone, self._experts):
            yield from _fault_of(check)
        for number, threshold in enumerate(self.model.thresholds):
            yield from _fault_of(partial(self._threshold, number, threshold))
        if people := list(_fault_of(self._desk)):
            yield from people
            return
        desk = self._desk()
        for number, tier in enumerate(self.model.tiers, 1):
            yield from _fault_of(partial(self._tier, tier, number, desk))
        for kind in Kind:
            yield from _fault_of(partial(self._of_kind, kind))

    def matrix(self, version: int) -> Matrix:
        self._names()
        desk = self._desk()
        return Matrix(
            version=version,
            rates=self._rates(),
            min_gap=self._min_gap(),
            tiers=tuple(self._tier(tier, number, desk) for number, tier in enumerate(self.model.tiers, 1)),
            thresholds=self._thresholds(),
            severity_default=self.model.severity.default,
            severity_rules=tuple(
                SeverityRule(each.name, when(each.when), each.severity, each.because)
                for each in self.model.severity.rules
            ),
            clocks=MappingProxyType(dict(self._clocks())),
            reminders=self._reminders(self.model.tiers[-1], OnBreach.ESCALATE),
            people=tuple(desk.people.values()),
            experts=MappingProxyType(self._experts()),
            skills=MappingProxyType({each: frozenset(names) for each, names in self.model.skills.items()}),
        )

    def _experts(self) -> dict[str, ExpertDesk]:
        return {name: self._desk_of_experts(name, each) for name, each in self.model.experts.items()}

    def _desk_of_experts(self, name: str, model: DeskModel) -> ExpertDesk:
        calendar = self._calendar(model.calendar, f"experts.{name}")
        term = parse_term(model.deadline)
        return ExpertDesk(name, model.title, model.email, model.skill, term, calendar, model.remind_at)

    def _names(self) -> None:
        self._unlike([tier.title for tier in self.model.tiers], "tiers")
        self._unlike([each.name for each in self.model.thresholds], "thresholds")
        self._unlike([each.name for each in self.model.severity.rules], "severity.rules")

    def _desk(self) -> Roster:
        return roster(self.model.people, self.model.teams, self._zone(), self.calendars)

    def _unlike(self, names: list[str], place: str) -> None:
        for name, count in Counter(names).items():
            if count > 1:
                raise PolicyFault(place, f"{name!r} is there {count} times; names are unlike each other.")

    def _zone(self) -> ZoneInfo:
        try:
            return zone_named(self.model.zone)
        except InvalidValue as fault:
            raise PolicyFault("zone", fault.detail) from fault

    def _rates(self) -> Rates:
        if self.model.base_currency in self.model.reference_rates:
            raise PolicyFault("reference_rates", f"{self.model.base_currency} is the base currency; its rate is 1.")
        return Rates(self.model.base_currency, MappingProxyType(dict(self.model.reference_rates)))

    def _min_gap(self) -> timedelta:
        return self._gap(self.model.min_gap, "min_gap", "The least gap")

    def _gap(self, text: str, place: str, what: str) -> timedelta:
        term = parse_term(text)
        if not isinstance(term, Duration) or term.unit not in _GAP_UNITS:
            raise PolicyFault(place, f"{what} is given in seconds, minutes or hours.")
        return _GAP_UNITS[term.unit] * term.amount

    def _cool_down(self, text: str | None, number: int) -> timedelta | None:
        return None if text is None else self._gap(text, f"thresholds.{number}.cool_down", "A cool-down")

    def _thresholds(self) -> tuple[Threshold, ...]:
        return tuple(self._threshold(number, each) for number, each in enumerate(self.model.thresholds))

    def _threshold(self, number: int, model: ThresholdModel) -> Threshold:
        top = len(self.model.tiers)
        to_tier = model.to_tier or 0  # one that only calls an expert asks for no tier
        if to_tier > top:
            raise PolicyFault(f"thresholds.{number}.to_tier", f"There is no tier {to_tier}; the top is {top}.")
        if model.call_expert is not None and model.call_expert not in self.model.experts:
            known = ", ".join(self.model.experts) or "none"
            raise PolicyFault(
                f"thresholds.{number}.call_expert",
                f"There is no desk {model.call_expert!r} under experts; there are {known}.",
            )
        cool_down = self._cool_down(model.cool_down, number)
        return Threshold(model.name, when(model.when), to_tier, model.because, cool_down, model.call_expert)

    def _tier(self, tier: TierModel, number: int, desk: Roster) -> Tier:
        place = f"tiers.{number - 1}"
        named = [each.name for each in (*tier.holders, *tier.deputies) if isinstance(each, HolderModel)]
        self._unlike(named, f"{place}.holders")
        on_breach = self._on_breach(tier, number)
        promises = {
            severity: self._promise(place, _term(tier.deadline, severity), tier.calendar, on_breach)
            for severity in Severity
        }
        holders = desk.holders(tier.holders, f"{place}.holders")
        return Tier(
            number=number,
            title=tier.title,
            holders=holders,
            deputies=tuple(each for each in desk.holders(tier.deputies, f"{place}.deputies") if each not in holders),
            authority=authority(tier.authority),
            deadlines=MappingProxyType(promises),
            reminders=self._reminders(tier, on_breach),
            when_full=tier.when_full,
        )

    def _on_breach(self, tier: TierModel, number: int) -> OnBreach:
        """What happens when the tier's deadline passes; the top tier has nobody above and is reminded in any case."""
        on_breach = tier.on_breach or self.model.clocks.tier.on_breach
        if on_breach is not OnBreach.REMIND:
            return on_breach
        if not self.model.clocks.tier.reminders:
            raise PolicyFault(f"tiers.{number - 1}.on_breach", "There are no clocks.tier.reminders to remind it by.")
        return OnBreach.ESCALATE if number == len(self.model.tiers) else on_breach

    def _promise(self, place: str, duration: str, calendar: str, on_breach: OnBreach, *, reminder: int = 0) -> Promise:
        common = self.model.clocks.tier
        spec = self._spec(
            place,
            kind=Kind.TIER,
            duration=parse_term(duration),
            calendar=self._calendar(calendar, place),
            pausable=common.pausable,
            warn_at=() if reminder else tuple(sorted(set(common.warn_at))),
            source=common.source,
        )
        return Promise(spec, on_breach, None, reminder, _may_extend(common.extension))

    def _reminders(self, tier: TierModel, on_breach: OnBreach) -> tuple[PerSeverityPromise, ...]:
        """How the tier is reminded; the last reminder of one that is reminded before it escalates is when it does."""
        texts = self.model.clocks.tier.reminders
        place, last = "clocks.tier.reminders", len(texts)
        return tuple(
            MappingProxyType(
                dict.fromkeys(
                    Severity,
                    self._promise(
                        place,
                        text,
                        tier.calendar,
                        OnBreach.ESCALATE if number == last else on_breach,
                        reminder=number,
                    ),
                )
            )
            for number, text in enumerate(texts, 1)
        )

    def _clocks(self) -> dict[Kind, PerSeverityPromise]:
        return {kind: promises for kind in Kind if (promises := self._of_kind(kind)) is not None}

    def _of_kind(self, kind: Kind) -> PerSeverityPromise | None:
        clock = getattr(self.model.clocks, kind.value)
        if not isinstance(clock, ClockModel):
            return None
        self._ends_well(kind, clock.on_breach)
        return MappingProxyType({severity: self._clock(kind, clock, severity) for severity in Severity})

    def _clock(self, kind: Kind, clock: ClockModel, severity: Severity) -> Promise:
        place = f"clocks.{kind}"
        owe_at = clock.owe_at if isinstance(clock, NextUpdateModel) else None
        spec = self._spec(
            place,
            kind=kind,
            duration=parse_term(_term(clock.duration, severity)),
            calendar=self._calendar(clock.calendar, place),
            pausable=clock.pausable,
            warn_at=tuple(sorted({*clock.warn_at, *([] if owe_at is None else [owe_at])})),
            count_receipt_day=clock.count_receipt_day,
            cap=None if clock.cap is None else parse_term(clock.cap),
            recurring=kind is Kind.NEXT_UPDATE,
            source=clock.source,
            as_of=None if clock.as_of is None else clock.as_of.isoformat(),
        )
        return Promise(spec, clock.on_breach, owe_at, extension=_may_extend(clock.extension))

    def _spec(self, place: str, **fields: object) -> ClockSpec:
        try:
            return ClockSpec(**fields)  # type: ignore[arg-type] # checked by ClockSpec itself
        except InvalidValue as fault:
            raise PolicyFault(f"{place}{fault.field.replace('/', '.')}", fault.detail) from fault

    def _calendar(self, name: str, place: str) -> str:
        if self.calendars is not None and name not in self.calendars:
            known = ", ".join(sorted(self.calendars))
            raise PolicyFault(f"{place}.calendar", f"There is no calendar named {name!r}; there are {known}.")
        return name

    def _ends_well(self, kind: Kind, on_breach: OnBreach) -> None:
        endings = _ENDINGS.get(kind, _ORDINARY_ENDINGS)
        if on_breach not in endings:
            choice = " or ".join(sorted(endings))
            raise PolicyFault(f"clocks.{kind}.on_breach", f"A {kind} clock that runs out can only {choice}.")


def _fault_of(check: Callable[[], object]) -> Iterator[PolicyFault]:
    try:
        check()
    except PolicyFault as fault:
        yield fault


def _may_extend(model: ExtensionModel | None) -> MayExtend | None:
    return None if model is None else MayExtend(times=model.times, by=parse_term(model.max))


def _term(terms: str | PerSeverity, severity: Severity) -> str:
    return terms if isinstance(terms, str) else str(getattr(terms, severity.value))
