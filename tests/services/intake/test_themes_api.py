"""Whoever watches the house reads which themes rose, with the words for it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.intake.api import themes
from shared.db.engine import Database
from tests.db.test_themes import LOUD, QUIET, a_past, counted, filed, now
from tests.services.intake.desk import Desk, a_desk

URL = "/v1/insight/themes"


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [themes.router]) as opened:
        yield opened


async def test_a_theme_is_told_in_words_for_the_newest_day_and_any_other(desk: Desk, db: Database) -> None:
    yesterday = (await now(db) - timedelta(days=2)).replace(hour=12, minute=0)
    await a_past(db, yesterday, a_day=6)
    await filed(db, yesterday, [QUIET] * 6 + [LOUD] * 20)
    await counted(db)
    watcher = await desk.key(scopes=["ops:read"])
    reply = await desk.client.get(f"{URL}?at={yesterday.date()}", headers=watcher)
    assert reply.status_code == 200
    told = reply.json()
    assert (told["starts"], told["ends"]) == (str(yesterday.date()),) * 2
    assert (told["disputes"], told["customers"], told["history"], told["false_alarm_rate"]) == (26, 26, 8, 0.05)
    words = [each["words"] for each in told["themes"]]
    assert any(each.startswith("20 customers wrote “gift card”; 8.9") for each in words)
    assert [each["chance"] for each in told["themes"]] == sorted(each["chance"] for each in told["themes"])
    assert all(len(each["samples"]) == 5 for each in told["themes"])
    narrow = await desk.key("integration", tier=None, scopes=["ops:read", "disputes:own"])
    hidden = (await desk.client.get(f"{URL}?at={yesterday.date()}", headers=narrow)).json()
    assert (hidden["disputes"], hidden["counted_at"], hidden["themes"]) == (0, None, [])
    newest = (await desk.client.get(URL, headers=watcher)).json()
    assert newest["starts"] >= told["starts"]
    week = (
        await desk.client.get(f"{URL}?period=week&at={yesterday.date() - timedelta(days=14)}", headers=watcher)
    ).json()
    assert week["counted_at"] is not None
    assert week["themes"] == []


async def test_of_a_day_that_was_not_counted_nothing_is_told(desk: Desk) -> None:
    watcher = await desk.key(scopes=["ops:read"])
    told = (await desk.client.get(URL, headers=watcher)).json()
    assert (told["starts"], told["counted_at"], told["themes"]) == (None, None, [])
    past = (await desk.client.get(f"{URL}?at=1999-12-31&period=week", headers=watcher)).json()
    assert (past["starts"], past["ends"], past["counted_at"]) == ("1999-12-27", "2000-01-02", None)


async def test_it_is_for_those_who_watch(desk: Desk) -> None:
    assert (await desk.client.get(URL)).status_code == 401
    assert (await desk.client.get(URL, headers=await desk.key(scopes=["cases:work"]))).status_code == 403
    watcher = await desk.key(scopes=["policies:write"])
    for query in ("?period=year", "?at=soon", "?at=1969-12-31", "?at=2026-02-30"):
        assert (await desk.client.get(URL + query, headers=watcher)).status_code == 422, query
    assert (await desk.client.get(f"{URL}?at=9999-12-31&period=week", headers=watcher)).status_code == 200
