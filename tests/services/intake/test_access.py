"""API keys and principals: who gets in, with which scopes, for how long."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.security import KeyRing
from shared.db import keys, principals
from shared.db.engine import Database
from shared.domain.errors import Conflict, InvalidValue
from tests.services.intake.counter import Counter, a_counter
from tests.waiting import eventually

ADMIN = "the administrator of the tests"


@pytest.fixture
async def counter(db: Database) -> AsyncIterator[Counter]:
    async with a_counter(db) as opened:
        yield opened


async def a_key(counter: Counter, scopes: list[str], **fields: Any) -> Any:
    """A key of a new agent, made through the API."""
    made = await counter.client.post("/v1/principals", json={"name": f"Bo {uuid4()}", "role": "agent", "tier": 1})
    body = {"principal_id": made.json()["id"], "name": "desk", "scopes": scopes, **fields}
    reply = await counter.client.post("/v1/keys", json=body)
    assert reply.status_code == 201, reply.text
    return reply.json()


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


NOBODY = [b"", b"Bearer", b"Bearer ", b"Basic YTpi", b"Bearer nobody", b"Bearer \xe9\xff", b"Bearer " + b"x" * 600]


async def test_a_key_is_shown_once_and_only_its_hash_is_kept(counter: Counter) -> None:
    made = await a_key(counter, ["disputes:read"])
    text = made["key"]
    start, prefix, secret = text.split("_")
    assert (start, prefix, len(prefix), len(secret)) == ("rk", made["prefix"], 8, 43)
    assert secret.isalnum()
    assert text not in (await counter.client.get("/v1/keys")).text
    assert text not in (await counter.client.get(f"/v1/keys/{made['id']}")).text
    async with counter.db.transaction() as tx:
        stored = await tx.raw.fetchrow("select * from api_key where prefix = $1", prefix)
    assert stored is not None
    assert stored["hash"] == keys.digest(text)
    assert secret not in str(dict(stored))


async def test_without_a_key_nothing_is_told(counter: Counter) -> None:
    for header in NOBODY:
        reply = await counter.client.get("/v1/disputes", headers={b"authorization": header})
        assert reply.status_code == 401
        assert reply.json()["code"] == "unauthenticated"
        assert reply.headers["www-authenticate"].startswith("Bearer")


async def test_who_may_not_enter_is_refused_before_the_body_is_looked_at(counter: Counter) -> None:
    reply = await counter.client.post("/v1/disputes", content=b"{" * 1000, headers=bearer("nobody"))
    assert reply.status_code == 401


NOTHING = UUID(int=7)
"""An id that nothing has; the same in every process, for it names tests."""

ROUTES = [
    ("POST", "/v1/disputes", "disputes:write"),
    ("POST", "/v1/disputes/batch", "disputes:write"),
    ("GET", "/v1/disputes", "disputes:read"),
    ("GET", f"/v1/disputes/{NOTHING}", "disputes:read"),
    ("PATCH", f"/v1/disputes/{NOTHING}", "disputes:write"),
    ("GET", f"/v1/disputes/{NOTHING}/history", "disputes:read"),
    ("POST", "/v1/principals", "admin"),
    ("GET", "/v1/principals", "admin"),
    ("GET", f"/v1/principals/{NOTHING}", "admin"),
    ("PATCH", f"/v1/principals/{NOTHING}", "admin"),
    ("POST", "/v1/keys", "admin"),
    ("GET", "/v1/keys", "admin"),
    ("GET", f"/v1/keys/{NOTHING}", "admin"),
    ("POST", f"/v1/keys/{NOTHING}/rotate", "admin"),
    ("POST", f"/v1/keys/{NOTHING}/revoke", "admin"),
]
BODIES: dict[str, Any] = {
    "/v1/disputes/batch": {"disputes": [{}]},
    "/v1/principals": {"name": "Bo", "role": "agent"},
    "/v1/keys": {"principal_id": str(uuid4()), "name": "x", "scopes": ["admin"]},
}


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
async def test_each_route_names_the_scope_it_wants(counter: Counter, method: str, path: str, scope: str) -> None:
    others = [each for each in keys.SCOPES if each not in (scope, "admin")]
    body = BODIES.get(path, {"category": "other"}) if method in ("POST", "PATCH") else None
    if path.endswith(("rotate", "revoke")):
        body = None
    reply = await counter.client.request(method, path, json=body, headers=await counter.key(*others))
    assert reply.status_code == 403
    assert reply.json()["code"] == "insufficient_scope"
    assert reply.json()["scope"] == scope
    assert f'scope="{scope}"' in reply.headers["www-authenticate"]


async def test_a_key_that_sees_only_its_own_is_told_nothing_of_others(counter: Counter) -> None:
    theirs = (await counter.file()).json()
    narrow = await counter.key("disputes:read", "disputes:write", "disputes:own")
    mine = (await counter.file(narrow)).json()
    assert (await counter.client.get(mine["links"]["self"], headers=narrow)).status_code == 200
    listed = (await counter.client.get("/v1/disputes", headers=narrow)).json()
    assert [each["id"] for each in listed["items"]] == [mine["id"]]
    stale = narrow | {"if-match": '"7"'}
    refusals = [
        await counter.client.get(theirs["links"]["self"], headers=narrow),
        await counter.client.get(theirs["links"]["history"], headers=narrow),
        await counter.client.patch(theirs["links"]["self"], json={"category": "other"}, headers=stale),
    ]
    unknown = await counter.client.get(f"/v1/disputes/{NOTHING}", headers=narrow)
    for reply in refusals:
        assert reply.status_code == 404
        assert reply.json()["title"] == unknown.json()["title"]


ABOUT_THE_WHOLE_HOUSE = [
    ("GET", "/v1/assignments/load"),
    ("POST", "/v1/assignments/reassign"),
    ("POST", "/v1/assignments/reassign/dry-run"),
    ("GET", "/v1/assignments/reassignments"),
    ("GET", f"/v1/assignments/reassignments/{NOTHING}"),
    ("POST", f"/v1/assignments/reassignments/{NOTHING}/cancel"),
    ("GET", "/v1/insight/matrix"),
    ("GET", "/v1/categorisation/drift"),
    ("POST", "/v1/policies/escalation/dry-run"),
    ("POST", "/v1/policies/escalation/replay"),
    ("PUT", "/v1/policies/escalation"),
    ("POST", "/v1/policies/escalation/migrations"),
    ("GET", "/v1/policies/escalation/migrations"),
    ("GET", f"/v1/policies/escalation/migrations/{NOTHING}"),
    ("POST", f"/v1/policies/escalation/migrations/{NOTHING}/cancel"),
    ("GET", f"/v1/webhook-endpoints/{NOTHING}/deliveries"),
    ("GET", "/v1/inbound-deliveries"),
    ("GET", f"/v1/inbound-deliveries/{NOTHING}"),
    ("GET", "/v1/dead-letters"),
]


@pytest.mark.parametrize(("method", "path"), ABOUT_THE_WHOLE_HOUSE)
async def test_a_key_that_sees_only_its_own_has_no_part_in_what_is_about_all(
    counter: Counter, method: str, path: str
) -> None:
    every = [each for each in keys.SCOPES if each != "admin"]
    reply = await counter.client.request(
        method, path, json={} if method in ("POST", "PUT") else None, headers=await counter.key(*every, role="lead")
    )
    assert (reply.status_code, reply.json()["code"]) == (403, "not_permitted")
    assert "only the disputes that its principal filed" in reply.json()["detail"]


async def test_a_revoked_key_is_refused_at_once(counter: Counter) -> None:
    made = await a_key(counter, ["disputes:read"])
    header = bearer(made["key"])
    assert (await counter.client.get("/v1/disputes", headers=header)).status_code == 200
    revoked = await counter.client.post(f"/v1/keys/{made['id']}/revoke")
    assert revoked.json()["revoked_at"] is not None
    assert (await counter.client.get("/v1/disputes", headers=header)).status_code == 401
    again = await counter.client.post(f"/v1/keys/{made['id']}/revoke")
    assert again.json() == revoked.json() | {"last_used_at": again.json()["last_used_at"]}


async def test_a_rotated_key_works_beside_its_successor_until_the_overlap_ends(counter: Counter) -> None:
    old = await a_key(counter, ["disputes:read"])
    reply = await counter.client.post(f"/v1/keys/{old['id']}/rotate", json={"overlap_seconds": 3600})
    new = reply.json()
    assert reply.headers["location"] == f"/v1/keys/{new['id']}"
    assert (new["name"], new["scopes"]) == (old["name"], old["scopes"])
    for text in (old["key"], new["key"]):
        assert (await counter.client.get("/v1/disputes", headers=bearer(text))).status_code == 200
    later = Database(counter.db.engine, offset=lambda: timedelta(hours=2))
    async with later.transaction() as tx:
        assert await keys.find_caller(tx, old["key"]) is None
        assert await keys.find_caller(tx, new["key"]) is not None
    gone = await counter.client.post(f"/v1/keys/{old['id']}/revoke")
    assert gone.status_code == 200
    assert (await counter.client.post(f"/v1/keys/{old['id']}/rotate")).status_code == 409


async def test_a_key_expires_when_it_says(counter: Counter) -> None:
    made = await a_key(counter, ["disputes:read"], expires_at="2199-01-01T00:00:00Z")
    async with counter.db.transaction() as tx:
        assert await keys.find_caller(tx, made["key"]) is not None
    later = Database(counter.db.engine, offset=lambda: timedelta(days=365 * 174))
    async with later.transaction() as tx:
        assert await keys.find_caller(tx, made["key"]) is None


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["everything"]}, "/scopes/0"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "2199-01-01T00:00:00"}, "/expires_at"),
        ({"name": ""}, "/name"),
        ({"principal_id": "me"}, "/principal_id"),
    ],
)
async def test_a_key_that_cannot_be_made_names_the_field(
    counter: Counter, fields: dict[str, Any], pointer: str
) -> None:
    async with counter.db.transaction() as tx:
        made = await principals.create(tx, name="Bo", role="agent")
    body = {"principal_id": str(made.id), "name": "desk", "scopes": ["disputes:read"]} | fields
    reply = await counter.client.post("/v1/keys", json=body)
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == pointer


async def test_a_key_for_nobody_is_not_found(counter: Counter) -> None:
    body = {"principal_id": str(uuid4()), "name": "desk", "scopes": ["disputes:read"]}
    assert (await counter.client.post("/v1/keys", json=body)).status_code == 404


async def test_a_principal_may_have_only_so_many_live_keys(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "KEYS_PER_PRINCIPAL_MAX", 1)
    made = await a_key(counter, ["disputes:read"])
    body = {"principal_id": made["principal_id"], "name": "desk", "scopes": ["disputes:read"]}
    assert (await counter.client.post("/v1/keys", json=body)).status_code == 409


async def test_expired_and_revoked_keys_leave_room_for_new_ones(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "KEYS_PER_PRINCIPAL_MAX", 2)
    made = await a_key(counter, ["disputes:read"], expires_at="2199-01-01T00:00:00Z")
    owner = UUID(made["principal_id"])
    async with counter.db.transaction() as tx:
        other, _ = await keys.create_key(tx, owner, name="desk", scopes=["disputes:read"])
        await keys.revoke_key(tx, other.id)
        await keys.create_key(tx, owner, name="desk", scopes=["disputes:read"])
        with pytest.raises(Conflict):
            await keys.create_key(tx, owner, name="desk", scopes=["disputes:read"])
    later = Database(counter.db.engine, offset=lambda: timedelta(days=365 * 174))
    async with later.transaction() as tx:
        await keys.create_key(tx, owner, name="desk", scopes=["disputes:read"])
        with pytest.raises(Conflict):
            await keys.create_key(tx, owner, name="desk", scopes=["disputes:read"])


async def test_who_has_as_many_keys_as_one_may_have_can_rotate_one_at_a_time(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "KEYS_PER_PRINCIPAL_MAX", 1)
    first = await a_key(counter, ["disputes:read"])
    second = (await counter.client.post(f"/v1/keys/{first['id']}/rotate")).json()
    too_many = await counter.client.post(f"/v1/keys/{second['id']}/rotate")
    assert (too_many.status_code, too_many.json()["code"]) == (409, "conflict")
    at_once = await counter.client.post(f"/v1/keys/{second['id']}/rotate", json={"overlap_seconds": 0})
    assert at_once.status_code == 201
    await counter.client.post(f"/v1/keys/{first['id']}/revoke")
    assert (await counter.client.post(f"/v1/keys/{at_once.json()['id']}/rotate")).status_code == 201


async def test_a_key_is_rotated_once_and_then_its_successor(counter: Counter) -> None:
    old = await a_key(counter, ["disputes:read"], expires_at="2199-01-01T00:00:00Z")
    new = (await counter.client.post(f"/v1/keys/{old['id']}/rotate", json={"overlap_seconds": 60})).json()
    before = (await counter.client.get(f"/v1/keys/{old['id']}")).json()
    assert (before["successor_id"], new["successor_id"]) == (new["id"], None)
    again = await counter.client.post(f"/v1/keys/{old['id']}/rotate")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert new["id"] in again.json()["detail"]
    assert (await counter.client.get(f"/v1/keys/{old['id']}")).json() == before
    assert new["expires_at"] > "2190"
    assert (await counter.client.post(f"/v1/keys/{new['id']}/rotate")).status_code == 201


async def test_a_key_rotated_by_two_at_the_same_moment_has_one_successor(counter: Counter) -> None:
    old = await a_key(counter, ["disputes:read"])
    async with counter.db.transaction() as tx:
        await keys.rotate_key(tx, UUID(old["id"]), overlap=timedelta(hours=1))
        asked = asyncio.create_task(counter.client.post(f"/v1/keys/{old['id']}/rotate"))
        await eventually(lambda: somebody_waits(counter.db))
    assert (await asked).status_code == 409
    async with counter.db.transaction() as tx:
        assert len(await keys.list_keys(tx, principal_id=UUID(old["principal_id"]))) == 2


async def test_keys_made_at_the_same_moment_stay_within_the_limit(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "KEYS_PER_PRINCIPAL_MAX", 2)
    made = await a_key(counter, ["disputes:read"])
    body = {"principal_id": made["principal_id"], "name": "desk", "scopes": ["disputes:read"]}
    async with counter.db.transaction() as tx:
        await keys.create_key(tx, UUID(made["principal_id"]), name="desk", scopes=["disputes:read"])
        asked = asyncio.create_task(counter.client.post("/v1/keys", json=body))
        await eventually(lambda: somebody_waits(counter.db))
    assert (await asked).status_code == 409


async def somebody_waits(db: Database) -> bool:
    """Whether a transaction waits for another's lock."""
    query = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    async with db.transaction() as tx:
        return bool(await tx.raw.fetchval(query))


