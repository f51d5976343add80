"""A story lived again under a matrix: deterministic, true to the engine, and different only where the matrix is."""

from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.breach_features import NAMES
from shared.domain.breach_risk import Calibration, Model, Weight
from shared.domain.clock_record import Kind
from shared.domain.dispute import Severity
from shared.domain.lifecycle import Trigger, allowed
from shared.domain.money import Money
from shared.domain.remembering import remembering
from shared.domain.replay import FIRES_MAX, Outcome, for_replay, replay
from shared.domain.replayed_risk import Assumed
from shared.domain.story import Did, Step, Story
from tests.builders import a_dispute
from tests.domain.escalating import Life, climbs
from tests.domain.matrices import CALENDARS, NINE, a_body, a_matrix, a_tier, clocks

HOUR = timedelta(hours=1)
PRESENT = for_replay(a_matrix())


def a_story(*steps: tuple[float, Did, Any] | tuple[float, Did], until: float = 500, **facts: Any) -> Story:
    """Steps by their hours after nine; the dispute is filed and heard of at nine."""
    told = tuple(Step(NINE + each[0] * HOUR, each[1], each[2] if len(each) == 3 else None) for each in steps)
    return Story(a_dispute(received_at=NINE, **facts), NINE, told, NINE + until * HOUR)


def under(story: Story, **parts: Any) -> Outcome:
    return replay(story, for_replay(a_matrix(2, **parts)), CALENDARS)


def tiers_climbed(outcome: Outcome) -> list[tuple[float, int]]:
    return [((climb.at - NINE) / HOUR, climb.to_tier) for climb in outcome.climbs]


ACKNOWLEDGED = (0.1, Did.ACKNOWLEDGED)
RESOLVED = (3.0, Did.RESOLVED)


def test_a_dispute_resolved_in_time_climbs_nowhere() -> None:
    outcome = replay(a_story(ACKNOWLEDGED, RESOLVED), PRESENT, CALENDARS)
    assert (outcome.began, outcome.highest, outcome.climbs, outcome.breaches) == (1, 1, (), ())
    assert (
        dict(outcome.warnings)["tier"] == 2 - 1
    )  # at half of four hours; three quarters would be the resolution itself


def test_one_that_nobody_touches_climbs_as_the_matrix_says_and_why() -> None:
    outcome = replay(a_story(ACKNOWLEDGED, until=20), PRESENT, CALENDARS)
    assert tiers_climbed(outcome) == [(4, 2), (12, 3)]
    assert outcome.climbs[0].because == ("the deadline of Agent (tier 1) passed",)
    assert dict(outcome.breaches) == {"first_response": 1, "tier": 2}


def test_a_shorter_deadline_would_have_climbed_sooner() -> None:
    story = a_story(ACKNOWLEDGED, RESOLVED)
    quick = a_body()["tiers"]
    quick[0]["deadline"] = "1 hour"
    assert tiers_climbed(under(story, tiers=quick)) == [(1, 2)]


def test_a_wait_for_the_customer_stops_the_tier() -> None:
    waits = ((1, Did.MOVED, Trigger.WAIT_FOR_CUSTOMER), (11, Did.MOVED, Trigger.RESUME))
    outcome = replay(a_story(ACKNOWLEDGED, *waits, until=15), PRESENT, CALENDARS)
    assert tiers_climbed(outcome) == [(14, 2)]


def test_what_is_done_at_the_due_instant_is_in_time() -> None:
    assert replay(a_story((2, Did.ACKNOWLEDGED), (4, Did.RESOLVED)), PRESENT, CALENDARS).breaches == ()


def test_thresholds_count_from_when_they_are_reached() -> None:
    calls = [(1.0, Did.WROTE), (2.0, Did.WROTE)]
    outcome = replay(a_story(ACKNOWLEDGED, *calls, RESOLVED), PRESENT, CALENDARS)
    assert [(climb.to_tier, climb.because) for climb in outcome.climbs] == [(2, ("third contact",))]
    assert tiers_climbed(outcome) == [(2, 2)]


def test_a_higher_tier_asked_for_by_hand_is_climbed_to() -> None:
    outcome = replay(a_story(ACKNOWLEDGED, (1, Did.ASKED, 3), RESOLVED), PRESENT, CALENDARS)
    assert tiers_climbed(outcome) == [(1, 3)]


