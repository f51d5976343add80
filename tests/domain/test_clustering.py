"""Clusters gather around a seed: nobody joins whose text is not near it, and two texts are never joined by a chain."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.clustering import CUSTOMERS_MIN, LULL_MAX, Gathered, Known, Told, gather
from shared.domain.likeness import near, sketch
from tests.builders import MONDAY_NINE

CUSTOMERS = [uuid4() for _ in range(6)]
LETTERS = [f"word{n}" for n in range(60)]


def told(text: str, customer: int = 0, days: float = 0) -> Told:
    return Told(uuid4(), CUSTOMERS[customer], MONDAY_NINE + timedelta(days=days), sketch("", text))


def drifting(steps: int) -> str:
    """The letter with so many of its words replaced, from the front."""
    return " ".join([*(f"new{n}" for n in range(steps)), *LETTERS[steps:]])


def go_through(arrivals: Sequence[Told]) -> tuple[dict[UUID, UUID], dict[UUID, Known]]:
    """As the sketcher does, with everybody before as a candidate."""
    member_of: dict[UUID, UUID] = {}
    known: dict[UUID, Known] = {}
    for place, new in enumerate(arrivals):
        decided = gather(new, arrivals[:place], known, member_of)
        cluster = decided.joins
        if decided.begins_with:
            cluster = uuid4()
            known[cluster] = Known(cluster, new.sketch, new.received_at)
        if cluster is not None:
            member_of |= {each.dispute_id: cluster for each in (new, *decided.begins_with)}
    return member_of, known


def test_three_customers_begin_a_cluster_and_two_do_not() -> None:
    first, second, third = (told(drifting(0), customer) for customer in range(CUSTOMERS_MIN))
    assert gather(second, [first], {}, {}) == Gathered()
    assert gather(third, [first, second], {}, {}) == Gathered(begins_with=(first, second))


def test_what_was_received_long_before_or_after_is_left_out() -> None:
    old = [told(drifting(0), customer, days=-LULL_MAX.days - 1) for customer in range(3)]
    assert gather(told(drifting(0), 4), old, {}, {}) == Gathered()
    seed = old[0]
    cluster = Known(uuid4(), seed.sketch, seed.received_at)
    assert gather(told(drifting(0), 4), old, {cluster.id: cluster}, {seed.dispute_id: cluster.id}) == Gathered()


def test_of_two_clusters_the_nearer_is_joined() -> None:
    near_one, far_one = told(drifting(1), 1), told(drifting(10), 2)
    clusters = {each: Known(each, of.sketch, MONDAY_NINE) for each, of in ((uuid4(), near_one), (uuid4(), far_one))}
    first, second = clusters
    member_of = {near_one.dispute_id: first, far_one.dispute_id: second}
    assert gather(told(drifting(0), 3), [far_one, near_one], clusters, member_of).joins == first


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5)), max_size=14))
def test_every_member_is_near_its_seed_whatever_comes_in_whatever_order(arriving: list[tuple[int, int]]) -> None:
    arrivals = [told(drifting(steps), customer) for steps, customer in arriving]
    member_of, known = go_through(arrivals)
    for each in arrivals:
        if each.dispute_id in member_of:
            assert near(each.sketch, known[member_of[each.dispute_id]].seed)
    for cluster in known:
        customers = {each.customer_id for each in arrivals if member_of.get(each.dispute_id) == cluster}
        assert len(customers) >= CUSTOMERS_MIN


def test_a_letter_that_drifts_word_by_word_never_joins_its_beginning_to_its_end() -> None:
    arrivals = [told(drifting(steps), steps % 6) for steps in range(61)]
    member_of, _ = go_through(arrivals)
    assert member_of.get(arrivals[0].dispute_id) != member_of.get(arrivals[-1].dispute_id)
