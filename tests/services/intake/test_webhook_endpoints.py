"""Subscriptions: made by administrators, at public addresses, with a secret that is shown once and kept encrypted."""

import base64
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from services.intake.api import webhook_endpoints as api
from services.intake.webhook_urls import check_url
from shared.db import webhooks
from shared.db.engine import Database
from shared.db.tables import delivery
from shared.db.webhooks import SEALED_FOR
from shared.domain.errors import InvalidValue
from shared.runtime.ids import new_id
from tests.services.intake.desk import Desk, a_desk

URL = "/v1/webhook-endpoints"
NEW = {"name": "Helpdesk", "url": "https://desk.example.com/in", "topics": ["dispute.resolved", "dispute.escalated"]}


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [api.router]) as opened:
        yield opened


async def subscribe(desk: Desk, admin: dict[str, str], **fields: Any) -> dict[str, Any]:
    reply = await desk.client.post(URL, json=NEW | fields, headers=admin)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


async def test_the_secret_is_shown_once_and_kept_encrypted(desk: Desk) -> None:
    admin = await desk.key(scopes=("admin",))
    made = await subscribe(desk, admin)
    prefix, _, text = made["secret"].partition("_")
    assert (prefix, len(base64.b64decode(text, validate=True))) == ("whsec", 32)
    async with desk.db.transaction() as tx:
        (kept,) = await webhooks.active(tx)
    assert made["secret"].encode() not in kept.secret
    assert desk.parts.sealer.decrypt(SEALED_FOR, kept.secret) == made["secret"]
    for url in (URL, f"{URL}/{made['id']}"):
        reply = await desk.client.get(url, headers=admin)
        assert reply.status_code == 200
        assert "whsec" not in reply.text


async def test_an_endpoint_wants_every_event_unless_it_says_which(desk: Desk) -> None:
    admin = await desk.key(scopes=("admin",))
    reply = await desk.client.post(URL, json={"name": "x", "url": "https://desk.example.com"}, headers=admin)
    assert reply.json()["topics"] == ["dispute.*"]


async def test_rotating_overlaps_until_the_secret_before_is_dropped(desk: Desk) -> None:
    admin = await desk.key(scopes=("admin",))
    made = await subscribe(desk, admin)
    url = f"{URL}/{made['id']}"
    rotated = (await desk.client.post(f"{url}/rotate", headers=admin)).json()
    assert rotated["rotating"] is True
    assert rotated["secret"] != made["secret"]
    async with desk.db.transaction() as tx:
        (kept,) = await webhooks.active(tx)
    assert kept.previous_secret is not None
    assert desk.parts.sealer.decrypt(SEALED_FOR, kept.previous_secret) == made["secret"]
    assert desk.parts.sealer.decrypt(SEALED_FOR, kept.secret) == rotated["secret"]
    assert (await desk.client.delete(f"{url}/previous-secret", headers=admin)).status_code == 204
    assert (await desk.client.get(url, headers=admin)).json()["rotating"] is False


async def test_an_endpoint_is_changed_disabled_enabled_and_removed(desk: Desk) -> None:
    admin = await desk.key(scopes=("admin",))
    url = f"{URL}/{(await subscribe(desk, admin))['id']}"
    changed = await desk.client.patch(url, json={"name": "New", "topics": ["dispute.*", "dispute.*"]}, headers=admin)
    assert (changed.json()["name"], changed.json()["topics"]) == ("New", ["dispute.*"])
    disabled = await desk.client.patch(url, json={"active": False}, headers=admin)
    assert (disabled.json()["active"], disabled.json()["disabled_reason"]) == (False, "Disabled by hand.")
    enabled = await desk.client.patch(url, json={"active": True}, headers=admin)
    assert (enabled.json()["active"], enabled.json()["disabled_reason"]) == (True, None)
    assert (await desk.client.delete(url, headers=admin)).status_code == 204
    assert (await desk.client.get(url, headers=admin)).status_code == 404


