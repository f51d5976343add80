"""Lists of disputes: every filter, a page at a time, newest first, with bounded work."""

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest

from shared.db import disputes, risk, search
from shared.db.disputes import Filing, Private
from shared.db.engine import Database
from shared.db.search import Place, Wanted
from shared.domain.dispute import Category, Dispute, Severity
from shared.domain.lifecycle import ACTIVE, Status
from tests.builders import MONDAY_NINE, a_dispute, filed_event
from tests.services.intake.counter import Counter, a_counter

WORDS = ("kettle", "refund", "charge", "parcel", "broken")
HANDLERS = ("Ann Lee", "Bo Berg", None)


@pytest.fixture
async def counter(db: Database) -> AsyncIterator[Counter]:
    async with a_counter(db) as opened:
        yield opened


def private(subject: str = "Charged twice", **fields: Any) -> Private:
    given: dict[str, Any] = {"name": "Ada", "email": None, "phone": None, "customer_reference": None}
    return Private(**(given | fields), subject=subject, description="x")


async def store(db: Database, made: Sequence[tuple[Dispute, Private]]) -> None:
    async with db.transaction() as tx:
        filings = [Filing(dispute, side, (filed_event(dispute),), "system:intake") for dispute, side in made]
        await disputes.insert_many(tx, filings)


async def miss(db: Database, dispute_id: UUID, state: str = "missed", **fields: Any) -> None:
    """A clock of the dispute in this state."""
    row = {"due_at": MONDAY_NINE, "met_at": None, "generation": 1} | fields
    async with db.transaction() as tx:
        await tx.raw.execute(
            "insert into clock (dispute_id, kind, generation, phase, state, spec, extensions, policy_version, opened_at, "
            "started_at, due_at, met_at) values ($1, 'tier', $6, 0, $2, '{}', '[]', 1, $3, $3, $4, $5)",
            dispute_id,
            state,
            MONDAY_NINE,
            row["due_at"],
            row["met_at"],
            row["generation"],
        )
        if state == "running":
            await tx.raw.execute(
                "insert into timer (dispute_id, kind, due_at, generation) values ($1, 'tier', $2, 1)",
                dispute_id,
                row["due_at"],
            )


