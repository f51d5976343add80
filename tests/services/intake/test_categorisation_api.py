"""Which model of categorisation answers, how it was measured and who published it can be read by those who watch."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.intake.api import categorisation as api
from shared.db import category_models as models
from shared.db import disputes
from shared.db.engine import Database
from tests.builders import a_dispute, a_filing
from tests.services.intake.desk import Desk, a_desk


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [api.router]) as opened:
        yield opened


async def read(desk: Desk, path: str, scope: str = "ops:read") -> Any:
    headers = await desk.key("observer", tier=None, scopes=[scope])
    reply = await desk.client.get(f"/v1/categorisation{path}", headers=headers)
    assert reply.status_code == 200, reply.text
    return reply.json()


async def test_before_anything_is_published_the_shipped_model_answers(desk: Desk) -> None:
    assert await read(desk, "/models", "policies:write") == {
        "published": None,
        "in_use": None,
        "items": [],
        "publications": [],
    }


async def test_models_reports_and_publications_are_told(desk: Desk) -> None:
    async with desk.db.transaction() as tx:
        for at in range(2):
            await models.add(tx, b"a file", {"texts": at}, author="operator:ada")
        await models.publish(tx, 1, author="operator:ada", reason="better on October")
    told = await read(desk, "/models")
    assert (told["published"], told["in_use"]) == (1, None)  # nobody has looked yet in this process
    assert [each["version"] for each in told["items"]] == [2, 1]
    assert told["items"][0]["published_at"] is None
    (line,) = told["publications"]
    assert (line["version"], line["author"], line["reason"]) == (1, "operator:ada", "better on October")
    one = await read(desk, "/models/2")
    assert (one["report"], one["size"], len(one["sha256"])) == ({"texts": 1}, 6, 64)


async def test_what_is_in_use_here_is_told_apart_from_what_is_published(desk: Desk) -> None:
    desk.parts.in_use.version = 7
    assert (await read(desk, "/models"))["in_use"] == 7


async def test_drift_is_told_for_a_month_or_for_this_one(desk: Desk) -> None:
    async with desk.db.transaction() as tx:
        await disputes.insert_many(tx, [a_filing(a_dispute(received_at=tx.now - timedelta(seconds=1)))])
        month = f"{tx.now:%Y-%m}"
    told = await read(desk, "/drift")
    assert (told["month"], told["verdict"], told["answers"]["this"]) == (month, "too_few", 1)
    assert (await read(desk, "/drift?month=2025-02"))["answers"] == {"last": 0, "this": 0}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/models/9", 404),
        ("/models/0", 422),
        ("/models/x", 422),
        ("/drift?month=2026-13", 422),
        ("/drift?month=May", 422),
    ],
)
async def test_what_is_not_there_is_said(desk: Desk, path: str, status: int) -> None:
    headers = await desk.key("observer", tier=None, scopes=["ops:read"])
    assert (await desk.client.get(f"/v1/categorisation{path}", headers=headers)).status_code == status


async def test_agents_do_not_read_models(desk: Desk) -> None:
    for path in ("/models", "/models/1", "/drift"):
        assert (await desk.client.get(f"/v1/categorisation{path}", headers=await desk.key())).status_code == 403
