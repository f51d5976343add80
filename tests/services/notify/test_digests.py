"""Many notices for one of ours at once: few mails, nothing left out, nobody else kept waiting, customers untouched."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.notify.catalog import LETTERS
from services.notify.channels.ports import Handed, Letter, Outcome
from services.notify.digests import DIGEST, LISTED_MAX
from shared.db import deliveries_view, disputes, history
from shared.db.disputes import Change
from shared.domain.dispute import Dispute
from shared.domain.lifecycle import Status
from shared.messages.envelope import Envelope
from shared.messages.events import DeadlineMissed, DeadlineWarned, DisputeEscalated, Event, UpdateOwed
from tests.builders import a_dispute, a_filing
from tests.parts.smtp_sink import SmtpSink
from tests.services.notify.material import HANDLER, World, a_world, assigned
from tests.services.notify.outside import SENT, AnsweringChannel
from tests.waiting import eventually

FIRST = datetime(2026, 5, 6, 16, tzinfo=UTC)
NUMBERS = itertools.count(1)
MANY = 30
"""More than anybody gets one by one."""


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with a_world(database) as made:
        yield made


def warned(number: int, handler: str = HANDLER) -> DeadlineWarned:
    due_at = (FIRST + timedelta(minutes=number)).isoformat().replace("+00:00", "Z")
    return DeadlineWarned(
        clock="tier", generation=1, percent=75, tier=1, handler=handler, due_at=due_at, warn_at=due_at, fired_at=due_at
    )


async def many(world: World, count: int, handler: str = HANDLER) -> list[Dispute]:
    """Disputes in the hands of one."""
    async with world.database.transaction() as tx:
        numbers = [next(NUMBERS) for _ in range(count)]
        made = [a_dispute(reference=f"D-{n:06}", received_at=tx.now, tier=1, handler=handler) for n in numbers]
        return await disputes.insert_many(tx, [a_filing(each) for each in made])


async def recorded(world: World, told: Sequence[tuple[Dispute, Event]]) -> list[Envelope]:
    """The events in the disputes' histories, as notify will hear of them."""
    envelopes: list[Envelope] = []
    async with world.database.transaction() as tx:
        for dispute, event in told:
            before = await disputes.lock(tx, dispute.id)
            await disputes.save(tx, Change(before, before, (event,), "system:test"))
            envelopes += [entry.envelope for entry in await history.entries(tx, dispute.id, after=before.sequence)]
    return envelopes


async def storm(world: World, found: Sequence[Dispute], handler: str = HANDLER, *, batch: int = 64) -> list[Envelope]:
    """A warning for each, planned in batches as they come from the queue; the last dispute is due first."""
    told = [(each, warned(len(found) - number, handler)) for number, each in enumerate(found, start=1)]
    envelopes = await recorded(world, told)
    for begin in range(0, len(envelopes), batch):
        await world.plan(envelopes[begin : begin + batch])
    return envelopes


async def digests(world: World) -> list[dict[str, Any]]:
    return await world.deliveries(kind=DIGEST)


def as_letter(channel: AnsweringChannel) -> list[Letter]:
    return [parcel.content for parcel in channel.parcels if isinstance(parcel.content, Letter)]


async def test_five_hundred_warnings_at_once_are_one_mail_and_five_hundred_records(
    database: str, smtp_sink: SmtpSink
) -> None:
    async with a_world(database, smtp_url=smtp_sink.url) as world:
        found = await many(world, 500)
        async with world.sending():
            await storm(world, found)
            world.later += timedelta(seconds=61)
            await eventually(lambda: smtp_sink.messages("maya@house.test"))
            await eventually(lambda: _state_of_digest(world, "sent"))
        (mail,) = smtp_sink.messages("maya@house.test")
        async with world.database.transaction() as tx:
            shown = [await deliveries_view.of_dispute(tx, each.id) for each in found]
    assert [[(row.state, row.reason) for row in rows] for rows in shown] == [[("suppressed", "digest")]] * 500
    text = mail.message.get_body(("plain",)).get_content()  # type: ignore[union-attr] # every letter has its text
    assert mail.message["Subject"] == f"500 notices, the first for {found[-1].reference}"
    named = re.findall(r"^(\S+): tier deadline is due soon", text, re.MULTILINE)
    assert named == [each.reference for each in reversed(found)][:LISTED_MAX], "the earliest deadline first"
    assert "And 400 more." in text
    assert f"https://disputes.kettle.test/v1/disputes/{found[-1].id}" in text
    assert "Due: Wednesday, 6 May 2026 at 16:00 (Coordinated Universal Time)" in text