def a_crowd(size: int, seed: int) -> list[tuple[Dispute, Private]]:
    """Disputes of every kind; some were received at the very same instant."""
    chance = random.Random(seed)
    customers = [uuid4() for _ in range(5)]
    crowd = []
    for n in range(size):
        category = Category(
            chance.choice(["billing_error", "warranty", "other"]), 0.5, needs_person=chance.random() < 0.3
        )
        dispute = a_dispute(
            reference=f"D-2026-{n:06d}",
            status=chance.choice(list(Status)),
            category=category,
            severity=chance.choice(list(Severity)),
            tier=chance.choice([None, 1, 2, 3]),
            handler=chance.choice(HANDLERS),
            channel=chance.choice(["api", "email"]),
            customer_id=chance.choice(customers),
            received_at=MONDAY_NINE + timedelta(minutes=chance.randrange(size // 2)),
            order_reference=chance.choice([None, "SO-1", "SO-2"]),
        )
        subject = " ".join(chance.sample(WORDS, 2)).capitalize()
        crowd.append((dispute, private(subject, email=chance.choice([None, "ada@example.org", "bo@example.org"]))))
    return crowd


def wants(
    wanted: Wanted, dispute: Dispute, side: Private, late: set[UUID], risks: Mapping[UUID, float] | None = None
) -> bool:
    """What the filters mean, said plainly."""
    words = set(side.subject.lower().split())
    tests = [
        wanted.status is None or dispute.status in wanted.status,
        wanted.category in (None, dispute.category.name),
        wanted.tier in (None, dispute.tier),
        wanted.handler in (None, dispute.handler),
        wanted.severity in (None, dispute.severity),
        wanted.channel in (None, dispute.channel),
        wanted.customer_id in (None, dispute.customer_id),
        wanted.needs_person in (None, dispute.category.needs_person),
        not wanted.overdue or (dispute.id in late and dispute.status in ACTIVE),
        wanted.risk_at_least is None
        or (dispute.status in ACTIVE and (risks or {}).get(dispute.id, -1) >= wanted.risk_at_least),
        wanted.received_from is None or dispute.received_at >= wanted.received_from,
        wanted.received_to is None or dispute.received_at < wanted.received_to,
        wanted.q is None
        or wanted.q in (dispute.reference, dispute.order_reference, side.email)
        or (wanted.q.islower() and set(wanted.q.split()) <= words),
    ]
    return all(tests)


def some_filters(chance: random.Random, customer_id: UUID) -> Wanted:
    choices: dict[str, Sequence[Any]] = {
        "status": [(Status.RECEIVED,), tuple(ACTIVE), (Status.CLOSED, Status.RESOLVED)],
        "category": ["warranty", "communication"],
        "tier": [1, 2, 3, 9],
        "handler": ["Ann Lee", "Nobody"],
        "severity": list(Severity),
        "channel": ["email", "letter"],
        "customer_id": [customer_id],
        "needs_person": [True, False],
        "overdue": [True],
        "risk_at_least": [0.0, 0.3, 0.9, 1.0],
        "q": ["D-2026-000003", "SO-1", "ada@example.org", "kettle", "broken kettle", "dragon"],
        "received_from": [MONDAY_NINE + timedelta(minutes=20)],
        "received_to": [MONDAY_NINE + timedelta(minutes=40)],
    }
    named = chance.sample(sorted(choices), chance.choice([0, 1, 1, 1, 2, 2, 3]))
    return Wanted(**{name: chance.choice(choices[name]) for name in named})


async def every_page(db: Database, wanted: Wanted, limit: int) -> list[str]:
    """All pages of a list, one after the other; ends, because each page begins below the last."""
    seen: list[str] = []
    after: Place | None = None
    for _ in range(500):
        async with db.transaction() as tx:
            page = await search.page(tx, wanted, after=after, limit=limit)
        assert len(page.items) <= limit
        seen += [each.dispute.reference for each in page.items]
        assert after is None or page.next is None or page.next[::-1] != after[::-1]
        after = page.next
        if after is None:
            return seen
    raise AssertionError("the pages never end")


@pytest.mark.parametrize(("scan", "rare"), [(10_000, 2_000), (7, 2_000), (7, 3), (1_000, 1)])
async def test_all_pages_together_are_what_the_filters_mean(
    db: Database, monkeypatch: pytest.MonkeyPatch, scan: int, rare: int
) -> None:
    monkeypatch.setattr(search, "SCAN_MAX", scan)
    monkeypatch.setattr(search, "RARE_MAX", rare)
    monkeypatch.setattr(search, "OVERDUE_RARE_MAX", rare)
    crowd = a_crowd(120, seed=scan + rare)
    await store(db, crowd)
    late = {dispute.id for dispute, _ in crowd[::9]}
    for n, dispute_id in enumerate(late):
        await miss(db, dispute_id, "running" if n % 3 == 0 else "missed")
    chance = random.Random(scan)
    risks = {dispute.id: round(chance.random(), 2) for dispute, _ in crowd[::2]}
    async with db.transaction() as tx:
        await risk.keep(tx, risks, None)
    newest = sorted(crowd, key=lambda each: (each[0].received_at, each[0].id), reverse=True)
    for _ in range(60):
        wanted = some_filters(chance, crowd[0][0].customer_id)
        expected = [each.reference for each, side in newest if wants(wanted, each, side, late, risks)]
        assert await every_page(db, wanted, chance.choice([1, 5, 100])) == expected, wanted


async def test_overdue_is_a_clock_that_ran_out_and_was_not_met(db: Database) -> None:
    crowd = [(a_dispute(reference=f"R{n}"), private()) for n in range(5)]
    crowd.append((a_dispute(reference="R5", status=Status.CLOSED), private()))
    await store(db, crowd)
    ids = [dispute.id for dispute, _ in crowd]
    async with db.transaction() as tx:
        soon, past = tx.now + timedelta(hours=1), tx.now - timedelta(hours=1)
    await miss(db, ids[0])
    await miss(db, ids[1], met_at=MONDAY_NINE)  # late, but met
    await miss(db, ids[2], "running", due_at=past)  # the engine has not come to it yet
    await miss(db, ids[3], "running", due_at=soon)
    await miss(db, ids[4])
    await miss(db, ids[4], "running", due_at=soon, generation=2)  # the next tier has its own time
    await miss(db, ids[5])
    assert sorted(await every_page(db, Wanted(overdue=True), 10)) == ["R0", "R2"]


async def test_who_lists_by_risk_sees_the_unresolved_ones_and_has_scores_kept_from_then_on(counter: Counter) -> None:
    filed = [(await counter.file()).json() for _ in range(4)]
    async with counter.db.transaction() as tx:
        assert not await risk.listed_by(tx)
        await risk.keep(tx, {UUID(each["id"]): 0.25 * n for n, each in enumerate(filed)}, None)
        await tx.raw.execute("update dispute set status = 'closed' where id = $1", UUID(filed[3]["id"]))
    first = (await counter.client.get("/v1/disputes?risk_at_least=0.25&limit=1")).json()
    assert [each["reference"] for each in first["items"]] == [filed[2]["reference"]]
    more = f"/v1/disputes?risk_at_least=0.25&limit=1&cursor={first['next_cursor']}"
    second = (await counter.client.get(more)).json()
    assert [each["reference"] for each in second["items"]] == [filed[1]["reference"]]
    forged = await counter.client.get(more.replace("0.25", "0.5"))
    assert (forged.status_code, forged.json()["code"]) == (400, "invalid_cursor")
    async with counter.db.transaction() as tx:
        assert await risk.listed_by(tx)


async def test_pages_follow_each_other_by_cursor_and_link(counter: Counter) -> None:
    for _ in range(7):
        await counter.file()
    path, seen = "/v1/disputes?limit=3&channel=api", []
    while path:
        reply = await counter.client.get(path)
        page = reply.json()
        seen += [each["reference"] for each in page["items"]]
        assert page["has_more"] is ("link" in reply.headers) is (page["next_cursor"] is not None)
        path = reply.links["next"]["url"] if page["has_more"] else ""
    assert len(seen) == len(set(seen)) == 7
    assert seen == sorted(seen, reverse=True)


async def test_what_arrives_while_somebody_pages_moves_nothing(counter: Counter) -> None:
    for _ in range(4):
        await counter.file()
    first = (await counter.client.get("/v1/disputes?limit=2")).json()
    await counter.file()
    second = (await counter.client.get(f"/v1/disputes?limit=2&cursor={first['next_cursor']}")).json()
    assert [each["reference"][-1] for each in first["items"] + second["items"]] == ["4", "3", "2", "1"]


async def test_a_cursor_is_ours_and_belongs_to_its_filters(counter: Counter) -> None:
    for _ in range(3):
        await counter.file()
    cursor = (await counter.client.get("/v1/disputes?limit=1")).json()["next_cursor"]
    forged = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    for query in (f"cursor={forged}", f"cursor={cursor}&channel=api", "cursor=x", "cursor=", "cursor=%C3%A9.a"):
        reply = await counter.client.get(f"/v1/disputes?limit=1&{query}")
        assert (reply.status_code, reply.json()["code"]) == (400, "invalid_cursor"), query
    narrow = await counter.key("disputes:read", "disputes:own")
    reply = await counter.client.get(f"/v1/disputes?limit=1&cursor={cursor}", headers=narrow)
    assert reply.json()["code"] == "invalid_cursor"
    assert (await counter.client.get(f"/v1/disputes?limit=2&cursor={cursor}")).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=many",
        "status=open",
        "category=weather",
        "tier=0",
        "tier=99999999999999999999",
        "severity=huge",
        "channel=pigeon",
        "customer_id=me",
        "needs_person=perhaps",
        "received_from=yesterday",
        "received_from=2026-01-01T00:00:00",
        "risk_at_least=-0.1",
        "risk_at_least=1.01",
        "risk_at_least=nan",
        "risk_at_least=high",
        "q=",
        "q=%00",
        f"q={'x' * 201}",
        "handler=%0A",
        "sort=oldest",
    ],
)
async def test_a_filter_that_means_nothing_is_named(counter: Counter, query: str) -> None:
    reply = await counter.client.get(f"/v1/disputes?{query}")
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["parameter"] == query.partition("=")[0]


@pytest.mark.parametrize("q", ["' or 1=1 --", "a & b | !c", "<->", "\\", "(((", "%", "'':*", "the", "é"])
async def test_any_text_may_be_looked_for(counter: Counter, q: str) -> None:
    await counter.file()
    assert await counter.ids(f"?q={quote(q)}") == []


async def test_what_a_person_would_type_finds_the_dispute(counter: Counter) -> None:
    filed = (
        await counter.file(order_reference="SO-7", customer={"email": "Ada@example.org", "reference": "C-1"})
    ).json()
    await counter.file(subject="Something else", customer={"email": "bo@example.org"})
    reference = filed["reference"]
    for q in (reference, reference.lower(), "SO-7", "ADA@example.org", "C-1", "twice", "CHARGED twice"):
        assert await counter.ids(f"?q={quote(q)}") == [reference]


async def test_statuses_may_be_several(counter: Counter) -> None:
    await store(counter.db, [(a_dispute(reference=str(s), status=s), private()) for s in Status])
    found = await counter.ids("?status=closed&status=received&status=closed")
    assert sorted(found) == ["closed", "received"]
