"""Texts are sketched behind the filing, each once, whoever dies or is late; near duplicates of several customers gather."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake import sketcher as room_of_sketches
from services.intake.sketcher import Sketcher
from shared.db import clusters, disputes, history, likeness
from shared.db.clusters import Decision
from shared.db.engine import Database, Tx
from shared.domain.likeness import sketch
from shared.domain.relating import ClusterState
from shared.messages.link_events import DisputeLinked
from shared.runtime.ids import new_id
from shared.runtime.metrics import Metrics
from tests.builders import MONDAY_NINE, a_dispute, a_filing
from tests.waiting import eventually

CAMPAIGN = (
    "I demand that you pay back the monthly service fee that was taken from my account without my consent. Your terms "
    "of the year before did not mention any such fee, and no letter about it ever reached me. Please confirm in "
    "writing within fourteen days that the fee will be returned, {name}, account {number}."
)
OTHER = (
    "The kettle arrived with a broken lid and the shop on the corner refuses to take it back or to repair it for me."
)


@pytest.fixture
def sketcher(db: Database) -> Sketcher:
    return Sketcher(db, Metrics())


async def filed(db: Database, description: str, dispute_id: UUID | None = None, **fields: Any) -> UUID:
    async with db.transaction() as tx:
        made = a_dispute(received_at=tx.now, **({"id": dispute_id} if dispute_id else {}), **fields)
        await disputes.insert_many(tx, [a_filing(made, subject="A complaint", description=description)])
    return made.id


async def sketched(db: Database) -> set[UUID]:
    async with db.transaction() as tx:
        return {row["dispute_id"] for row in await tx.raw.fetch("select dispute_id from likeness")}


async def the_clusters(db: Database, state: ClusterState = ClusterState.PROPOSED) -> list[clusters.Cluster]:
    async with db.transaction() as tx:
        return await clusters.listed(tx, state, before=None, limit=10)


async def settle(sketcher: Sketcher) -> None:
    """Rounds until nothing is waiting."""
    while await sketcher.round():
        pass


def campaign(number: int) -> str:
    return CAMPAIGN.format(name=f"Customer {chr(65 + number % 26)}", number=4711 + number)


async def test_every_new_dispute_is_sketched_once(db: Database, sketcher: Sketcher) -> None:
    first, second = await filed(db, OTHER), await filed(db, campaign(1))
    await settle(sketcher)
    assert await sketched(db) == {first, second}
    async with db.transaction() as tx:
        (kept,) = (await likeness.of_many(tx, [first])).values()
    assert kept.sketch[:2] == sketch("A complaint", OTHER)[:2]
    await settle(sketcher)
    assert sketcher._metrics.registry.get_sample_value("recourse_likeness_sketched_total") == 2
    assert sketcher._metrics.registry.get_sample_value("recourse_likeness_lag_seconds") == 0


async def test_a_process_that_leaves_the_sketching_to_another_shows_no_lag_of_its_own(
    db: Database, sketcher: Sketcher
) -> None:
    sketcher._metrics.likeness_lag_seconds.set(7)  # as it was when this process sketched last
    async with db.transaction() as another:
        assert await likeness.hold(another) is not None
        assert not await sketcher.round()
    assert sketcher._metrics.registry.get_sample_value("recourse_likeness_lag_seconds") == 0


async def test_a_backlog_is_worked_off_in_batches(
    db: Database, sketcher: Sketcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_of_sketches, "SKETCHED_AT_ONCE", 3)
    made = {await filed(db, OTHER) for _ in range(10)}
    assert await sketcher.round()
    assert len(await sketched(db)) == 6  # one batch of the front, one of the walk around
    await settle(sketcher)
    assert await sketched(db) == made


async def test_a_filing_that_commits_after_later_ones_were_sketched_is_not_missed(
    db: Database, sketcher: Sketcher
) -> None:
    async with db.transaction() as late:
        slow = a_dispute(received_at=late.now)
        await disputes.insert_many(late, [a_filing(slow)])
        quick = await filed(db, OTHER)
        await settle(sketcher)
        assert await sketched(db) == {quick}
    await settle(sketcher)
    assert await sketched(db) == {quick, slow.id}


async def test_what_the_front_passed_long_ago_is_found_by_the_walk_around(
    db: Database, sketcher: Sketcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a machine's clock is an hour slow, or a backup was restored beneath it."""
    await filed(db, OTHER)
    await settle(sketcher)
    hour = timedelta(hours=1)
    stale = UUID(int=new_id().int - (int(hour.total_seconds() * 1000) << 80))
    ahead = UUID(int=new_id().int + (int(hour.total_seconds() * 1000) << 80))
    for made in (stale, ahead):
        await filed(db, OTHER, made)
    monkeypatch.setattr(room_of_sketches, "ROUNDS_OF_REVIEW", 1)
    for _ in range(3):
        await sketcher.round()
    assert {stale, ahead} <= await sketched(db)


