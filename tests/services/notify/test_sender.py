"""What is due goes out, at least once under one name, and the record of it is whole."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify import deliveries, recorder
from services.notify.channels.ports import Handed, Outcome, Parcel
from services.notify.deliveries import Claim
from services.notify.verdicts import verdict
from shared.db import history
from shared.domain.clock_record import Kind
from shared.domain.lifecycle import Outcome as DecidedAs
from shared.domain.lifecycle import Status
from shared.messages.events import CustomerNotified, DeadlineWarned, DisputeResolved, MessageAdded, UpdateOwed
from shared.runtime.stop import Stop
from tests.builders import MONDAY_NINE
from tests.services.notify.dying import killed_while_sending
from tests.services.notify.material import HANDLER, World, a_world, assigned
from tests.services.notify.outside import SCHEDULE, SENT, AnsweringChannel
from tests.waiting import eventually

RESOLVED: dict[str, Any] = {"status": Status.RESOLVED, "outcome": DecidedAs.UPHELD, "resolved_at": MONDAY_NINE}
FAILED = Handed(Outcome.FAILED, "the mail server answered 451")
REFUSED = Handed(Outcome.REFUSED, "the mail server answered 550 5.1.1")


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with a_world(database) as made:
        yield made


async def once_state(world: World, state: str, *, kind: str | None = None) -> dict[str, Any]:
    """The one delivery of this kind, as soon as it is in this state."""

    async def reached() -> list[dict[str, Any]]:
        (row,) = await (world.deliveries() if kind is None else world.deliveries(kind=kind))
        return [row] if row["state"] == state else []

    row: dict[str, Any] = (await eventually(reached))[0]
    return row


async def live_through_the_schedule(world: World) -> None:
    """Moves the clock to each attempt at the acknowledgement once the one before has ended."""
    for number, wait in enumerate((*SCHEDULE, timedelta()), start=1):

        async def ended(number: int = number) -> bool:
            (row,) = await world.deliveries(kind="acknowledgement")
            return [each["outcome"] for each in await world.attempts(row["id"])] == ["failed"] * number

        await eventually(ended)
        world.later += wait * 1.2


def _always(handed: Handed) -> Callable[[Parcel], Handed]:
    def answer(parcel: Parcel) -> Handed:
        return handed

    return answer


def warned(clock: str) -> DeadlineWarned:
    at = "2026-05-06T16:00:00Z"
    return DeadlineWarned(
        clock=clock, generation=1, percent=75, tier=1, handler=HANDLER, due_at=at, warn_at=at, fired_at=at
    )


def resolved() -> DisputeResolved:
    return DisputeResolved(outcome="upheld", remedy=None, amount=None, currency=None, occasion=1)


def to_customers(channel: AnsweringChannel) -> list[Parcel]:
    return [parcel for parcel in channel.parcels if parcel.recipient == "customer"]


async def test_an_acknowledgement_that_was_handed_over_marks_the_dispute_and_its_history(world: World) -> None:
    channel = AnsweringChannel()
    dispute = await world.file()
    async with world.sending({"email": channel}):
        await world.happen(dispute, assigned())
        row = await once_state(world, "sent", kind="acknowledgement")
        after = await world.read(dispute)
    assert after.acknowledged_at == after.informed_at == row["sent_at"]
    assert after.version == dispute.version, "no caller decided on it"
    told = (await world.told(dispute))[-1]
    assert told == CustomerNotified(
        kind="acknowledgement", channel="email", outcome="sent", delivery_id=str(row["id"]), occasion="once"
    )
    (attempt,) = await world.attempts(row["id"])
    assert (attempt["outcome"], attempt["number"]) == ("sent", 1)
    assert attempt["began_at"] <= attempt["ended_at"]


async def test_memos_to_colleagues_leave_no_mark_on_the_promises_to_the_customer(world: World) -> None:
    dispute = await world.file(private={"email": None})
    async with world.sending({"email": AnsweringChannel()}):
        await world.happen(dispute, assigned())
        await once_state(world, "sent", kind="assigned")
        await once_state(world, "sent", kind="undeliverable")
    after = await world.read(dispute)
    assert (after.acknowledged_at, after.informed_at) == (None, None)
    assert not any(isinstance(event, CustomerNotified) for event in await world.told(dispute))


async def test_a_planned_letter_wakes_the_sender_at_once(world: World) -> None:
    channel = AnsweringChannel()
    dispute = await world.file()
    async with world.sending({"email": channel}):
        await eventually(lambda: world.rows("select 1 from heartbeat where name = 'notify.sender'"))
        await world.happen(dispute, assigned())
        await eventually(lambda: to_customers(channel), within=0.4, every=0.005)


async def test_a_failure_is_tried_again_later_and_each_attempt_is_kept(world: World) -> None:
    answers = iter([FAILED, SENT])
    channel = AnsweringChannel(lambda parcel: next(answers) if parcel.recipient == "customer" else SENT)
    dispute = await world.file()
    async with world.sending({"email": channel}):
        await world.happen(dispute, assigned())
        await eventually(lambda: to_customers(channel))

        async def rearmed() -> bool:
            (row,) = await world.deliveries(kind="acknowledgement")
            (attempt,) = await world.attempts(row["id"])
            waited = row["due_at"] - attempt["ended_at"]
            return bool(SCHEDULE[0] <= waited + timedelta(seconds=1) and waited <= SCHEDULE[0] * 1.1)

        await eventually(rearmed)
        assert (await world.read(dispute)).acknowledged_at is None
        world.later = timedelta(seconds=12)
        row = await once_state(world, "sent", kind="acknowledgement")
    assert [each["outcome"] for each in await world.attempts(row["id"])] == ["failed", "sent"]
    first, second = to_customers(channel)
    assert first.delivery_id == second.delivery_id


async def test_a_refusal_for_ever_is_not_tried_again_and_a_person_is_called(world: World) -> None:
    channel = AnsweringChannel(lambda parcel: REFUSED if parcel.recipient == "customer" else SENT)
    dispute = await world.file()
    async with world.sending({"email": channel}):
        await world.happen(dispute, assigned())
        row = await once_state(world, "dead", kind="acknowledgement")
        assert row["reason"] == "the mail server answered 550 5.1.1"
        failed = (await world.told(dispute))[-1]
        assert isinstance(failed, CustomerNotified)
        assert (failed.outcome, failed.reason) == ("failed", row["reason"])
        async with world.database.transaction() as tx:
            last = (await history.entries(tx, dispute.id))[-1].envelope
        await world.plan([last])
        memo = await once_state(world, "sent", kind="undeliverable")
    assert memo["recipient"] == HANDLER
    assert len(to_customers(channel)) == 1
    assert (await world.read(dispute)).acknowledged_at is None


async def test_attempts_end(world: World) -> None:
    channel = AnsweringChannel(_always(FAILED))
    dispute = await world.file()
    async with world.sending({"email": channel}):
        await world.happen(dispute, assigned())
        await live_through_the_schedule(world)
        row = await once_state(world, "dead", kind="acknowledgement")
    assert len(to_customers(channel)) == len(SCHEDULE) + 1
    assert row["reason"].startswith("given up after 3 attempts")


async def test_a_fault_of_our_own_in_one_letter_ends_with_a_reason_and_holds_no_other(world: World) -> None:
    def answer(parcel: Parcel) -> Handed:
        if parcel.recipient == "customer":
            raise KeyError("a mistake")
        return SENT

    dispute = await world.file()
    async with world.sending({"email": AnsweringChannel(answer)}):
        await world.happen(dispute, assigned())
        await once_state(world, "sent", kind="assigned")
        await live_through_the_schedule(world)
        row = await once_state(world, "dead", kind="acknowledgement")
    assert row["reason"].endswith("our own fault: KeyError")


@pytest.mark.parametrize("overtaken", ["update", "resolution"])
async def test_what_the_dispute_has_outrun_is_not_sent_and_says_so(world: World, overtaken: str) -> None:
    dispute = await world.file()
    promised = UpdateOwed(due_at="2026-05-06T16:00:00Z", fired_at="2026-05-06T16:00:00Z", next_due_at=None)
    if overtaken == "update":
        await world.happen(dispute, promised, informed_at=MONDAY_NINE.replace(year=2027))
    else:
        await world.happen(dispute, resolved(), status=Status.INVESTIGATING, resolved_at=None)
    channel = AnsweringChannel()
    async with world.sending({"email": channel}):
        row = await once_state(world, "suppressed")
    assert row["reason"] == "overtaken"
    assert channel.parcels == []


async def test_after_the_decision_a_regime_still_warns_and_the_house_does_not(world: World) -> None:
    dispute = await world.file()
    regimes, houses = warned("regime:uk.fca.disp.payments/final_response"), warned("resolution")
    await world.happen(dispute, regimes, houses)
    await world.happen(dispute, resolved(), **RESOLVED)
    channel = AnsweringChannel()
    async with world.sending({"email": channel}):

        async def ended() -> list[str]:
            states = [row["state"] for row in await world.deliveries(kind="deadline_warning")]
            return states if set(states) <= {"sent", "suppressed"} else []

        assert sorted(await eventually(ended)) == ["sent", "suppressed"]
    told = [parcel.content.text for parcel in channel.parcels]  # type: ignore[union-attr]  # letters
    assert any("final response (uk.fca.disp.payments)" in text for text in told)


async def test_a_decision_promises_a_question_only_where_the_matrix_asks_one(world: World) -> None:
    world.matrix = replace(
        world.matrix, clocks={kind: each for kind, each in world.matrix.clocks.items() if kind != Kind.FOLLOW_UP}
    )
    dispute = await world.file()
    channel = AnsweringChannel()
    async with world.sending({"email": channel}):
        await world.happen(dispute, resolved(), **RESOLVED)
        await once_state(world, "sent", kind="resolution")
    text = channel.parcels[0].content.text  # type: ignore[union-attr]  # a letter
    assert "You do not need to do anything more." in text
    assert "We will ask you" not in text


async def test_an_update_tells_when_there_is_no_news(world: World) -> None:
    channel = AnsweringChannel()
    dispute = await world.file(status=Status.AWAITING_DEPARTMENT)
    promised = UpdateOwed(
        due_at="2026-05-06T16:00:00Z", fired_at="2026-05-06T16:00:00Z", next_due_at="2026-05-20T16:00:00Z"
    )
    async with world.sending({"email": channel}):
        await world.happen(dispute, promised)
        await once_state(world, "sent", kind="update")
    text = channel.parcels[0].content.text  # type: ignore[union-attr]  # a letter
    assert "There is no decision yet. We asked another team for facts" in text
    assert "Wednesday, 20 May 2026" in text
    assert (await world.read(dispute)).informed_at is not None


async def test_an_agents_words_reach_the_customer_as_written(world: World) -> None:
    channel = AnsweringChannel()
    dispute = await world.file()
    message_id = uuid4()
    async with world.database.transaction() as tx:
        await tx.raw.execute(
            "insert into message (id, dispute_id, direction, channel, author, author_name, body, internal, created_at) "
            "values ($1, $2, 'out', 'email', 'agent', 'Maya', $3, false, $4)",
            message_id,
            dispute.id,
            "Dear Ada,\r\nplease send <the> receipt.",
            tx.now,
        )
    event = MessageAdded(
        message_id=str(message_id),
        direction="out",
        channel="email",
        author="agent",
        internal=False,
        letter="final_response_sent",
    )
    async with world.sending({"email": channel}):
        await world.happen(dispute, event)
        await once_state(world, "sent", kind="message")
    told = (await world.told(dispute))[-1]
    assert isinstance(told, CustomerNotified)
    assert (told.kind, told.letter) == ("message", "final_response_sent")
    letter = channel.parcels[0].content
    assert "Dear Ada,\nplease send <the> receipt.\n\n" in letter.text  # type: ignore[union-attr]  # a letter
    assert "Maya, Kettle House" in letter.text  # type: ignore[union-attr]  # a letter
    assert not letter.automatic  # type: ignore[union-attr]  # a letter


async def test_erased_customers_are_written_to_no_more(world: World) -> None:
    dispute = await world.file()
    await world.happen(dispute, assigned())
    await world.rows(
        "update dispute_private set erased_at = now(), email = null where dispute_id = $1 returning 1", dispute.id
    )
    channel = AnsweringChannel()
    async with world.sending({"email": channel}):
        row = await once_state(world, "suppressed", kind="acknowledgement")
    assert row["reason"] == "erased"
    assert channel.parcels == []


async def test_several_senders_share_the_work_and_send_nothing_twice(world: World) -> None:
    world.settings = world.settings.model_copy(update={"digest_above": 40})
    made = [await world.file() for _ in range(40)]
    for dispute in made:
        await world.happen(dispute, assigned())
    channels = [AnsweringChannel() for _ in range(3)]
    stop = Stop()
    senders = [asyncio.create_task(world.sender({"email": channel}).run(stop)) for channel in channels]

    async def all_sent() -> bool:
        return {row["state"] for row in await world.deliveries()} == {"sent"}

    await eventually(all_sent)
    stop.request("done")
    await asyncio.gather(*senders)
    sent = [parcel.delivery_id for channel in channels for parcel in channel.parcels]
    assert len(sent) == len(set(sent)) == 80


async def test_what_a_dead_process_had_claimed_is_sent_by_another_after_a_while(world: World) -> None:
    dispute = await world.file()
    await world.happen(dispute, assigned())
    async with world.database.transaction() as tx:
        claimed = await deliveries.claim(
            tx, "email", limit=100, held={}, per_recipient=100, visible_after=timedelta(seconds=50)
        )
    assert len(claimed) == 2
    channel = AnsweringChannel()
    async with world.sending({"email": channel}):
        await eventually(lambda: world.rows("select 1 from heartbeat"))
        assert channel.parcels == []
        world.later = timedelta(seconds=51)
        row = await once_state(world, "sent", kind="acknowledgement")
    outcomes = [each["outcome"] for each in await world.attempts(row["id"])]
    assert outcomes == [None, "sent"], "the first may or may not have arrived"


async def test_a_late_yes_counts_although_another_took_the_delivery_over(world: World) -> None:
    dispute = await world.file()
    await world.happen(dispute, assigned())

    async def claim() -> Claim:
        async with world.database.transaction() as tx:
            found = await deliveries.claim(
                tx, "email", limit=9, held={}, per_recipient=9, visible_after=timedelta(seconds=1)
            )
        return next(each for each in found if each.kind == "acknowledgement")

    slow = await claim()
    world.later = timedelta(seconds=5)
    quick = await claim()
    channel = AnsweringChannel()
    for each, handed in ((slow, FAILED), (quick, SENT), (slow, SENT)):
        async with world.database.transaction() as tx:
            await recorder.record(tx, [verdict(each, handed, channel.terms, tx.now, spread=0)])
    told = [event for event in await world.told(dispute) if isinstance(event, CustomerNotified)]
    assert [event.outcome for event in told] == ["sent"]


async def test_a_stop_cuts_off_what_hangs_and_tries_it_again_later(world: World) -> None:
    class Hanging(AnsweringChannel):
        async def send(self, parcel: Parcel) -> Handed:
            self.parcels.append(parcel)
            await asyncio.Event().wait()
            return SENT

    channel = Hanging()
    dispute = await world.file()
    async with world.sending({"email": channel}):
        await world.happen(dispute, assigned())
        await eventually(lambda: len(channel.parcels) == 2)
    (row,) = await world.deliveries(kind="acknowledgement")
    (attempt,) = await world.attempts(row["id"])
    assert (row["state"], attempt["outcome"]) == ("pending", "unknown")
    assert channel.closed


async def test_no_transaction_is_open_while_the_world_outside_is_spoken_to(world: World) -> None:
    seen: list[int] = []

    class Watching(AnsweringChannel):
        async def send(self, parcel: Parcel) -> Handed:
            # Of this database: another test's, made from the same template, has tables of the same number.
            query = (
                "select 1 from pg_locks where relation = 'delivery'::regclass and pid <> pg_backend_pid() "
                "and database = (select oid from pg_database where datname = current_database())"
            )
            seen.append(len(await world.rows(query)))
            return SENT

    dispute = await world.file()
    await world.happen(dispute, assigned())
    async with world.sending({"email": Watching()}):
        await once_state(world, "sent", kind="acknowledgement")
    assert seen[0] == 0


async def test_mail_goes_to_one_file_for_each_delivery(database: str, tmp_path: Path) -> None:
    async with a_world(database, state_dir=tmp_path) as world:
        dispute = await world.file()
        async with world.sending():
            await world.happen(dispute, assigned())
            row = await once_state(world, "sent", kind="acknowledgement")
        assert {path.name for path in (tmp_path / "mail").iterdir()} >= {f"{row['id'].hex}.eml"}
        assert all(path.suffix == ".eml" for path in (tmp_path / "mail").iterdir())


def a_claim(attempt: int) -> Claim:
    return Claim(uuid4(), uuid4(), "update", "1", "customer", "email", "customer", {}, attempt, MONDAY_NINE, None)


@given(
    attempt=st.integers(1, 50), spread=st.floats(0, 1), asked=st.none() | st.timedeltas(timedelta(), timedelta(days=1))
)
def test_a_retry_is_never_early_never_far_and_always_ends(attempt: int, spread: float, asked: timedelta | None) -> None:
    now: datetime = MONDAY_NINE
    ending = verdict(a_claim(attempt), Handed(Outcome.FAILED, "x", asked), AnsweringChannel.terms, now, spread=spread)
    if attempt > len(SCHEDULE):
        assert (ending.state, ending.due_at) == ("dead", None)
    else:
        wait = SCHEDULE[attempt - 1]
        assert ending.due_at is not None
        assert max(wait, asked or timedelta()) <= ending.due_at - now <= max(wait, asked or timedelta()) + wait * 0.1


async def test_an_ending_that_cannot_be_recorded_holds_up_no_other(world: World) -> None:
    unstorable = Handed(Outcome.FAILED, "a zero byte \x00 that PostgreSQL takes in no text")
    channel = AnsweringChannel(lambda parcel: unstorable if parcel.recipient == "customer" else SENT)
    made = [await world.file() for _ in range(3)]
    for dispute in made:
        await world.happen(dispute, assigned())
    async with world.sending({"email": channel}):

        async def colleagues_recorded() -> bool:
            return {row["state"] for row in await world.deliveries(kind="assigned")} == {"sent"}

        await eventually(colleagues_recorded)
    assert {row["state"] for row in await world.deliveries(kind="acknowledgement")} == {"pending"}


DIES_BEFORE_IT_WRITES: Final = """
from services.notify.channels.folder import FolderChannel

def dies(self, name, mail):
    os.kill(os.getpid(), signal.SIGKILL)

FolderChannel._write = dies
"""


async def test_a_mail_to_the_folder_that_a_killed_process_had_in_hand_is_there_ten_seconds_later(
    database: str, tmp_path: Path
) -> None:
    async with a_world(database, state_dir=tmp_path) as world:
        await world.happen(await world.file(), assigned())
        await killed_while_sending(DIES_BEFORE_IT_WRITES, database, state_dir=str(tmp_path))
        assert {row["state"] for row in await world.deliveries()} == {"pending"}
        async with world.sending():
            world.later = timedelta(seconds=10)

            async def all_written() -> bool:
                return {row["state"] for row in await world.deliveries()} == {"sent"}

            await eventually(all_written)
        assert len({path.name for path in (tmp_path / "mail").iterdir() if path.suffix == ".eml"}) == 2
