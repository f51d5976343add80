"""The webhook door: verified, stored once, answered at once; endpoints and deliveries for administrators."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import func, select

from services.intake.inbound.consumer import inbound_handler
from services.intake.inbound.quarantine import Quarantine
from shared.broker.consumer import Consumer
from shared.broker.drivers import broker_for
from shared.broker.relay import Relay
from shared.db.tables import inbound_delivery, inbound_endpoint
from shared.db.tables import outbox as outbox_table
from shared.messages.topology import INTAKE
from shared.runtime.metrics import Metrics
from shared.runtime.stop import Stop
from tests.samples import sample
from tests.services.intake.inbound.inlet import SLACK_SECRET, Inlet, parts_with_categoriser, signed
from tests.waiting import eventually

BODIES = {
    "slack": sample("slack/message.json"),
    "postmark": sample("postmark/complaint.json"),
    "mime": sample("mail/complaint.eml"),
    "generic": sample("generic/message.json"),
}


@pytest.mark.parametrize("sender", BODIES)
async def test_an_authentic_delivery_is_stored_raw_and_answered(inlet: Inlet, sender: str) -> None:
    mouth = await inlet.open(sender)
    reply = await inlet.send(mouth, BODIES[sender])
    assert reply.status_code == 200
    assert reply.json()["status"] == "stored"
    raw = await inlet.client.get(f"/v1/inbound-deliveries/{reply.json()['id']}/raw", headers=inlet.admin)
    assert raw.content == BODIES[sender]
    assert raw.headers["content-type"] == "application/octet-stream"
    assert raw.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("sender", BODIES)
async def test_the_same_delivery_twenty_times_at_once_is_one_row_and_one_event(inlet: Inlet, sender: str) -> None:
    mouth = await inlet.open(sender)
    headers = signed(sender, mouth.secret, BODIES[sender], await inlet.now(), name="msg_1")
    replies = await asyncio.gather(
        *(inlet.client.post(mouth.path, content=BODIES[sender], headers=headers) for _ in range(20))
    )
    assert {each.status_code for each in replies} == {200}
    assert len({each.json()["id"] for each in replies}) == 1
    assert sorted(each.json()["status"] for each in replies) == [*["duplicate"] * 19, "stored"]
    async with inlet.db.transaction() as tx:
        rows = (await tx.conn.execute(select(func.count()).select_from(inbound_delivery))).scalar_one()
        events = (await tx.conn.execute(select(func.count()).select_from(outbox_table))).scalar_one()
    assert (rows, events) == (1, 1)


@pytest.mark.parametrize("sender", BODIES)
async def test_a_wrong_signature_is_401_and_nothing_is_stored(inlet: Inlet, sender: str) -> None:
    mouth = await inlet.open(sender)
    other = {"generic": "whsec_" + "A" * 44, "postmark": "recourse:wrong"}.get(sender, "wrong")
    headers = signed(sender, other, BODIES[sender], await inlet.now())
    for told in (headers, {}):
        reply = await inlet.client.post(mouth.path, content=BODIES[sender], headers=told)
        assert reply.status_code == 401
        assert "www-authenticate" in reply.headers
    listed = await inlet.client.get("/v1/inbound-deliveries", headers=inlet.admin)
    assert listed.json()["items"] == []
    told_of = inlet.desk.parts.metrics.render()[0].decode()
    assert f'recourse_signature_failures_total{{sender="{sender}"}} 2.0' in told_of


@pytest.mark.parametrize("sender", ["slack", "generic"])
async def test_an_old_signature_is_refused_even_on_a_new_delivery(inlet: Inlet, sender: str) -> None:
    mouth = await inlet.open(sender)
    reply = await inlet.send(mouth, BODIES[sender], late=timedelta(minutes=6))
    assert reply.status_code == 401


async def test_one_slack_message_under_several_event_ids_is_one_delivery(inlet: Inlet) -> None:
    mouth = await inlet.open("slack")
    first = await inlet.send(mouth, sample("slack/message.json"))
    second = await inlet.send(mouth, sample("slack/mention_of_the_same_message.json"), x_slack_retry_num="1")
    assert second.json() == {"id": first.json()["id"], "status": "duplicate"}


async def test_slack_is_told_its_challenge_and_nothing_is_stored(inlet: Inlet) -> None:
    mouth = await inlet.open("slack")
    reply = await inlet.send(mouth, sample("slack/hello.json"))
    assert reply.json() == {"challenge": "3eZbrw1aB10"}
    unsigned = await inlet.client.post(mouth.path, content=sample("slack/hello.json"))
    assert unsigned.status_code == 401


@pytest.mark.parametrize("path", ["slack/{new}", "nobody/{id}", "mime/{id}", "slack/not-an-id"])
async def test_an_unknown_endpoint_is_404(inlet: Inlet, path: str) -> None:
    mouth = await inlet.open("slack")
    told = path.format(id=mouth.id, new=uuid4())
    reply = await inlet.client.post(f"/v1/webhooks/{told}", content=b"{}")
    assert reply.status_code == 404


async def test_a_disabled_endpoint_is_gone_and_comes_back(inlet: Inlet) -> None:
    mouth = await inlet.open("mime")
    place = f"/v1/inbound-endpoints/{mouth.id}"
    off = await inlet.client.patch(place, json={"active": False}, headers=inlet.admin)
    assert off.json()["active"] is False
    assert (await inlet.send(mouth, BODIES["mime"])).status_code == 410
    await inlet.client.patch(place, json={"active": True}, headers=inlet.admin)
    assert (await inlet.send(mouth, BODIES["mime"])).status_code == 200


@pytest.mark.parametrize("sender", BODIES)
async def test_what_cannot_be_understood_is_quarantined_and_can_be_tried_again(inlet: Inlet, sender: str) -> None:
    mouth = await inlet.open(sender)
    told = await inlet.deliver(mouth, b"\xff\x00 not at all what it should be")
    assert told["state"] == "quarantined"
    assert told["reason"]
    listed = await inlet.client.get("/v1/inbound-deliveries?state=quarantined", headers=inlet.admin)
    assert [each["id"] for each in listed.json()["items"]] == [told["id"]]
    retried = await inlet.client.post(f"/v1/inbound-deliveries/{told['id']}/retry", headers=inlet.admin)
    assert (retried.status_code, retried.json()["state"]) == (202, "stored")
    await inlet.settle()
    again = await inlet.became(told["id"])
    assert (again["state"], again["attempts"]) == ("quarantined", 2)


async def test_what_waits_for_a_person_is_counted_until_somebody_dismisses_it(inlet: Inlet) -> None:
    metrics = Metrics()
    told = await inlet.deliver(await inlet.open("generic"), b"not at all what it should be")
    await Quarantine(inlet.db, metrics).count()
    assert metrics.registry.get_sample_value("recourse_inbound_quarantined") == 1
    place = f"/v1/inbound-deliveries/{told['id']}/dismiss"
    dismissed = await inlet.client.post(place, json={"reason": "An advertisement."}, headers=inlet.admin)
    assert dismissed.status_code == 200
    assert (dismissed.json()["state"], dismissed.json()["reason"]) == ("ignored", "dismissed: An advertisement.")
    await Quarantine(inlet.db, metrics).count()
    assert metrics.registry.get_sample_value("recourse_inbound_quarantined") == 0
    assert (await inlet.client.post(place, json={"reason": "Again."}, headers=inlet.admin)).status_code == 409


async def test_what_was_understood_is_not_tried_again(inlet: Inlet) -> None:
    told = await inlet.deliver(await inlet.open("mime"), BODIES["mime"])
    reply = await inlet.client.post(f"/v1/inbound-deliveries/{told['id']}/retry", headers=inlet.admin)
    assert reply.status_code == 409


async def test_a_message_from_the_queue_that_comes_twice_files_once(inlet: Inlet) -> None:
    mouth = await inlet.open("mime")
    told = await inlet.deliver(mouth, BODIES["mime"])
    reply = await inlet.client.post(f"/v1/inbound-deliveries/{told['id']}/retry", headers=inlet.admin)
    assert reply.status_code == 409
    await inlet.settle()
    assert (await inlet.became(told["id"]))["attempts"] == 1


async def test_secrets_are_sealed_at_rest_and_shown_once(inlet: Inlet) -> None:
    mouth = await inlet.open("mime")
    async with inlet.db.transaction() as tx:
        stored = (await tx.conn.execute(select(inbound_endpoint.c.secret))).scalar_one()
    assert mouth.secret.encode() not in stored
    shown = await inlet.client.get(f"/v1/inbound-endpoints/{mouth.id}", headers=inlet.admin)
    listed = await inlet.client.get("/v1/inbound-endpoints", headers=inlet.admin)
    assert mouth.secret not in shown.text + listed.text
    assert listed.json()["items"] == [shown.json()]


async def test_no_delivery_keeps_the_secret_it_came_with(inlet: Inlet) -> None:
    mouth = await inlet.open("postmark")
    await inlet.send(mouth, BODIES["postmark"])
    async with inlet.db.transaction() as tx:
        headers = (await tx.conn.execute(select(inbound_delivery.c.headers))).scalar_one()
    assert "authorization" not in headers
    assert headers["content-type"] == "application/json"


async def test_after_a_rotation_both_secrets_are_valid_until_the_old_one_is_dropped(inlet: Inlet) -> None:
    mouth = await inlet.open("mime")
    place = f"/v1/inbound-endpoints/{mouth.id}"
    rotated = (await inlet.client.post(f"{place}/rotate", headers=inlet.admin)).json()
    assert rotated["previous_secret_valid"]
    assert rotated["secret"] != mouth.secret
    new = {"authorization": f"Bearer {rotated['secret']}"}
    assert (await inlet.send(mouth, b"one")).status_code == 200
    assert (await inlet.client.post(mouth.path, content=b"two", headers=new)).status_code == 200
    dropped = await inlet.client.delete(f"{place}/previous-secret", headers=inlet.admin)
    assert dropped.status_code == 204
    assert (await inlet.send(mouth, b"three")).status_code == 401
    assert (await inlet.client.post(mouth.path, content=b"four", headers=new)).status_code == 200


@pytest.mark.parametrize(
    ("sender", "secret"),
    [
        ("slack", None),
        ("slack", "short and with blanks"),
        ("postmark", "without-a-colon-in-it"),
        ("generic", "whsec_AAAA"),
    ],
)
async def test_a_secret_that_cannot_work_is_refused(inlet: Inlet, sender: str, secret: str | None) -> None:
    body = {"sender": sender, "name": "x"} | ({"secret": secret} if secret else {})
    reply = await inlet.client.post("/v1/inbound-endpoints", json=body, headers=inlet.admin)
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == "/secret"


async def test_only_an_administrator_sees_endpoints_and_raw_mail(inlet: Inlet) -> None:
    agent = await inlet.desk.key("agent")
    operator = await inlet.desk.key("observer", scopes=["ops:read"])
    told = await inlet.deliver(await inlet.open("mime"), BODIES["mime"])
    place = f"/v1/inbound-deliveries/{told['id']}"
    for path in ("/v1/inbound-endpoints", f"{place}/raw", place, "/v1/inbound-deliveries"):
        assert (await inlet.client.get(path, headers=agent)).status_code == 403
        assert (await inlet.client.get(path)).status_code == 401
    assert (await inlet.client.get(place, headers=operator)).status_code == 200
    assert (await inlet.client.get(f"{place}/raw", headers=operator)).status_code == 403
    assert (await inlet.client.post(f"{place}/retry", headers=operator)).status_code == 403


async def test_deliveries_are_listed_in_pages_the_newest_first(inlet: Inlet) -> None:
    mouth = await inlet.open("mime")
    sent = [(await inlet.send(mouth, f"mail {n}".encode())).json()["id"] for n in range(5)]
    first = (await inlet.client.get("/v1/inbound-deliveries?limit=3", headers=inlet.admin)).json()
    rest = (
        await inlet.client.get(f"/v1/inbound-deliveries?limit=3&cursor={first['next_cursor']}", headers=inlet.admin)
    ).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == sent[::-1]
    assert (first["has_more"], rest["has_more"], rest["next_cursor"]) == (True, False, None)
    wrong = await inlet.client.get("/v1/inbound-deliveries?cursor=nonsense", headers=inlet.admin)
    assert wrong.status_code == 400


@pytest.mark.parametrize(("sender", "most"), [("slack", 1024 * 1024), ("mime", 25 * 1024 * 1024)])
async def test_each_sender_has_its_own_longest_body(inlet: Inlet, sender: str, most: int) -> None:
    mouth = await inlet.open(sender)
    assert (await inlet.send(mouth, b"x" * (most + 1))).status_code == 413
    if sender == "mime":
        assert (await inlet.send(mouth, b"x" * (2 * 1024 * 1024))).status_code == 200


async def test_a_store_that_is_down_is_503_with_a_time_to_come_back(
    inlet: Inlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    mouth = await inlet.open("mime")
    headers = signed("mime", mouth.secret, b"mail", await inlet.now())

    def away() -> None:
        raise asyncpg.CannotConnectNowError("starting up")

    monkeypatch.setattr(inlet.desk.parts.database, "transaction", away)
    reply = await inlet.client.post(mouth.path, content=b"mail", headers=headers)
    assert reply.status_code == 503
    assert int(reply.headers["retry-after"]) > 0


async def test_a_secret_that_cannot_be_unsealed_is_503_not_401(inlet: Inlet) -> None:
    mouth = await inlet.open("mime")
    async with inlet.db.transaction() as tx:
        await tx.raw.execute("update inbound_endpoint set secret = 'sealed elsewhere' where id = $1", UUID(mouth.id))
    assert (await inlet.send(mouth, b"mail")).status_code == 503


async def test_slack_signing_secrets_are_entered_by_their_owner(inlet: Inlet) -> None:
    assert (await inlet.open("slack")).secret == SLACK_SECRET


async def test_the_consumer_behind_the_outbox_settles_what_arrived(inlet: Inlet) -> None:
    broker = broker_for("embedded://")
    await broker.start()
    metrics = inlet.desk.parts.metrics
    relay = Relay(inlet.db, broker, metrics=metrics)
    handle = inbound_handler(parts_with_categoriser(inlet.desk.parts))
    consumer = Consumer(inlet.db, broker, INTAKE, handle, metrics=metrics)
    stop = Stop()
    loops = [asyncio.create_task(consumer.run(stop)), asyncio.create_task(relay.run(stop))]
    try:
        reply = await inlet.send(await inlet.open("mime"), BODIES["mime"])

        async def filed() -> bool:
            return bool((await inlet.became(reply.json()["id"]))["state"] == "filed")

        await eventually(filed)
    finally:
        stop.request("done")
        await asyncio.gather(*loops)
        await broker.close()
