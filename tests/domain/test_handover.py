"""Handing over by hand: to the one named where nothing speaks against it, and told with from, to and by whom."""

from datetime import timedelta
from typing import Any

import pytest

from shared.domain.assignment import NO_BENCH, Bench
from shared.domain.errors import Conflict
from shared.domain.handover import HandOver, check, handed
from shared.domain.lifecycle import Status, Trigger
from shared.domain.people import Absence, Person
from shared.domain.plan import HandedOver, TakenUp
from shared.domain.reconcile import reconcile
from tests.builders import a_dispute
from tests.domain.escalating import Life, of
from tests.domain.matrices import CALENDARS, NINE, a_matrix, a_tier

AGENTS = a_tier("Agent", "4 hours", holders=[{"name": "Ann"}, {"name": "Bob"}])
MATRIX = a_matrix(tiers=[AGENTS, a_tier("Lead", "8 hours")], people=[{"name": "Zoe"}], thresholds=[])


def hand(life: Life, to: str | None, **more: Any) -> None:
    wish = HandOver(to, "principal:lead", **more)
    life.apply(reconcile(life.dispute, life.clocks, life.matrix, CALENDARS, life.now, asked=wish))


def a_life() -> Life:
    life = Life(matrix=MATRIX)
    life.heard()
    life.told.clear()
    return life


def test_a_hand_over_keeps_tier_and_clocks_and_tells_who_wanted_it() -> None:
    life = a_life()
    first, clocks = life.dispute.handler, dict(life.clocks)
    other = ({"Ann", "Bob"} - {first}).pop()
    hand(life, other, message_id="m1")
    assert (life.dispute.tier, life.dispute.handler) == (1, other)
    assert life.clocks == clocks
    told, taken = life.told
    assert isinstance(told, HandedOver)
    assert (told.before, told.handler, told.tier, told.wish.asked_by, told.wish.message_id) == (
        first,
        other,
        1,
        "principal:lead",
        "m1",
    )
    assert isinstance(taken, TakenUp)
    assert (taken.because, taken.first) == (("handed over by hand",), False)


def test_the_same_hand_over_again_changes_nothing() -> None:
    life = a_life()
    hand(life, "Zoe")
    again = len(life.told)
    hand(life, "Zoe")
    assert len(life.told) == again


def test_somebody_of_another_tier_or_of_none_keeps_what_they_were_given() -> None:
    life = a_life()
    hand(life, "Lead Ann")
    assert life.heard() == []
    hand(life, "Zoe")
    assert life.heard() == []
    assert (life.dispute.tier, life.dispute.handler) == (1, "Zoe")


def test_a_dispute_nobody_took_up_yet_begins_with_the_one_it_was_given_to() -> None:
    life = Life(matrix=MATRIX)
    hand(life, "Zoe")
    assert (life.dispute.tier, life.dispute.handler) == (1, "Zoe")
    assert of(life.told, TakenUp)[0].first


def test_without_a_name_it_goes_to_anybody_but_the_one_who_has_it() -> None:
    life = a_life()
    first = life.dispute.handler
    hand(life, None, of=first)
    assert life.dispute.handler == ({"Ann", "Bob"} - {first}).pop()
    hand(life, None, of=first)
    assert len(of(life.told, HandedOver)) == 1


def test_where_nobody_else_is_at_the_tier_it_goes_above_and_gets_that_tiers_deadline() -> None:
    life = Life(matrix=a_matrix(tiers=[a_tier("Agent", "4 hours"), a_tier("Lead", "8 hours")], thresholds=[]))
    life.heard()
    life.now += timedelta(hours=1)
    hand(life, None)
    assert (life.dispute.tier, life.dispute.handler) == (2, "Lead Ann")
    (clock,) = [clock for clock in life.clocks.values() if clock.kind == "tier"]
    assert (clock.tier, clock.due_at) == (2, life.now + timedelta(hours=8))


def test_where_nobody_else_is_anywhere_it_stays() -> None:
    life = Life(matrix=a_matrix(tiers=[a_tier("Agent", "4 hours")], thresholds=[]))
    life.heard()
    hand(life, None)
    assert life.dispute.handler == "Agent Ann"


AWAY = Person("Ann", absent=(Absence(NINE, NINE + timedelta(days=1)),))


@pytest.mark.parametrize(
    ("person", "facts", "bench", "words"),
    [
        (Person("Ann"), {"handler": "Ann"}, NO_BENCH, "already"),
        (Person("Ann"), {"status": Status.CLOSED}, NO_BENCH, "reopen"),
        (AWAY, {}, NO_BENCH, "absent"),
        (Person("Ann"), {}, Bench(former=frozenset({"Ann"})), "earlier stage"),
        (Person("Ann"), {}, Bench(involved=frozenset({"ann"})), "party"),
        (Person("Ann", load_max=2), {}, Bench(loads={"Ann": 2}), "as many open disputes"),
    ],
)
def test_what_speaks_against_a_hand_over_is_said(
    person: Person, facts: dict[str, Any], bench: Bench, words: str
) -> None:
    with pytest.raises(Conflict, match=words):
        check(person, a_dispute(**facts), NINE, bench)


@pytest.mark.parametrize("bench", [Bench(former=frozenset({"Ann"})), Bench(involved=frozenset({"ann"}))])
def test_a_lead_may_set_a_conflict_aside_but_not_an_absence(bench: Bench) -> None:
    check(Person("Ann"), a_dispute(), NINE, bench, override=True)
    with pytest.raises(Conflict, match="absent"):
        check(AWAY, a_dispute(), NINE, bench, override=True)


def test_somebody_who_left_the_matrix_meanwhile_gets_nothing() -> None:
    with pytest.raises(Conflict, match="any more"):
        handed(HandOver("Gone", "principal:lead"), MATRIX, a_dispute(tier=1, handler="Ann"), NINE)


def test_what_was_resolved_meanwhile_is_not_handed_over() -> None:
    life = a_life()
    life.moved(Trigger.RESOLVE)
    hand(life, "Zoe")
    assert life.dispute.handler != "Zoe"
    assert of(life.told, HandedOver) == []