async def test_endpoints_are_listed_a_page_at_a_time(desk: Desk) -> None:
    admin = await desk.key(scopes=("admin",))
    made = [(await subscribe(desk, admin, name=f"n{n}"))["id"] for n in range(3)]
    url, read = f"{URL}?limit=2", []
    while url:
        page = await desk.client.get(url, headers=admin)
        read += [item["id"] for item in page.json()["items"]]
        url = page.links.get("next", {}).get("url", "")
    assert read == made


async def test_what_was_sent_is_read_newest_first_and_of_this_endpoint_alone(desk: Desk) -> None:
    admin = await desk.key(scopes=("admin",))
    one, other = await subscribe(desk, admin), await subscribe(desk, admin)
    dispute = await desk.dispute()
    async with desk.db.transaction() as tx:
        for n, recipient in enumerate((one["id"], one["id"], other["id"])):
            row = {
                "id": new_id(),
                "dispute_id": dispute.id,
                "kind": "event",
                "occasion": str(n),
                "audience": "integration",
                "channel": "webhook",
                "recipient": recipient,
                "facts": {},
                "state": "sent",
                "created_at": tx.now,
            }
            await tx.conn.execute(insert(delivery).values(**row))
    reply = await desk.client.get(f"{URL}/{one['id']}/deliveries", headers=admin)
    assert [item["occasion"] for item in reply.json()["items"]] == ["1", "0"]
    assert (await desk.client.get(f"{URL}/{uuid4()}/deliveries", headers=admin)).status_code == 404


async def test_a_test_is_planned_one_at_a_time_and_stands_among_the_deliveries(desk: Desk) -> None:
    admin = await desk.key(scopes=("admin",))
    url = f"{URL}/{(await subscribe(desk, admin))['id']}"
    reply = await desk.client.post(f"{url}/ping", headers=admin)
    planned = reply.json()
    assert (reply.status_code, planned["kind"], planned["state"], planned["dispute_id"]) == (
        202,
        "ping",
        "pending",
        None,
    )
    assert (await desk.client.get(f"{url}/deliveries", headers=admin)).json()["items"] == [planned]
    again = await desk.client.post(f"{url}/ping", headers=admin)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    async with desk.db.transaction() as tx:
        await tx.raw.execute("update delivery set state = 'sent', due_at = null")
    assert (await desk.client.post(f"{url}/ping", headers=admin)).status_code == 202


async def test_a_disabled_endpoint_is_not_tested(desk: Desk) -> None:
    admin = await desk.key(scopes=("admin",))
    url = f"{URL}/{(await subscribe(desk, admin))['id']}"
    await desk.client.patch(url, json={"active": False}, headers=admin)
    reply = await desk.client.post(f"{url}/ping", headers=admin)
    assert (reply.status_code, reply.json()["code"]) == (409, "conflict")


REFUSED = [
    "http://desk.example.com/in",
    "ftp://desk.example.com/in",
    "https://",
    "https:///in",
    "desk.example.com",
    "https://user:secret@desk.example.com/",
    "https://desk.example.com/#part",
    "https://localhost/in",
    "https://desk/in",
    "https://desk.internal/in",
    "https://desk.local./in",
    "https://127.0.0.1/in",
    "https://10.0.0.8/in",
    "https://169.254.169.254/latest/meta-data",
    "https://192.168.1.1",
    "https://100.64.0.1",
    "https://0.0.0.0",
    "https://224.0.0.1",
    "https://[::1]/in",
    "https://[fe80::1]/in",
    "https://[fd00::1]/in",
    "https://[::ffff:127.0.0.1]/in",
    "https://[fe80::1%25eth0]/in",
    "https://2130706433/in",
    "https://127.1/in",
    "https://0x7f.0.0.1/in",
    "https://desk.example.com:99999/in",
    "https://desk.example.com:0/in",
    "https://desk.example.com\\@10.0.0.1/in",
    "https://desk.example.com/a b",
    "https://dęsk.example.com/",
    "https://desk.example.com/" + "x" * 2000,
]


