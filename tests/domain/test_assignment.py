"""Who handles a dispute: the one who can, may, and has the least in hand, always the same for the same facts."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.assignment import NO_BENCH, Bench, Wanted, barred, choose
from shared.domain.calendar import Calendar
from shared.domain.dispute import Category, Dispute
from shared.domain.escalation import Asked, Case, Escalate, decide, seated, take_up
from shared.domain.lifecycle import Trigger
from shared.domain.matrix import Matrix, WhenFull
from shared.domain.people import Conflicts, Person
from shared.domain.plan import Climbed, TakenUp
from tests.builders import a_dispute
from tests.domain.escalating import Life, of
from tests.domain.matrices import NINE, a_matrix, a_tier

ELSEWHERE = UUID(int=77)


def a_desk(*people: dict[str, Any], deputies: tuple[str, ...] = (), **parts: Any) -> Matrix:
    """A front line of these people, with one lead above."""
    front = a_tier(
        "Agent",
        "4 hours",
        holders=[{"name": each["name"]} for each in people if each["name"] not in deputies],
        deputies=[{"name": name} for name in deputies],
    )
    return a_matrix(tiers=[front, a_tier("Lead", "8 hours")], people=list(people), thresholds=[], **parts)


def taken(matrix: Matrix, bench: Bench = NO_BENCH, **facts: Any) -> tuple[str | None, tuple[str, ...]]:
    seat = take_up(Case(a_dispute(**facts), matrix, NINE, bench=bench))
    return seat.handler, seat.because[1:]


def test_whoever_answers_in_the_customers_language_gets_it_and_the_reason_says_so() -> None:
    matrix = a_desk({"name": "Ann", "languages": ["en"]}, {"name": "Piotr", "languages": ["en", "pl"]})
    assert taken(matrix, language="pl") == ("Piotr", ("Piotr answers in pl",))


def test_a_regional_language_is_answered_by_whoever_speaks_the_language() -> None:
    matrix = a_desk({"name": "Ann", "languages": ["en"]}, {"name": "Rui", "languages": ["pt"]})
    assert taken(matrix, language="pt-BR")[0] == "Rui"


def test_nobody_who_answers_in_the_language_blocks_nothing_and_it_is_said() -> None:
    matrix = a_desk({"name": "Ann", "languages": ["en"]})
    assert taken(matrix, language="fi") == ("Ann", ("Ann is there, though nobody answers in fi",))


def test_a_skill_of_the_categorys_name_or_one_the_matrix_names_for_it_decides() -> None:
    matrix = a_desk(
        {"name": "Ann"}, {"name": "Bob", "skills": ["billing_error"]}, {"name": "Cy", "skills": ["ledgers"]}
    )
    assert taken(matrix) == ("Bob", ("Bob has the skill for billing error",))
    named = a_desk({"name": "Ann"}, {"name": "Cy", "skills": ["ledgers"]}, skills={"billing_error": ["ledgers"]})
    assert taken(named)[0] == "Cy"
    warranty = Category("warranty", 0.9, needs_person=False)
    assert {taken(named, category=warranty, id=UUID(int=n))[0] for n in range(4)} == {"Ann", "Cy"}


def test_the_language_weighs_more_than_the_skill() -> None:
    matrix = a_desk(
        {"name": "Ann", "languages": ["pl"]}, {"name": "Bob", "languages": ["en"], "skills": ["billing_error"]}
    )
    assert taken(matrix, language="pl")[0] == "Ann"


def test_whoever_has_the_fewest_open_disputes_gets_the_next() -> None:
    matrix = a_desk({"name": "Ann", "load_max": 40}, {"name": "Bob", "load_max": 40}, {"name": "Cy"})
    bench = Bench(loads={"Ann": 7, "Bob": 3, "Cy": 5})
    assert taken(matrix, bench) == ("Bob", ("Bob has the fewest open disputes (3)",))


def test_equals_are_told_apart_by_the_dispute_alone() -> None:
    matrix = a_desk({"name": "Ann", "load_max": 9}, {"name": "Bob", "load_max": 9})
    handlers = [taken(matrix, id=UUID(int=n))[0] for n in range(200)]
    assert (handlers.count("Ann"), handlers.count("Bob")) == (100, 100)
    assert taken(matrix, id=UUID(int=8))[0] == handlers[8]


def test_nobody_is_given_more_than_they_can_have() -> None:
    matrix = a_desk({"name": "Ann", "load_max": 2}, {"name": "Bob", "load_max": 9})
    assert taken(matrix, Bench(loads={"Ann": 2, "Bob": 8}))[0] == "Bob"


def test_a_full_tier_gives_to_its_deputies_and_then_to_the_tier_above_and_says_so() -> None:
    matrix = a_desk({"name": "Ann", "load_max": 2}, {"name": "Dee", "load_max": 1}, deputies=("Dee",))
    full = Bench(loads={"Ann": 2})
    assert taken(matrix, full) == ("Dee", ("no holder of Agent (tier 1) can take it; a deputy acts",))
    seat = take_up(Case(a_dispute(), matrix, NINE, bench=Bench(loads={"Ann": 2, "Dee": 1})))
    assert (seat.tier, seat.handler) == (2, "Lead Ann")
    assert seat.skipped == (
        "Agent (tier 1): Ann has as many open disputes as they can have (2); Dee has as many open disputes as they can have (1)",
    )


def test_a_tier_may_keep_a_queue_when_it_is_full_and_then_nothing_floods_upward() -> None:
    people = ({"name": "Ann", "load_max": 2}, {"name": "Dee", "load_max": 1})
    matrix = a_desk(*people, deputies=("Dee",))
    queueing = staffed(matrix, when_full=WhenFull.QUEUE)
    assert taken(queueing, Bench(loads={"Ann": 2}))[0] == "Dee"
    seat = take_up(Case(a_dispute(), queueing, NINE, bench=Bench(loads={"Ann": 2, "Dee": 1})))
    assert (seat.tier, seat.handler, seat.queued) == (1, None, True)
    assert "everybody of Agent (tier 1) who could take it is full; it waits there without a handler" in seat.because


def test_a_queue_is_for_the_full_alone_and_not_for_those_with_a_conflict() -> None:
    matrix = staffed(a_desk({"name": "Ann", "load_max": 2}), when_full=WhenFull.QUEUE)
    barred = Bench(loads={"Ann": 2}, involved=frozenset({"ann"}))
    assert take_up(Case(a_dispute(), matrix, NINE, bench=barred)).tier == 2


def staffed(matrix: Matrix, **parts: Any) -> Matrix:
    """The matrix with another front line."""
    first, *others = matrix.tiers
    return replace(matrix, tiers=(replace(first, **parts), *others))


def working(hours: str) -> Calendar:
    since, until = (time.fromisoformat(each) for each in hours.split("-"))
    return Calendar("shift", "UTC", dict.fromkeys(range(5), ((since, until),)))


SHIFTS = {"early": working("06:00-12:00"), "late": working("14:00-20:00"), "night": working("20:00-23:00")}


@pytest.mark.parametrize(
    ("hour", "handler", "because"),
    [
        (9, "Ann", "Ann is at work now"),
        (15, "Bob", "Bob is at work now"),
        (13, "Bob", "Bob is back first, at 2026-05-04 14:00 UTC"),
        (23, "Ann", "Ann is back first, at 2026-05-05 06:00 UTC"),
    ],
)
def test_whoever_is_at_work_gets_it_else_whoever_is_back_first(hour: int, handler: str, because: str) -> None:
    people = (Person("Ann", calendar="early"), Person("Bob", calendar="late"), Person("Cy", calendar="night"))
    now = datetime(2026, 5, 4, hour, tzinfo=UTC)
    chosen = choose(people, Wanted(a_dispute(), now, Bench(calendars=SHIFTS)))
    assert (chosen.person.name, chosen.because) == (handler, because)


def test_an_idle_person_at_home_gets_less_than_a_busy_one_at_work() -> None:
    people = (Person("Ann", calendar="early"), Person("Bob", calendar="late"))
    bench = Bench(loads={"Ann": 30}, calendars=SHIFTS)
    assert choose(people, Wanted(a_dispute(), NINE, bench)).person.name == "Ann"


@pytest.mark.parametrize(
    ("person", "bench", "facts", "reason"),
    [
        (Person("Ann"), Bench(former=frozenset({"Ann"})), {}, "handled an earlier stage of it"),
        (Person("Ann Example"), Bench(involved=frozenset({"ann example"})), {}, "is a party to it or filed it"),
        (
            Person("Ann", conflicts=Conflicts(customers=frozenset({str(ELSEWHERE)}))),
            NO_BENCH,
            {"customer_id": ELSEWHERE},
            "has a conflict with this customer",
        ),
        (
            Person("Ann", conflicts=Conflicts(products=frozenset({"router"}))),
            NO_BENCH,
            {"product": "router"},
            "has a conflict with this product",
        ),
        (
            Person("Ann", conflicts=Conflicts(people=frozenset({"Bob"}))),
            Bench(former=frozenset({"Bob"})),
            {},
            "does not review what Bob decided",
        ),
        (Person("Ann", conflicts=Conflicts(products=frozenset({"router"}))), NO_BENCH, {"product": "phone"}, None),
    ],
)
def test_a_conflict_keeps_somebody_from_a_dispute(
    person: Person, bench: Bench, facts: dict[str, Any], reason: str | None
) -> None:
    assert barred(person, a_dispute(**facts), bench) == reason


def test_a_second_review_is_by_nobody_who_ever_handled_the_first_stage() -> None:
    matrix = a_desk({"name": "Ann"}, {"name": "Ben"}, {"name": "Cy"})
    seat = seated(matrix, 1, a_dispute(), NINE, bench=Bench(former=frozenset({"Ann", "Cy"})))
    assert seat.handler == "Ben"
    gone = seated(matrix, 1, a_dispute(), NINE, bench=Bench(former=frozenset({"Ann", "Ben", "Cy"})))
    assert (gone.tier, gone.handler) == (2, "Lead Ann")


def test_a_climb_finds_somebody_new_where_there_is_somebody() -> None:
    tiers = [
        a_tier("Agent", "4 hours", holders=[{"name": "Ann"}]),
        a_tier("Lead", "4 hours", holders=[{"name": "Ann"}, {"name": "Bob"}]),
        a_tier("Top", "4 hours", holders=[{"name": "Bob"}]),
    ]
    matrix = a_matrix(tiers=tiers, thresholds=[])
    for number in range(6):
        dispute = a_dispute(id=UUID(int=number), tier=1, handler="Ann")
        verdict = decide(Case(dispute, matrix, NINE, asked=Asked()))
        assert isinstance(verdict, Escalate)
        assert verdict.handler == "Bob"
    only = decide(Case(a_dispute(tier=2, handler="Bob"), matrix, NINE, asked=Asked()))
    assert isinstance(only, Escalate)
    assert only.handler == "Bob"


def resolved(matrix: Matrix) -> tuple[Life, str]:
    """A dispute that was decided, and by whom."""
    life = Life(matrix=matrix)
    life.heard()
    life.now += timedelta(hours=1)
    life.moved(Trigger.RESOLVE)
    life.now += timedelta(hours=1)
    assert life.dispute.handler is not None
    return life, life.dispute.handler


def test_a_reopened_dispute_stays_with_its_handler_whoever_is_idler() -> None:
    life, first = resolved(a_desk({"name": "Ann", "load_max": 9}, {"name": "Bob", "load_max": 9}))
    life.bench = Bench(loads={first: 9})
    life.moved(Trigger.REOPEN)
    assert life.dispute.handler == first
    assert len(of(life.told, TakenUp)) == 1


def test_a_reopened_dispute_leaves_a_handler_who_has_a_conflict_by_now() -> None:
    life, first = resolved(a_desk({"name": "Ann"}, {"name": "Bob"}))
    life.bench = Bench(involved=frozenset({first.casefold()}))
    life.moved(Trigger.REOPEN)
    assert life.dispute.handler in {"Ann", "Bob"} - {first}


def test_a_missed_deadline_climbs_to_the_idlest_of_the_next_tier() -> None:
    lead = a_tier("Lead", "8 hours", holders=[{"name": "Bob"}, {"name": "Cy"}])
    people = [{"name": "Bob", "load_max": 50}, {"name": "Cy", "load_max": 50}]
    matrix = a_matrix(tiers=[a_tier("Agent", "4 hours"), lead], people=people, thresholds=[])
    life = Life(matrix=matrix, bench=Bench(loads={"Bob": 12, "Cy": 1}))
    life.heard()
    (climbed,) = of(life.until(4.5), Climbed)
    assert climbed.handler == "Cy"
    assert climbed.because[-1] == "Cy has the fewest open disputes (1)"


NAMES = ("Ann", "Bob", "Cy", "Dee", "Eve")
PEOPLE = st.lists(
    st.builds(
        Person,
        name=st.sampled_from(NAMES),
        languages=st.sets(st.sampled_from(["en", "pl"])).map(frozenset),
        skills=st.sets(st.sampled_from(["billing_error", "fraud"])).map(frozenset),
        calendar=st.sampled_from([None, *SHIFTS]),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda each: each.name,
)
LOADS = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 3))


@given(people=PEOPLE, loads=LOADS, dispute_id=st.uuids(), language=st.sampled_from(["en", "pl", "fi"]))
def test_a_choice_is_repeatable_and_nobody_better_was_passed_over(
    people: list[Person], loads: dict[str, int], dispute_id: UUID, language: str
) -> None:
    dispute: Dispute = a_dispute(id=dispute_id, language=language)
    wanted = Wanted(dispute, NINE, Bench(loads=loads, calendars=SHIFTS), frozenset({"billing_error"}))
    chosen = choose(people, wanted)
    assert chosen == choose(people, wanted)
    mine = (chosen.person.speaks(language), "billing_error" in chosen.person.skills)
    for other in people:
        theirs = (other.speaks(language), "billing_error" in other.skills)
        assert theirs <= mine
        if theirs == mine and other.calendar == chosen.person.calendar:
            assert loads.get(other.name, 0) >= loads.get(chosen.person.name, 0)