async def test_the_key_of_the_environment_is_not_rotated_by_the_api(counter: Counter) -> None:
    async with counter.db.transaction() as tx:
        caller = await keys.find_caller(tx, ADMIN)
    assert caller is not None
    reply = await counter.client.post(f"/v1/keys/{caller.key_id}/rotate")
    assert (reply.status_code, reply.json()["code"]) == (409, "conflict")
    assert "RECOURSE_ADMIN_KEY" in reply.json()["detail"]


async def test_two_principals_have_not_one_name(counter: Counter) -> None:
    body = {"name": "Bo", "role": "agent"}
    first, second = [await counter.client.post("/v1/principals", json=body) for _ in range(2)]
    assert (first.status_code, second.status_code) == (201, 409)


async def test_a_principal_changes_and_an_inactive_one_is_refused_at_once(counter: Counter) -> None:
    made = await a_key(counter, ["disputes:read"])
    path = f"/v1/principals/{made['principal_id']}"
    changed = (await counter.client.patch(path, json={"role": "lead", "tier": None})).json()
    assert (changed["role"], changed["tier"]) == ("lead", None)
    assert (await counter.client.get("/v1/disputes", headers=bearer(made["key"]))).status_code == 200
    await counter.client.patch(path, json={"active": False})
    assert (await counter.client.get("/v1/disputes", headers=bearer(made["key"]))).status_code == 401
    for body in ({}, {"active": None}, {"role": "king"}, {"tier": 0}, {"name": "X"}):
        assert (await counter.client.patch(path, json=body)).status_code == 422
    assert (await counter.client.patch(f"/v1/principals/{NOTHING}", json={"tier": 2})).status_code == 404