async def _state_of_digest(world: World, state: str) -> bool:
    return any(row["state"] == state for row in await digests(world))


async def test_a_few_notices_go_one_by_one(world: World) -> None:
    await storm(world, await many(world, 20))
    assert {row["state"] for row in await world.deliveries()} == {"pending"}
    assert await digests(world) == []


async def test_what_had_gone_one_by_one_before_the_flood_counts(world: World) -> None:
    await storm(world, await many(world, 25), batch=10)
    states = [row["state"] for row in await world.deliveries(kind="deadline_warning")]
    assert (states.count("pending"), states.count("suppressed")) == (20, 5)
    (digest,) = await digests(world)
    assert digest["facts"]["count"] == 5


async def test_a_flood_that_goes_on_is_one_mail_a_window_and_ends_with_a_quiet_one(world: World) -> None:
    channel = AnsweringChannel()
    async with world.sending({"email": channel}):
        for number in range(1, 4):
            await storm(world, await many(world, MANY))
            world.later += timedelta(seconds=61)
            await _parcels(channel, number)
        world.later += timedelta(minutes=3)
        await storm(world, await many(world, 1))
        await eventually(lambda: len(channel.parcels) == 4)
    *before, last = as_letter(channel)
    assert [each.subject.split()[0] for each in before] == ["30", "30", "30"]
    assert last.subject.endswith("is due soon")


async def _parcels(channel: AnsweringChannel, count: int) -> None:
    await eventually(lambda: len(channel.parcels) == count)


async def test_an_event_that_comes_again_is_in_its_digest_once(world: World) -> None:
    envelopes = await storm(world, await many(world, MANY))
    await world.plan(envelopes)
    assert [row["facts"]["count"] for row in await digests(world)] == [MANY]


async def test_two_planners_at_once_put_each_notice_into_one_digest(world: World) -> None:
    found = await many(world, 4 * MANY)
    envelopes = await recorded(world, [(each, warned(number)) for number, each in enumerate(found)])
    halves = envelopes[: 3 * MANY], envelopes[MANY:]
    await asyncio.gather(*(world.plan(half) for half in halves))
    (digest,) = await digests(world)
    assert digest["facts"]["count"] == len(found)


async def test_a_plan_that_is_not_committed_leaves_neither_notice_nor_digest(world: World) -> None:
    found = await many(world, MANY)
    envelopes = await recorded(world, [(each, warned(number)) for number, each in enumerate(found)])
    with pytest.raises(ConnectionError):
        await _die_before_the_commit(world, envelopes)
    assert await world.deliveries() == []
    await world.plan(envelopes)
    assert [row["facts"]["count"] for row in await digests(world)] == [MANY]


async def _die_before_the_commit(world: World, envelopes: Sequence[Envelope]) -> None:
    async with world.database.transaction() as tx:
        await world.planner()(tx, envelopes)
        raise ConnectionError


async def test_a_digest_that_may_have_arrived_is_not_added_to(world: World) -> None:
    answers = iter([Handed(Outcome.UNKNOWN, "the connection was lost"), SENT, SENT])
    channel = AnsweringChannel(lambda _: next(answers))
    async with world.sending({"email": channel}):
        await storm(world, await many(world, MANY))
        world.later += timedelta(seconds=61)
        await eventually(lambda: channel.parcels)
        await storm(world, await many(world, MANY))
        world.later += timedelta(seconds=80)
        await eventually(lambda: len(channel.parcels) == 3)
    first, second = await digests(world)
    assert (first["facts"]["count"], second["facts"]["count"]) == (MANY, MANY)
    ids = [parcel.delivery_id for parcel in channel.parcels]
    assert sorted(ids.count(row["id"]) for row in (first, second)) == [1, 2], "tried again under its own name"


async def test_a_digest_leaves_out_what_its_disputes_have_outrun(world: World) -> None:
    channel = AnsweringChannel()
    found = await many(world, MANY)
    await storm(world, found)
    await world.happen(found[-1], UpdateOwed(due_at="x", fired_at="x", next_due_at=None), status=Status.WITHDRAWN)
    async with world.sending({"email": channel}):
        world.later += timedelta(seconds=61)
        await eventually(lambda: [each for each in channel.parcels if each.recipient == HANDLER])
    (letter,) = [each for each in as_letter(channel) if each.internal]
    assert letter.subject == f"29 notices, the first for {found[-2].reference}"
    assert found[-1].reference not in letter.text


