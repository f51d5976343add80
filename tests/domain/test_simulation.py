"""A proposed matrix tried on open disputes: counted, spread over bands, by tier and holder, in any order alike."""

from datetime import timedelta
from random import Random
from typing import Any

from shared.domain.foresight import EXAMPLES_MAX, Foresight, Tally
from shared.domain.migration import Versions
from shared.domain.simulation import Effect, foresee
from tests.builders import a_dispute
from tests.domain.escalating import Life
from tests.domain.matrices import CALENDARS, NINE, a_body, a_matrix, a_tier, clocks

HOUR = timedelta(hours=1)
PROPOSED = a_matrix(
    2,
    tiers=[
        a_tier("Agent", "1 hour", authority={"amount": "150"}, holders=[{"name": "Bob"}]),
        a_tier("Lead", "12 hours", authority={"amount": "500"}),
        *a_body()["tiers"][2:],
    ],
    clocks=clocks(
        first_response={"duration": "9 hours", "calendar": "always", "on_breach": "tell"},
        resolution={"duration": "1 hour", "calendar": "always", "on_breach": "tell"},
    ),
    thresholds=[{"name": "calls", "when": {"contact_count_at_least": 2}, "to_tier": 2, "because": "second contact"}],
)


def an_effect(hours: float = 1.5, **facts: Any) -> Effect:
    life = Life(a_dispute(received_at=NINE, acknowledged_at=NINE, **facts))
    life.heard()
    life.until(hours)
    return foresee(life.dispute, life.clocks, Versions(life.matrix, PROPOSED), CALENDARS, life.now)


def foresight(effects: list[Effect]) -> Foresight:
    tally = Tally()
    for each in effects:
        tally.add(each)
    return tally.foresight()


def test_what_would_happen_to_one_dispute_is_told_and_nothing_happens_to_it() -> None:
    effect = an_effect()
    assert {each.kind.value: each.by for each in effect.moved} == {
        "tier": -2 * HOUR,
        "resolution": -56 * 24 * HOUR + HOUR,
    }
    assert [each.kind.value for each in effect.held] == ["first_response"]
    assert (effect.tier, effect.handler, effect.gone) == ((1, 1), ("Agent Ann", "Bob"), True)
    assert effect.overdue == 2


def test_one_that_climbs_is_told_with_the_reason() -> None:
    effect = an_effect(contact_count=2)
    assert (effect.tier, effect.escalated, effect.because) == ((1, 2), True, ("second contact",))
    assert "tier" not in [each.kind.value for each in effect.moved]


def test_the_answer_counts_disputes_and_deadlines() -> None:
    seen = foresight([an_effect(), an_effect(), an_effect(contact_count=2)])
    assert (seen.looked_at, seen.affected, seen.escalated, seen.tier_changed) == (3, 3, 1, 1)
    assert (seen.moved, seen.held, seen.overdue) == (5, 3, 5)
    assert (seen.handlers_gone, seen.handler_changed) == (3, 3)
    assert seen.earlier.bands["up to 4 hours"] == 2
    assert seen.earlier.bands["longer"] == 3
    assert sum(seen.later.bands.values()) == 0
    assert seen.earlier.furthest == 56 * 24 * HOUR - HOUR
    assert seen.by_tier["1"]._asdict() | {"held": 3} == {
        "disputes": 3, "moved": 5, "earlier": 5, "later": 0, "held": 3, "overdue": 5, "escalated": 1,
    }  # fmt: skip
    assert seen.by_holder.keys() == {"Agent Ann"}
    assert (seen.by_clock["resolution"].moved, seen.by_clock["first_response"].held) == (3, 3)


def test_the_order_in_which_disputes_are_looked_at_makes_no_difference() -> None:
    effects = [an_effect(hours=hours / 10, contact_count=1 + hours % 2) for hours in range(40)]
    shuffled = effects.copy()
    Random(7).shuffle(shuffled)
    assert foresight(effects) == foresight(shuffled)


def test_the_examples_are_few_and_those_that_break_most_come_first() -> None:
    seen = foresight([an_effect(hours=hours / 10) for hours in range(40)])
    assert len(seen.examples) == EXAMPLES_MAX
    overdue = [each.overdue for each in seen.examples]
    assert overdue == sorted(overdue, reverse=True)
    assert overdue[0] == 2


def test_a_matrix_that_says_the_same_changes_nothing() -> None:
    life = Life()
    life.heard()
    effect = foresee(life.dispute, life.clocks, Versions(life.matrix, a_matrix(2)), CALENDARS, life.now)
    assert not effect.any
    assert foresight([effect]).affected == 0