def test_a_correction_raises_severity_by_the_matrix_that_is_tried() -> None:
    severe: dict[str, Any] = {
        "default": "low",
        "rules": [{"name": "b", "when": {"amount_over": "400"}, "severity": "critical", "because": "much money"}],
    }
    quick = a_body()["tiers"]
    quick[0]["deadline"] = {"low": "40 hours", "normal": "40 hours", "high": "40 hours", "critical": "2 hours"}
    corrected = (0.5, Did.CORRECTED, {"amount": Money.of("450", "EUR")})
    again = (0.6, Did.CORRECTED, {"severity": Severity.HIGH})
    threshold = [{"name": "c", "when": {"severity_at_least": "critical"}, "to_tier": 4, "because": "critical"}]
    story = a_story(ACKNOWLEDGED, corrected, again, (9, Did.RESOLVED))
    assert tiers_climbed(under(story, severity=severe, tiers=quick, thresholds=threshold)) == [(0.5, 4)]
    assert tiers_climbed(replay(story, PRESENT, CALENDARS)) == [(4, 2)]


def test_news_that_the_engine_owes_are_taken_as_sent() -> None:
    outcome = replay(a_story(ACKNOWLEDGED, (0.2, Did.ANSWERED), until=400), PRESENT, CALENDARS)
    assert "next_update" not in dict(outcome.breaches)


def test_a_step_that_cannot_happen_in_this_telling_is_counted_and_passed_over() -> None:
    outcome = replay(a_story(ACKNOWLEDGED, (1, Did.MOVED, Trigger.RESUME), RESOLVED), PRESENT, CALENDARS)
    assert (outcome.unlike, outcome.highest) == (1, 1)


def test_a_matrix_of_seconds_over_a_long_story_is_cut_and_says_so() -> None:
    rapid = clocks(next_update={"duration": "20 seconds", "calendar": "always", "on_breach": "tell"})
    outcome = under(a_story(ACKNOWLEDGED, until=4000), clocks=rapid)
    assert outcome.cut
    assert sum(count for _, count in outcome.breaches) <= FIRES_MAX


def test_a_threshold_that_cooled_is_judged_again_when_the_dispute_merely_moves_on() -> None:
    cooling: dict[str, Any] = {
        "name": "p",
        "when": {"customer_classes": ["premium"]},
        "because": "premium",
        "to_tier": 4,
    }
    story = a_story(
        ACKNOWLEDGED,
        (1, Did.ASKED, 2),
        (1.5, Did.CORRECTED, {"customer_class": "premium"}),
        (2, Did.MOVED, Trigger.INVESTIGATE),
        (4, Did.MOVED, Trigger.ASSESS),
        (5, Did.RESOLVED),
    )
    cooled = under(story, thresholds=[cooling | {"cool_down": "2 hours"}])
    assert tiers_climbed(cooled) == [(1, 2), (4, 4)]
    assert tiers_climbed(under(story, thresholds=[cooling])) == [(1, 2), (1.5, 4)]


STEPS = st.lists(
    st.tuples(
        st.floats(0, 100, allow_nan=False),
        st.sampled_from(
            [
                (Did.WROTE, None),
                (Did.ANSWERED, None),
                (Did.ACKNOWLEDGED, None),
                (Did.INFORMED, None),
                (Did.RESOLVED, None),
                (Did.ASKED, None),
                *((Did.MOVED, trigger) for trigger in Trigger),
            ]
        ),
    ),
    max_size=12,
)


def told(steps: list[tuple[float, tuple[Did, Any]]], **facts: Any) -> Story:
    return a_story(*((at, did, value) for at, (did, value) in sorted(steps, key=lambda each: each[0])), **facts)


@given(stories=st.lists(STEPS, min_size=1, max_size=4), seed=st.integers())
def test_the_same_matrix_tells_every_story_the_same_and_in_any_order(stories: list[Any], seed: int) -> None:
    made = [told(steps, until=200) for steps in stories]
    first = [replay(story, PRESENT, CALENDARS) for story in made]
    order = list(range(len(made)))
    Random(seed).shuffle(order)
    again = {n: replay(made[n], for_replay(a_matrix(7)), CALENDARS) for n in order}
    assert first == [again[n] for n in range(len(made))]


FACTS = st.sampled_from(
    [
        (Did.CORRECTED, {"amount": Money.of("900", "EUR")}),
        (Did.CORRECTED, {"severity": Severity.HIGH}),
        (Did.CORRECTED, {"customer_class": "vulnerable"}),
        (Did.WROTE, None),
    ]
)


@given(steps=STEPS, corrected=st.lists(st.tuples(st.floats(0, 100), FACTS), max_size=4))
def test_calendars_that_remember_and_thresholds_judged_once_change_no_telling(steps: Any, corrected: Any) -> None:
    """A threshold of words is judged every time, so a matrix with one that never holds is told the long way."""
    idle = {"name": "never", "when": "age > 9000 days", "to_tier": 2, "because": "never"}
    thorough = for_replay(a_matrix(2, thresholds=[*a_body()["thresholds"], idle]))
    kept = remembering(CALENDARS)
    story = told([*steps, *corrected], until=200)
    expected = replay(story, thorough, CALENDARS)
    assert replay(story, PRESENT, CALENDARS) == expected
    assert [replay(story, PRESENT, kept) for _ in range(2)] == [expected, expected]