async def test_a_digest_of_nothing_that_still_stands_is_not_sent(world: World) -> None:
    found = await many(world, MANY)
    await storm(world, found)
    await world.rows("update dispute set status = 'withdrawn' returning id")
    async with world.sending({"email": AnsweringChannel()}):
        world.later += timedelta(seconds=61)
        await eventually(lambda: _state_of_digest(world, "suppressed"))
    assert [row["reason"] for row in await digests(world)] == ["overtaken"]


async def test_a_digest_whose_named_disputes_are_all_settled_still_tells_of_the_others(world: World) -> None:
    channel = AnsweringChannel()
    found = await many(world, LISTED_MAX + 5)
    await storm(world, found, batch=200)
    for settled in found[5:]:
        await world.rows("update dispute set status = 'withdrawn' where id = $1 returning id", settled.id)
    async with world.sending({"email": channel}):
        world.later += timedelta(seconds=61)
        await eventually(lambda: channel.parcels)
    (letter,) = as_letter(channel)
    assert letter.subject == "5 notices"
    for face in (letter.text, letter.html):
        assert "5 notices came for you" in face
        assert "https://disputes.kettle.test/v1/disputes" in face


async def test_the_flood_of_one_holds_nobody_else_up(world: World) -> None:
    channel = AnsweringChannel()
    flooded, other = await many(world, 200), await many(world, 1, handler="Tom Reed")
    async with world.sending({"email": channel}):
        await storm(world, flooded)
        await storm(world, other, "Tom Reed")
        await eventually(lambda: [each for each in channel.parcels if each.recipient == "Tom Reed"])
        world.later += timedelta(seconds=61)
        await eventually(lambda: [each for each in channel.parcels if each.recipient == HANDLER])
    assert [each.recipient for each in channel.parcels] == ["Tom Reed", HANDLER]


async def test_holders_and_deputies_each_get_a_digest_of_escalations_and_of_missed_deadlines(world: World) -> None:
    channel = AnsweringChannel()
    found = await many(world, MANY, handler="Tom Reed")
    await world.rows("update dispute set tier = 2 returning id")
    told: list[tuple[Dispute, Event]] = []
    for each in found:
        missed = DeadlineMissed(
            clock="tier", generation=1, tier=2, handler="Tom Reed", due_at=_at(FIRST), fired_at=_at(FIRST)
        )
        climbed = DisputeEscalated(
            from_tier=1, to_tier=2, handler="Tom Reed", because=(), skipped=(), policy_version=1, next_due_at=None
        )
        told += [(each, missed), (each, climbed)]
    await world.plan(await recorded(world, told))
    async with world.sending({"email": channel}):
        world.later += timedelta(seconds=61)
        await eventually(lambda: [each for each in channel.parcels if each.recipient == "Ida Falk"])
        await eventually(lambda: [each for each in channel.parcels if each.recipient == "Tom Reed"])
    letters = [each.content for each in channel.parcels if each.recipient in ("Ida Falk", "Tom Reed")]
    for letter in letters:
        assert isinstance(letter, Letter)
        assert letter.urgent
        assert letter.subject.startswith("60 notices")
        assert "tier deadline was missed" in letter.text
        assert "escalated" in letter.html
    customers = [each for each in channel.parcels if each.recipient == "customer"]
    assert len(customers) == MANY, "customers get every letter of their own"


async def test_a_pile_of_disputes_handed_over_at_once_is_a_digest_with_the_nearest_of_their_deadlines(
    world: World,
) -> None:
    channel = AnsweringChannel()
    found = await many(world, MANY)
    await world.plan(await recorded(world, [(each, assigned(first=False)) for each in found]))
    async with world.sending({"email": channel}):
        world.later += timedelta(seconds=61)
        await eventually(lambda: [each for each in channel.parcels if each.recipient == HANDLER])
    (letter,) = [each for each in as_letter(channel) if each.internal]
    assert letter.subject.startswith(f"{MANY} notices")
    assert f"{found[0].reference}: assigned, severity normal\nDue: Wednesday, 6 May 2026 at 16:00" in letter.text
    assert not letter.urgent


def _at(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def test_no_letter_to_a_customer_is_ever_gathered() -> None:
    assert {entry.kind for entry in LETTERS if entry.gathers} == {
        "assigned",
        "escalated",
        "update_owed",
        "deadline_warning",
        "deadline_missed",
    }
    assert all(entry.internal for entry in LETTERS if entry.gathers)


async def test_the_thresholds_are_settings(database: str) -> None:
    async with a_world(database, digest_above=2, digest_window_seconds=5) as world:
        await storm(world, await many(world, 3))
        (digest,) = await digests(world)
        assert digest["due_at"] - digest["created_at"] == timedelta(seconds=5)
