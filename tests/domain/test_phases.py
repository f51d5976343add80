"""A dispute that comes back, from a reopening or from an outside body, has clocks that start when it came back."""

from shared.domain.clock_record import ClockState, Kind
from shared.domain.lifecycle import Trigger
from tests.domain.escalating import Life
from tests.domain.matrices import a_matrix, a_tier, clocks
from tests.domain.test_milestones import at

QUIET = clocks(acknowledgement=None, first_response=None, next_update=None)


def referred_and_decided(life: Life, *, away: float) -> None:
    """The dispute goes to an outside body, and so many hours later its decision is recorded."""
    life.marks["referred_external"] = (life.now,)
    life.moved(Trigger.REFER_EXTERNAL)
    assert life.clocks[Kind.TIER].state is ClockState.STOPPED
    life.until((life.now - at(0)).total_seconds() / 3600 + away)
    life.marks["external_decided"] = (life.now,)
    life.moved(Trigger.RECORD_EXTERNAL_DECISION)


def test_back_from_an_outside_body_the_tier_and_the_resolution_have_their_time_from_then_on() -> None:
    life = Life(matrix=a_matrix(clocks=QUIET))
    life.heard()
    life.until(1)
    referred_and_decided(life, away=500)
    for kind in (Kind.TIER, Kind.RESOLUTION):
        assert (life.clocks[kind].state, life.clocks[kind].started_at) == (ClockState.RUNNING, at(501))


def test_a_second_time_outside_leaves_it_no_less_provided_for() -> None:
    life = Life(matrix=a_matrix(clocks=QUIET))
    life.heard()
    life.until(1)
    for _ in range(2):
        referred_and_decided(life, away=10)
    for kind in (Kind.TIER, Kind.RESOLUTION):
        assert (life.clocks[kind].state, life.clocks[kind].started_at) == (ClockState.RUNNING, at(21))
    assert life.heard() == []


def test_a_reopening_starts_its_phase_when_it_was_reopened_however_late_that_is_heard() -> None:
    life = Life(matrix=a_matrix(clocks=QUIET))
    life.heard()
    life.until(1)
    life.moved(Trigger.RESOLVE)
    life.until(5)
    life.marks["reopened"] = (at(5),)
    life.dispute = life.dispute.after(Trigger.REOPEN, life.now)
    life.asleep_until(6)
    life.with_facts(updated_at=life.now)
    assert life.clocks[Kind.TIER].started_at == at(5)


def test_whole_days_of_one_tier_after_another_are_not_a_day_longer_where_the_desk_never_closes() -> None:
    tiers = [a_tier("Agent", "1 business day"), a_tier("Lead", "1 business day"), a_tier("Chief", "1 business day")]
    life = Life(matrix=a_matrix(tiers=tiers, thresholds=[], clocks=QUIET))
    life.heard()
    assert life.clocks[Kind.TIER].due_at == at(39)  # received on Monday at nine: Tuesday, to its end
    life.until(39)
    assert (life.dispute.tier, life.clocks[Kind.TIER].due_at) == (2, at(63))
    life.until(63)
    assert (life.dispute.tier, life.clocks[Kind.TIER].due_at) == (3, at(87))