ASIDE = 0.00123
"""Hours that keep moves off the instants at which deadlines pass: there, what is done is in time in a replay alone."""
MOVES = sorted(set(Trigger) - {Trigger.ASK_FOLLOW_UP, Trigger.CLOSE})


@given(moves=st.lists(st.tuples(st.floats(0.1, 30), st.integers(0, 100)), max_size=8), contacts=st.integers(1, 3))
def test_a_replay_climbs_as_a_dispute_that_lived_by_the_same_decisions(
    moves: list[tuple[float, int]], contacts: int
) -> None:
    """The reference is the life that the tests of the engine's decisions lead, in which nobody sends letters."""
    matrix = a_matrix(clocks=clocks(next_update=None, follow_up=None, silence=None))
    life = Life(a_dispute(received_at=NINE, contact_count=contacts), matrix=matrix)
    filed, hours, steps = life.dispute, 0.0, list[Any]()
    life.heard()
    for gap, number in moves:
        legal = [trigger for trigger in MOVES if trigger in allowed(life.dispute.status)]
        hours += gap + ASIDE
        life.until(hours)
        if legal:
            life.moved(legal[number % len(legal)])
            steps.append(Step(life.now, Did.MOVED, legal[number % len(legal)]))
    life.until(hours + 50)
    outcome = replay(Story(filed, NINE, tuple(steps), life.now), for_replay(matrix), CALENDARS)
    assert [(climb.from_tier, climb.to_tier) for climb in outcome.climbs] == climbs(life.told)
    assert outcome.unlike == 0


def test_the_clocks_after_the_decision_are_left_out() -> None:
    assert not {Kind.FOLLOW_UP, Kind.SILENCE} & set(PRESENT.clocks)


TEN_DAYS = {"duration": "240 hours", "calendar": "always", "pausable": True, "on_breach": "tell"}
SLOW = [a_tier("Agent", "900 hours"), a_tier("Lead", "900 hours"), a_tier("Manager", "900 hours")]
LIKELY = [{"name": "likely", "when": "breach_risk >= 0.5", "to_tier": 2, "because": "it is likely to be late"}]
RISKY: dict[str, Any] = {"tiers": SLOW, "thresholds": LIKELY, "clocks": clocks(resolution=TEN_DAYS, next_update=None)}


def test_a_threshold_on_risk_is_reached_by_time_as_the_prior_says() -> None:
    outcome = under(a_story(ACKNOWLEDGED, until=300), **RISKY)
    ((hours, tier),) = tiers_climbed(outcome)  # 0.1 / (0.1 + 0.9 (1 - s)) passes a half at 8/9 of ten days
    assert (tier, outcome.climbs[0].because) == (2, ("it is likely to be late",))
    assert 240 * 8 / 9 <= hours <= 240 * 8 / 9 + 2.4


def test_a_wait_for_the_customer_puts_the_risk_off_and_a_decision_before_it_ends_it() -> None:
    waits = ((10, Did.MOVED, Trigger.WAIT_FOR_CUSTOMER), (60, Did.MOVED, Trigger.RESUME))
    ((hours, _),) = tiers_climbed(under(a_story(ACKNOWLEDGED, *waits, until=400), **RISKY))
    assert 240 * 8 / 9 + 50 <= hours <= 240 * 8 / 9 + 52.4
    assert tiers_climbed(under(a_story(ACKNOWLEDGED, (200.0, Did.RESOLVED)), **RISKY)) == []


def test_with_a_model_the_risk_is_the_models_and_the_backlog_of_then_presses_nothing() -> None:
    flat = tuple(
        Weight(name, 3.0 if name == "backlog" else 0.0, 1.0, 5.0 if name == "backlog" else 0.0) for name in NAMES
    )
    sure = Model(1_000_000, 0.0, flat, Calibration("isotonic", (-1.0, 0.0, 1.0), (0.1, 0.9, 0.9)))
    story = a_story(ACKNOWLEDGED, until=300)
    outcome = replay(story, for_replay(a_matrix(2, **RISKY)), CALENDARS, Assumed.of(sure))
    assert outcome.began == 1
    assert [tier for _, tier in tiers_climbed(outcome)] == [2]
    assert tiers_climbed(outcome)[0][0] < 10, "at its first look, not by time"