async def test_principals_and_keys_are_listed_a_page_at_a_time(counter: Counter) -> None:
    for _ in range(3):
        await a_key(counter, ["disputes:read"])
    for path, total in (("/v1/principals", 4), ("/v1/keys", 4)):
        seen: list[str] = []
        query = "?limit=3"
        while query:
            page = (await counter.client.get(path + query)).json()
            seen += [each["id"] for each in page["items"]]
            query = f"?limit=3&after={page['next_after']}" if page["has_more"] else ""
        assert len(seen) == len(set(seen)) == total


async def test_the_use_of_a_key_is_noted_about_once_a_minute(counter: Counter) -> None:
    async with counter.db.transaction() as tx:
        caller = await keys.find_caller(tx, ADMIN)
        assert caller is not None
        first = (await keys.get_key(tx, caller.key_id)).last_used_at
    soon = Database(counter.db.engine, offset=lambda: timedelta(seconds=50))
    late = Database(counter.db.engine, offset=lambda: timedelta(seconds=70))
    for db, moved in ((soon, False), (late, True)):
        async with db.transaction() as tx:
            await keys.find_caller(tx, ADMIN)
            assert ((await keys.get_key(tx, caller.key_id)).last_used_at != first) is moved


async def test_a_known_key_is_remembered_for_seconds_and_then_asked_for_again(counter: Counter) -> None:
    now = 0.0
    ring = KeyRing(counter.db, lambda: now)
    header = f"Bearer {ADMIN}".encode()
    assert await ring.caller(header) is not None
    async with counter.db.transaction() as tx:  # another process revokes it
        await tx.raw.execute("update api_key set revoked_at = now()")
    assert await ring.caller(header) is not None
    now = 5.1
    assert await ring.caller(header) is None