async def test_of_two_processes_one_sketches_and_the_other_leaves_it_alone(db: Database, sketcher: Sketcher) -> None:
    await filed(db, OTHER)
    async with db.transaction() as tx:
        assert await likeness.hold(tx) is not None
        assert not await sketcher.round()
        assert await sketched(db) == set()
    await settle(sketcher)
    assert len(await sketched(db)) == 1


async def test_a_round_that_dies_leaves_nothing_behind_and_is_done_again(
    db: Database, sketcher: Sketcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await filed(db, OTHER)

    async def dies(*_: object) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as broken:
        broken.setattr(likeness, "keep", dies)
        with pytest.raises(ConnectionResetError):
            await sketcher.round()
    assert await sketched(db) == set()
    await settle(sketcher)
    assert await sketched(db) == {made}


async def test_erasing_a_dispute_removes_its_sketch_and_it_is_not_sketched_again(
    db: Database, sketcher: Sketcher
) -> None:
    kept, erased, never = [await filed(db, OTHER) for _ in range(2)] + [await filed(db, campaign(1))]
    erase = "update dispute_private set erased_at = now() where dispute_id = $1"
    async with db.transaction() as tx:
        await tx.raw.execute(erase, never)
    await settle(sketcher)
    assert await sketched(db) == {kept, erased}
    async with db.transaction() as tx:
        await tx.raw.execute(erase, erased)
    assert await sketched(db) == {kept}
    await settle(sketcher)
    assert await sketched(db) == {kept}


@pytest.mark.parametrize("first", ["sketch", "erasure"])
async def test_a_sketch_and_an_erasure_at_the_same_time_leave_no_sketch(db: Database, first: str) -> None:
    made = await filed(db, OTHER)

    async def add(tx: Tx) -> None:
        await likeness.add(tx, list((await likeness.of_texts(tx, [made])).values()) or told)

    async def erase(tx: Tx) -> None:
        await tx.raw.execute("update dispute_private set erased_at = now() where dispute_id = $1", made)

    async def afterwards(step: Callable[[Tx], Awaitable[None]]) -> None:
        async with db.transaction() as tx:
            await step(tx)

    async def somebody_waits() -> bool:
        async with db.transaction() as tx:
            waiting = (
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            )
            return bool(await tx.raw.fetchval(waiting))

    async with db.transaction() as tx:
        told = list((await likeness.of_texts(tx, [made])).values())
    one, other = (add, erase) if first == "sketch" else (erase, add)
    async with db.transaction() as tx:
        await one(tx)
        late = asyncio.create_task(afterwards(other))
        await eventually(somebody_waits)
    await late
    assert await sketched(db) == set()


async def test_three_customers_with_one_text_are_a_cluster_and_two_are_not(db: Database, sketcher: Sketcher) -> None:
    members = [await filed(db, campaign(n)) for n in range(2)]
    await filed(db, OTHER)
    await settle(sketcher)
    assert await the_clusters(db) == []
    members.append(await filed(db, campaign(2)))
    await settle(sketcher)
    (found,) = await the_clusters(db)
    assert found.size == 3
    async with db.transaction() as tx:
        assert {each.dispute_id for each in (await clusters.members(tx, [found.id]))[found.id]} == set(members)


async def test_a_customer_who_writes_the_same_three_times_is_no_cluster(db: Database, sketcher: Sketcher) -> None:
    customer = uuid4()
    for n in range(3):
        await filed(db, campaign(n), customer_id=customer)
    await settle(sketcher)
    assert await the_clusters(db) == []


async def test_a_campaign_becomes_one_cluster_that_grows_whether_it_comes_at_once_or_drop_by_drop(
    db: Database, sketcher: Sketcher
) -> None:
    async with db.transaction() as tx:
        many = [
            a_filing(a_dispute(received_at=tx.now, reference=f"D-{n}"), description=campaign(n)) for n in range(150)
        ]
        await disputes.insert_many(tx, many)
    await settle(sketcher)
    assert [each.size for each in await the_clusters(db)] == [150]
    await filed(db, campaign(200))
    await settle(sketcher)
    assert [each.size for each in await the_clusters(db)] == [151]


async def test_a_flood_of_one_text_is_one_cluster_however_many_batches_it_takes(
    db: Database, sketcher: Sketcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than are looked at of one text come in each batch, so that all the newest of it belong nowhere yet."""
    monkeypatch.setattr(room_of_sketches, "SKETCHED_AT_ONCE", 2 * likeness.CANDIDATES_MAX)
    async with db.transaction() as tx:
        many = [
            a_filing(a_dispute(received_at=tx.now, reference=f"D-{n}"), description=campaign(n))
            for n in range(8 * likeness.CANDIDATES_MAX)
        ]
        await disputes.insert_many(tx, many)
    await settle(sketcher)
    assert [each.size for each in await the_clusters(db)] == [len(many)]


async def test_the_same_text_a_year_later_is_another_cluster(db: Database, sketcher: Sketcher) -> None:
    for n in range(3):
        async with db.transaction() as tx:
            old = a_dispute(received_at=MONDAY_NINE - timedelta(days=365, minutes=n))
            await disputes.insert_many(tx, [a_filing(old, description=campaign(n))])
        await filed(db, campaign(10 + n))
    await settle(sketcher)
    assert [each.size for each in await the_clusters(db)] == [3, 3]


async def test_an_accepted_cluster_is_told_in_every_history_once_and_in_those_of_newcomers(
    db: Database, sketcher: Sketcher
) -> None:
    made = [await filed(db, campaign(n)) for n in range(3)]
    await settle(sketcher)
    (found,) = await the_clusters(db)
    async with db.transaction() as tx:
        accepted = Decision("accepted", "the fee run of May", "principal:x", "one invoice run", tx.now)
        await clusters.decide(tx, found.id, accepted)
    made.append(await filed(db, campaign(3)))
    for _ in range(3):
        await settle(sketcher)
    told = DisputeLinked(kind="cluster", other=str(found.id))
    for each in made:
        async with db.transaction() as tx:
            assert [entry.envelope.event for entry in await history.entries(tx, each, after=1)] == [told]
            assert (await disputes.get(tx, each)).version == 1


async def test_a_dismissed_cluster_takes_newcomers_in_and_is_not_proposed_again(
    db: Database, sketcher: Sketcher
) -> None:
    for n in range(3):
        await filed(db, campaign(n))
    await settle(sketcher)
    (found,) = await the_clusters(db)
    async with db.transaction() as tx:
        await clusters.decide(tx, found.id, Decision("dismissed", None, "principal:x", "a form letter", tx.now))
    await filed(db, campaign(3))
    await settle(sketcher)
    assert await the_clusters(db) == []
    assert [each.size for each in await the_clusters(db, ClusterState.DISMISSED)] == [4]


async def test_of_a_template_that_hundreds_sent_a_bounded_number_is_looked_at(db: Database, sketcher: Sketcher) -> None:
    async with db.transaction() as tx:
        many = [
            a_filing(a_dispute(received_at=tx.now, reference=f"D-{n}"), description=campaign(n)) for n in range(300)
        ]
        await disputes.insert_many(tx, many)
    await settle(sketcher)
    async with db.transaction() as tx:
        one = (await likeness.of_texts(tx, [many[0].dispute.id]))[many[0].dispute.id]
        found = await likeness.candidates(tx, [one])
    assert len(found[one.dispute_id]) == likeness.CANDIDATES_MAX
    assert one.dispute_id not in found[one.dispute_id]


async def test_sketchers_at_work_at_the_same_time_do_nothing_twice(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_of_sketches, "SKETCHED_AT_ONCE", 7)
    async with db.transaction() as tx:
        many = [a_filing(a_dispute(received_at=tx.now, reference=f"D-{n}"), description=campaign(n)) for n in range(60)]
        await disputes.insert_many(tx, many)
    both = [Sketcher(db, Metrics()) for _ in range(3)]
    await asyncio.gather(*(settle(each) for each in both))
    for each in both:
        await settle(each)  # one that found the place held may have left before the work was done
    counted = [each._metrics.registry.get_sample_value("recourse_likeness_sketched_total") or 0 for each in both]
    assert sum(counted) == 60
    assert [each.size for each in await the_clusters(db)] == [60]


async def test_a_text_without_words_is_sketched_and_near_nothing(db: Database, sketcher: Sketcher) -> None:
    async with db.transaction() as tx:
        blank = [a_filing(a_dispute(received_at=tx.now), subject="?", description="...") for _ in range(4)]
        await disputes.insert_many(tx, blank)
    await settle(sketcher)
    assert len(await sketched(db)) == 4
    assert await the_clusters(db) == []