@pytest.mark.parametrize("url", REFUSED)
async def test_an_address_that_is_not_public_is_refused(desk: Desk, url: str) -> None:
    admin = await desk.key(scopes=("admin",))
    reply = await desk.client.post(URL, json=NEW | {"url": url}, headers=admin)
    assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/url")


async def test_an_endpoint_cannot_move_to_an_address_that_is_not_public(desk: Desk) -> None:
    admin = await desk.key(scopes=("admin",))
    url = f"{URL}/{(await subscribe(desk, admin))['id']}"
    assert (await desk.client.patch(url, json={"url": "https://10.0.0.1"}, headers=admin)).status_code == 422


async def test_private_addresses_are_taken_when_the_installation_allows_them(db: Database) -> None:
    async with a_desk(db, [api.router], webhook_allow_private=True) as desk:
        admin = await desk.key(scopes=("admin",))
        assert (await subscribe(desk, admin, url="http://127.0.0.1:9000/in"))["active"] is True


@pytest.mark.parametrize(
    "url",
    [
        "https://desk.example.com",
        "https://8.8.8.8:8443/in?x=1",
        "https://[2606:4700::1111]/",
        "https://xn--dsk-lma.example",
    ],
)
def test_public_addresses_are_taken(url: str) -> None:
    assert check_url(url) == url


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused_and_nothing_else(text: str) -> None:
    for url in (text, f"https://{text}", f"https://[{text}]/"):
        with suppress(InvalidValue):
            assert check_url(url).startswith("https://")


@given(st.ip_addresses())
def test_no_address_of_an_inner_network_is_taken(address: Any) -> None:
    host = f"[{address}]" if address.version == 6 else str(address)
    try:
        check_url(f"https://{host}/")
    except InvalidValue:
        return
    assert address.is_global
    assert not address.is_multicast


@pytest.mark.parametrize("topics", [[], ["invoice.paid"], ["dispute.resolved", "*"], ["inbound.received"], ["x"] * 51])
async def test_topics_that_no_event_has_are_refused(desk: Desk, topics: list[str]) -> None:
    reply = await desk.client.post(URL, json=NEW | {"topics": topics}, headers=await desk.key(scopes=("admin",)))
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"].startswith("/topics")


@pytest.mark.parametrize("body", [{}, {"name": None}, {"secret": "whsec_x"}, {"active": "no"}])
async def test_a_change_that_says_nothing_is_refused(desk: Desk, body: dict[str, Any]) -> None:
    admin = await desk.key(scopes=("admin",))
    url = f"{URL}/{(await subscribe(desk, admin))['id']}"
    assert (await desk.client.patch(url, json=body, headers=admin)).status_code == 422


@pytest.mark.parametrize(
    ("method", "tail", "scope"),
    [
        ("POST", "", "admin"),
        ("GET", "", "ops:read"),
        ("GET", "/{id}", "ops:read"),
        ("GET", "/{id}/deliveries", "ops:read"),
        ("PATCH", "/{id}", "admin"),
        ("DELETE", "/{id}", "admin"),
        ("POST", "/{id}/rotate", "admin"),
        ("POST", "/{id}/ping", "admin"),
        ("DELETE", "/{id}/previous-secret", "admin"),
    ],
)
async def test_each_door_needs_its_scope_and_an_endpoint_that_exists(
    desk: Desk, method: str, tail: str, scope: str
) -> None:
    body = {"POST": NEW, "PATCH": {"name": "x"}}.get(method)
    url = f"{URL}{tail}".format(id=uuid4())
    case_worker = await desk.key(scopes=("disputes:read", "disputes:write", "cases:work", "policies:write"))
    denied = await desk.client.request(method, url, json=body, headers=case_worker)
    assert (denied.status_code, denied.json()["scope"]) == (403, scope)
    assert (await desk.client.request(method, url, json=body)).status_code == 401
    if tail:
        missing = await desk.client.request(method, url, json=body, headers=await desk.key(scopes=("admin",)))
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