async def test_the_first_administrators_key_can_be_any_long_text_and_replaces_its_predecessor(db: Database) -> None:
    async with db.transaction() as tx:
        first = await keys.ensure_admin(tx, "correct horse battery staple")
        assert (await keys.ensure_admin(tx, "correct horse battery staple")).id == first.id
        await keys.ensure_admin(tx, "another long enough text")
        assert await keys.find_caller(tx, "correct horse battery staple") is None
        found = await keys.find_caller(tx, "another long enough text")
        assert found is not None
        assert found.may("policies:write")
        assert found.role == "admin"
        again = await keys.ensure_admin(tx, "correct horse battery staple")
        assert again.id == first.id
        assert again.revoked_at is None
        with pytest.raises(InvalidValue):
            await keys.ensure_admin(tx, "too short")


async def test_the_administrator_of_the_environment_is_let_in_again_after_having_been_deactivated(db: Database) -> None:
    async with db.transaction() as tx:
        made = await keys.ensure_admin(tx, "correct horse battery staple")
        await principals.change(tx, made.principal_id, active=False)
        assert await keys.find_caller(tx, "correct horse battery staple") is None
    async with db.transaction() as tx:
        await keys.ensure_admin(tx, "correct horse battery staple")
        assert await keys.find_caller(tx, "correct horse battery staple") is not None


def test_made_keys_are_all_different_and_of_one_form() -> None:
    made = {keys.make_text()[0] for _ in range(100)}
    assert len(made) == 100
    assert all(len(text) == 55 for text in made)
