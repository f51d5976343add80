"""Webhooks: signed, thin, tried for days; one bad endpoint harms nobody, and no address of ours can be reached by one."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from services.notify.channels.address_guard import is_public
from services.notify.channels.ports import Handed, Outcome, Parcel, Signal
from services.notify.channels.webhook import RETRY_AFTER_MAX, SCHEDULE, WebhookChannel, retry_after
from services.notify.material import Told
from services.notify.parcels import body_of
from shared.db import webhooks
from shared.db.webhooks import SEALED_FOR, Endpoint, NewEndpoint
from shared.messages.events import DisputeResolved
from tests.builders import MONDAY_NINE
from tests.services.notify.material import SEALER, World, a_world, assigned
from tests.services.notify.outside import Receiver, a_receiver
from tests.waiting import eventually

SECRET = "whsec_" + base64.b64encode(b"the first secret, 24 or more").decode()
OLDER = "whsec_" + base64.b64encode(b"an older secret, 24 or more.").decode()


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with a_world(database, webhook_timeout_seconds=0.6, webhook_endpoint_concurrency=2) as made:
        yield made


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with a_receiver() as made:
        yield made


async def subscribe(world: World, url: str, *, older: str | None = None, topics: tuple[str, ...] = ("#",)) -> Endpoint:
    async with world.database.transaction() as tx:
        made = await webhooks.add(
            tx, NewEndpoint(name="desk", url=url, secret=SEALER.encrypt(SEALED_FOR, SECRET), topics=topics)
        )
        if older is not None:
            await webhooks.change(tx, made.id, previous_secret=SEALER.encrypt(SEALED_FOR, older))
    return made


async def endpoint(world: World, endpoint_id: UUID) -> Endpoint:
    async with world.database.transaction() as tx:
        return (await webhooks.get_many(tx, [endpoint_id]))[endpoint_id]


async def all_in(world: World, *states: str) -> bool:
    rows = await world.deliveries(channel="webhook")
    return bool(rows) and {row["state"] for row in rows} <= set(states)


async def test_an_event_arrives_signed_by_the_specification_and_says_nothing_personal(
    world: World, receiver: Receiver
) -> None:
    await subscribe(world, receiver.url())
    dispute = await world.file()
    async with world.sending():
        (cause,) = await world.happen(dispute, assigned())
        await eventually(lambda: all_in(world, "sent"))
    (hook,) = receiver.hooks
    told = Webhook(SECRET).verify(hook.body, hook.headers)
    assert told["type"] == "org.recourse.dispute.assigned.v1"
    assert (told["id"], told["subject"], told["sequence"]) == (str(cause.id), str(dispute.id), 2)
    assert told["time"] == told["timestamp"]
    assert told["data"]["clocks"] == {"next_update": "2026-05-06T16:00:00Z", "resolution": "2026-06-29T16:00:00Z"}
    assert hook.headers["content-type"] == "application/json"
    for personal in (b"Ada", b"ada@example.org", b"Charged twice"):
        assert personal not in hook.body


async def test_a_test_arrives_signed_like_an_event_whatever_the_endpoint_subscribed_to(
    world: World, receiver: Receiver
) -> None:
    made = await subscribe(world, receiver.url(), topics=("dispute.resolved",))
    async with world.sending():
        async with world.database.transaction() as tx:
            planned = await webhooks.ping(tx, made.id)
        await eventually(lambda: all_in(world, "sent"))
    (hook,) = receiver.hooks
    told = Webhook(SECRET).verify(hook.body, hook.headers)
    assert (told["type"], told["subject"]) == ("org.recourse.webhook.ping.v1", str(made.id))
    assert (told["id"], told["data"]) == (str(planned), {})
    assert [each["outcome"] for each in await world.attempts(planned)] == ["sent"]


async def test_a_test_that_fails_is_tried_again_by_the_schedule_beside_events(world: World, receiver: Receiver) -> None:
    made = await subscribe(world, receiver.url())
    receiver.replies["/hooks"] = "503 Busy"
    async with world.database.transaction() as tx:
        planned = await webhooks.ping(tx, made.id)
    await world.happen(await world.file(), assigned())
    async with world.sending():

        async def tried() -> bool:
            rows = await world.rows("select count(*) as n from delivery_attempt where outcome = 'failed'")
            return rows == [{"n": 2}]

        await eventually(tried)
        receiver.replies.clear()
        world.later = SCHEDULE[0] * 2
        await eventually(lambda: all_in(world, "sent"))
    assert [each["outcome"] for each in await world.attempts(planned)] == ["failed", "sent"]
    assert (await endpoint(world, made.id)).failing_since is None


async def test_while_a_secret_is_rotated_both_sign(world: World, receiver: Receiver) -> None:
    await subscribe(world, receiver.url(), older=OLDER)
    async with world.sending():
        await world.happen(await world.file(), assigned())
        await eventually(lambda: all_in(world, "sent"))
    (hook,) = receiver.hooks
    for secret in (SECRET, OLDER):
        Webhook(secret).verify(hook.body, hook.headers)


async def test_the_schedule_is_kept_and_every_attempt_has_the_same_id_and_its_own_time(
    world: World, receiver: Receiver
) -> None:
    receiver.replies["/hooks"] = "500 Oops"
    made = await subscribe(world, receiver.url())
    await world.happen(await world.file(), assigned())
    async with world.sending():
        for number, wait in enumerate((*SCHEDULE, timedelta()), start=1):

            async def ended(number: int = number) -> bool:
                (row,) = await world.deliveries(channel="webhook")
                return [each["outcome"] for each in await world.attempts(row["id"])] == ["failed"] * number

            await eventually(ended)
            (row,) = await world.deliveries(channel="webhook")
            attempts = await world.attempts(row["id"])
            if wait:
                waited = row["due_at"] - attempts[-1]["ended_at"]
                assert wait - timedelta(seconds=2) <= waited <= wait * 1.1 + timedelta(seconds=2)
                world.later = row["due_at"] - attempts[-1]["ended_at"] + world.later + timedelta(seconds=2)
    assert (row["state"], len(receiver.hooks)) == ("dead", 10)
    assert len({hook.headers["webhook-id"] for hook in receiver.hooks}) == 1
    assert len({hook.headers["webhook-timestamp"] for hook in receiver.hooks}) == 10
    assert not (await endpoint(world, made.id)).disabled_reason


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent", "304 Not Modified"])
async def test_a_redirect_is_a_failure_and_is_not_followed(world: World, receiver: Receiver, status: str) -> None:
    receiver.replies["/hooks"] = f"{status}\r\nLocation: {receiver.url('/inside')}"
    receiver.bodies["/hooks"] = b""
    await subscribe(world, receiver.url())
    await world.happen(await world.file(), assigned())
    async with world.sending():

        async def failed() -> bool:
            (row,) = await world.deliveries(channel="webhook")
            return [each["detail"] for each in await world.attempts(row["id"])] == [f"answered {status[:3]}"]

        await eventually(failed)
    assert receiver.at("/inside") == []


async def test_gone_means_gone(world: World, receiver: Receiver) -> None:
    receiver.replies["/hooks"] = "410 Gone"
    made = await subscribe(world, receiver.url())
    dispute = await world.file()
    async with world.sending():
        await world.happen(dispute, assigned())
        await eventually(lambda: all_in(world, "dead"))
        after = await endpoint(world, made.id)
        assert (after.active, after.disabled_reason) == (False, "The endpoint answered 410 Gone.")
        await world.happen(dispute, assigned(first=False))
    assert len(receiver.hooks) == 1
    assert len(await world.deliveries(channel="webhook")) == 1


async def test_what_waits_for_an_endpoint_that_was_disabled_is_given_up_visibly(
    world: World, receiver: Receiver
) -> None:
    made = await subscribe(world, receiver.url())
    await world.happen(await world.file(), assigned())
    async with world.database.transaction() as tx:
        await webhooks.change(tx, made.id, active=False)
    async with world.sending():
        await eventually(lambda: all_in(world, "suppressed"))
    (row,) = await world.deliveries(channel="webhook")
    assert row["reason"] == "endpoint_disabled"
    assert receiver.hooks == []


async def test_five_days_without_a_success_disable_an_endpoint_for_a_reason_its_owner_can_read(
    world: World, receiver: Receiver
) -> None:
    receiver.replies["/hooks"] = "500 Oops"
    made = await subscribe(world, receiver.url())
    dispute = await world.file()
    async with world.sending():
        await world.happen(dispute, assigned())
        await eventually(lambda: len(receiver.hooks) == 1)

        async def noted() -> bool:
            return (await endpoint(world, made.id)).failing_since is not None

        await eventually(noted)
        world.later = timedelta(days=5, minutes=1)

        async def disabled() -> bool:
            return not (await endpoint(world, made.id)).active

        await eventually(disabled)
    assert (await endpoint(world, made.id)).disabled_reason == "Nothing was accepted for 5 days."


async def test_one_success_clears_the_record(world: World, receiver: Receiver) -> None:
    made = await subscribe(world, receiver.url())
    async with world.database.transaction() as tx:
        await webhooks.change(tx, made.id, failing_since=tx.now - timedelta(days=4))
    async with world.sending():
        await world.happen(await world.file(), assigned())
        await eventually(lambda: all_in(world, "sent"))
    assert (await endpoint(world, made.id)).failing_since is None


async def test_a_hanging_endpoint_holds_nobody_else_and_only_its_share(world: World, receiver: Receiver) -> None:
    receiver.hanging.add("/hangs")
    await subscribe(world, receiver.url("/hangs"))
    await subscribe(world, receiver.url("/quick"))
    made = [await world.file() for _ in range(12)]
    for dispute in made:
        await world.happen(dispute, assigned())
    async with world.sending():
        await eventually(lambda: len(receiver.at("/quick")) == 12, within=5)
        assert len(receiver.at("/hangs")) < 12
    assert len({hook.headers["webhook-id"] for hook in receiver.at("/quick")}) == 12


async def test_no_answer_is_told_as_unknown(receiver: Receiver) -> None:
    receiver.hanging.add("/hooks")
    channel = WebhookChannel(seconds_max=0.2, allow_private=True)
    handed = await channel.send(a_parcel(receiver.url()))
    await channel.close()
    assert (handed.outcome, handed.detail) == (Outcome.UNKNOWN, "no answer within 0.2 s")


async def test_a_long_answer_is_neither_read_nor_kept(receiver: Receiver) -> None:
    receiver.bodies["/hooks"] = b"secret of the helpdesk " * 100_000
    channel = WebhookChannel(allow_private=True)
    handed = await channel.send(a_parcel(receiver.url()))
    await channel.close()
    assert handed == Handed(Outcome.SENT, "answered 200")


def a_parcel(url: str, body: str = '{"type": "x"}') -> Parcel:
    return Parcel(
        delivery_id=uuid4(),
        dispute_id=uuid4(),
        recipient="endpoint",
        address=url,
        at=MONDAY_NINE,
        content=Signal(body=body, secrets=(SECRET,)),
    )


@pytest.mark.parametrize(
    ("status", "header", "expected"),
    [
        ("429 Too Many", "120", timedelta(seconds=120)),
        ("503 Away", "30", timedelta(seconds=30)),
        ("502 Bad", "99999999", RETRY_AFTER_MAX),
        ("504 Slow", format_datetime(MONDAY_NINE + timedelta(hours=1)), timedelta(hours=1)),
        ("503 Away", "soon", None),
        ("500 Oops", "120", None),
    ],
)
async def test_a_throttling_endpoint_is_given_the_time_it_asks_for_within_a_day(
    receiver: Receiver, status: str, header: str, expected: timedelta | None
) -> None:
    receiver.replies["/hooks"] = f"{status}\r\nRetry-After: {header}"
    channel = WebhookChannel(allow_private=True)
    handed = await channel.send(a_parcel(receiver.url()))
    await channel.close()
    assert (handed.outcome, handed.retry_after) == (Outcome.FAILED, expected)


@given(st.binary(max_size=60))
def test_any_retry_after_is_read_or_passed_over(value: bytes) -> None:
    asked = retry_after(value, MONDAY_NINE)
    assert asked is None or timedelta() <= asked <= RETRY_AFTER_MAX


PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "255.255.255.255",
    "224.0.0.1", "240.0.0.1", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "2001::1", "rubbish", "",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
async def test_a_name_that_leads_inside_is_not_connected_to(receiver: Receiver, address: str) -> None:
    async def leads_there(host: str, port: int) -> list[str]:
        return ["93.184.215.14", address]

    channel = WebhookChannel(resolver=leads_there)
    handed = await channel.send(a_parcel(f"https://hooks.example.test:{receiver.port}/hooks"))
    await channel.close()
    assert handed == Handed(Outcome.FAILED, "the name leads to an address that is not public")
    assert receiver.connections == 0


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:4700:4700::1111"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0x7f000001", "2130706433", "127.1"])
async def test_no_spelling_of_this_machine_is_connected_to(receiver: Receiver, host: str) -> None:
    channel = WebhookChannel()
    handed = await channel.send(a_parcel(f"https://{host}:{receiver.port}/hooks"))
    await channel.close()
    assert handed.outcome is Outcome.FAILED
    assert receiver.connections == 0


async def test_the_address_that_was_checked_is_the_one_connected_to(receiver: Receiver) -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    channel = WebhookChannel(allow_private=True, resolver=rebinding)
    handed = await channel.send(a_parcel(f"http://hooks.example.test:{receiver.port}/hooks"))
    await channel.close()
    assert handed.outcome is Outcome.SENT
    assert asked == ["hooks.example.test"]
    assert receiver.hooks[0].headers["host"] == f"hooks.example.test:{receiver.port}"


@pytest.mark.parametrize(
    "url", ["http://hooks.example.test/", "ftp://x.test/", "file:///etc/passwd", "", "https://", "x"]
)
async def test_only_https_leaves_the_house(url: str) -> None:
    channel = WebhookChannel()
    handed = await channel.send(a_parcel(url))
    await channel.close()
    assert handed.outcome is Outcome.FAILED


async def test_a_name_nobody_knows_and_a_port_nobody_listens_on_are_failures_to_be_tried_again() -> None:
    async def unknown(host: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    for channel, url in (
        (WebhookChannel(resolver=unknown), "https://hooks.example.test/"),
        (WebhookChannel(allow_private=True), "http://127.0.0.1:9/"),
    ):
        handed = await channel.send(a_parcel(url))
        await channel.close()
        assert handed.outcome is Outcome.FAILED
        assert "127.0.0.1" not in handed.detail


def test_a_large_event_is_sent_without_its_facts() -> None:
    data = orjson.dumps({"changes": {f"field_{n}": ["x" * 100, None] for n in range(300)}}).decode()
    told = Told(uuid4(), "dispute.corrected", 1, 4, datetime(2026, 5, 4, tzinfo=UTC), data)
    body = body_of(told, uuid4(), "https://disputes.kettle.test")
    assert len(body) < 20_000
    assert orjson.loads(body)["data"] == {"omitted": "too_large"}


async def test_a_secret_of_another_installation_is_a_reason_and_not_a_crash(world: World, receiver: Receiver) -> None:
    async with world.database.transaction() as tx:
        await webhooks.add(tx, NewEndpoint(name="x", url=receiver.url(), secret=b"not sealed by us", topics=("#",)))
    async with world.sending():
        await world.happen(await world.file(), assigned())
        await eventually(lambda: all_in(world, "dead"))
    (row,) = await world.deliveries(channel="webhook")
    assert "Not sealed by this installation" in row["reason"]


async def test_endpoints_are_kept_for_their_owners(world: World) -> None:
    made = await subscribe(world, "https://a.test", topics=("dispute.*",))
    async with world.database.transaction() as tx:
        assert [each.id for each in await webhooks.listed(tx)] == [made.id]
        assert await webhooks.listed(tx, after=made.id) == []
        await webhooks.disable(tx, [made.id], "Asked for.")
        changed = await webhooks.change(tx, made.id, active=True, url="https://b.test")
        assert changed is not None
        assert (changed.active, changed.disabled_reason, changed.url) == (True, None, "https://b.test")
        assert await webhooks.change(tx, uuid4(), url="https://c.test") is None
        assert await webhooks.remove(tx, made.id)
        assert not await webhooks.remove(tx, made.id)


async def test_events_of_one_dispute_carry_their_order(world: World, receiver: Receiver) -> None:
    await subscribe(world, receiver.url())
    dispute = await world.file()
    resolved = DisputeResolved(outcome="upheld", remedy=None, amount=None, currency=None, occasion=1)
    async with world.sending():
        await world.happen(dispute, assigned(), resolved)
        await eventually(lambda: len(receiver.hooks) == 2)
    told: list[dict[str, Any]] = [hook.json for hook in receiver.hooks]
    assert sorted(each["sequence"] for each in told) == [2, 3]
