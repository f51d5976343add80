"""Whatever happens and in whatever order: never early, once only, never down, never after a resolution."""

from collections import Counter
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.clock_record import ClockState, Kind
from shared.domain.escalation import Asked
from shared.domain.lifecycle import Trigger, allowed
from shared.domain.plan import Climbed, Missed, NewsOwed, Warned
from tests.domain.escalating import Life, of

_TRIGGERS = (
    Trigger.WAIT_FOR_CUSTOMER,
    Trigger.WAIT_FOR_DEPARTMENT,
    Trigger.RESUME,
    Trigger.RESOLVE,
    Trigger.CONFIRM,
    Trigger.REOPEN,
    Trigger.REQUEST_STAGE_2,
    Trigger.REFER_EXTERNAL,
    Trigger.RECORD_EXTERNAL_DECISION,
    Trigger.WITHDRAW,
)
_MOVES = st.one_of(
    st.tuples(st.just("pass"), st.integers(1, 400)),
    st.tuples(st.just("sleep"), st.integers(1, 400)),
    st.tuples(st.just("move"), st.sampled_from(_TRIGGERS)),
    st.tuples(st.just("move unheard"), st.sampled_from(_TRIGGERS)),
    st.tuples(st.just("inform"), st.sampled_from(["acknowledged_at", "responded_at", "informed_at"])),
    st.tuples(st.just("contact"), st.integers(1, 3)),
    st.tuples(st.just("ask"), st.one_of(st.none(), st.integers(1, 4))),
    st.tuples(st.just("fire"), st.sampled_from(list(Kind))),
)


def _play(moves: list[tuple[str, object]]) -> Life:
    """Plays the moves and checks after each of them what must hold at any time."""
    life = Life()
    life.heard()
    for name, value in moves:
        tier, told, was_active = life.dispute.tier, len(life.told), life.dispute.active
        _step(life, name, value)
        _check(life, tier or 0, told, was_active=was_active)
    return life


def _step(life: Life, name: str, value: object) -> None:
    match name, value:
        case "pass", int(quarters):
            life.until(_hours(life) + quarters / 4)
        case "sleep", int(quarters):
            life.asleep_until(_hours(life) + quarters / 4)
        case "move" | "move unheard", Trigger() as trigger:
            _move(life, trigger, heard=name == "move")
        case "inform", str(fact):
            life.with_facts(**{fact: life.now})
        case "contact", int(times):
            life.with_facts(contact_count=life.dispute.contact_count + times)
        case "ask", None | int() as to_tier:
            life.heard(asked=Asked(to_tier))
        case "fire", Kind() as kind:
            life.fired(kind)


def _move(life: Life, trigger: Trigger, *, heard: bool) -> None:
    if trigger in allowed(life.dispute.status):
        life.dispute = life.dispute.after(trigger, life.now)
        if heard:
            life.heard()


def _hours(life: Life) -> float:
    return (life.now - life.dispute.received_at) / timedelta(hours=1)


def _check(life: Life, tier: int, told: int, *, was_active: bool) -> None:
    new = life.told[told:]
    assert (life.dispute.tier or 0) >= tier
    assert all(each.to_tier > each.from_tier for each in of(new, Climbed))
    if not was_active and not life.dispute.active:
        assert not of(new, Climbed) + of(new, Warned) + of(new, NewsOwed)
    for each in (*of(new, Missed), *(climb for climb in of(new, Climbed) if climb.clock is not None)):
        assert each.clock.due_at is not None
        assert each.clock.due_at <= life.now
    assert all(each.warn_at <= life.now for each in of(new, Warned))
    # Armed exactly while running, for its own generation, and never behind the clock.
    for kind, clock in life.clocks.items():
        assert (kind in life.timers) <= clock.open
        if clock.state is ClockState.RUNNING and kind in life.timers:
            assert life.timers[kind].generation == clock.generation


@settings(max_examples=300, deadline=None)
@given(st.lists(_MOVES, max_size=30))
def test_no_order_of_events_makes_it_early_double_or_late_after_the_end(moves: list[tuple[str, object]]) -> None:
    life = _play(moves)
    fired = Counter((each.clock.kind, each.clock.generation) for each in of(life.told, Missed))
    climbed = Counter(
        (each.clock.kind, each.clock.generation) for each in of(life.told, Climbed) if each.clock is not None
    )
    warned = Counter((each.clock.kind, each.clock.generation, each.percent) for each in of(life.told, Warned))
    owed = Counter((each.clock.kind, each.clock.generation) for each in of(life.told, NewsOwed))
    assert all(count == 1 for counted in (fired, climbed, warned, owed) for count in counted.values())


@settings(max_examples=300, deadline=None)
@given(st.lists(_MOVES, max_size=30))
def test_whatever_happened_hearing_once_more_settles_it_and_hearing_again_changes_nothing(
    moves: list[tuple[str, object]],
) -> None:
    life = _play(moves)
    life.heard()
    before = (life.dispute, dict(life.clocks), dict(life.timers))
    assert life.heard() == []
    assert (life.dispute, life.clocks, life.timers) == before


@settings(max_examples=300, deadline=None)
@given(st.lists(_MOVES, max_size=30))
def test_an_open_dispute_always_has_a_timer_and_every_running_clock_its_own(moves: list[tuple[str, object]]) -> None:
    life = _play(moves)
    life.heard()
    running = {kind for kind, clock in life.clocks.items() if clock.state is ClockState.RUNNING}
    assert set(life.timers) == running
    if life.dispute.active:
        assert Kind.NEXT_UPDATE in life.timers
