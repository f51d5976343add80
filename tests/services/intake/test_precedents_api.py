"""An agent sees what was decided in similar disputes, what came of it, and what that suggests within which authority."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.intake import precedents as room
from services.intake.api import precedents as api
from services.intake.precedents import PrecedentKeeper
from shared.db.engine import Database, Tx, make_engine
from shared.db.precedent_index import keep_up
from shared.db.precedents import SAMPLED
from shared.domain.dispute import Dispute, Remedy
from shared.domain.lifecycle import Outcome
from shared.domain.money import Money
from tests.db.test_precedents import decided, filed
from tests.services.intake.desk import Desk, a_desk

TEXT = "The samovar I ordered leaks and the repair made it worse."


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [api.router]) as opened:
        yield opened


async def read(desk: Desk, dispute: Dispute, query: str = "", **key: Any) -> Any:
    reply = await desk.client.get(f"/v1/disputes/{dispute.id}/precedents{query}", headers=await desk.key(**key))
    assert reply.status_code == 200, reply.text
    return reply.json()


async def kept(desk: Desk) -> None:
    """The index once it has caught up."""
    keeper = PrecedentKeeper(desk.db)
    while await keeper.round():
        pass


async def a_house(desk: Desk, halves: int, nothing: int) -> None:
    """So many decided disputes where half was paid back, and so many where nothing was."""
    half = Remedy("partial_refund", Money.of("24.95", "EUR"))
    for _ in range(halves):
        await decided(desk.db, TEXT, outcome=Outcome.PARTLY_UPHELD, remedy=half)
    for _ in range(nothing):
        await decided(desk.db, TEXT, outcome=Outcome.NOT_UPHELD, remedy=None)
    await kept(desk)


async def test_what_most_matches_had_is_suggested_with_its_support(desk: Desk) -> None:
    await a_house(desk, 9, 3)
    case = await filed(desk.db, TEXT, amount=Money.of("80.00", "EUR"))
    told = await read(desk, case, "?limit=3")
    assert len(told["items"]) == 3
    assert told["items"][0]["reasons"][0].startswith("both texts say: ")
    assert told["spread"]["matches"] == 12
    assert told["spread"]["outcomes"] == [
        {"outcome": "partly_upheld", "matches": 9},
        {"outcome": "not_upheld", "matches": 3},
    ]
    assert told["spread"]["paid"] == {"n": 9, "low": 0.5, "median": 0.5, "high": 0.5}
    suggestion = told["suggestion"]
    assert (suggestion["outcome"], suggestion["remedy"]) == ("partly_upheld", "partial_refund")
    assert suggestion["amount"] == {"value": "40.00", "currency": "EUR"}
    assert (suggestion["support"], suggestion["matches"], suggestion["share"]) == (9, 12, 0.75)
    assert 0.4 < suggestion["share_low"] < 0.75 < suggestion["share_high"] < 1
    assert (suggestion["reopened"], suggestion["overturned"], len(suggestion["rests_on"])) == (0, 0, 5)


@pytest.mark.parametrize(("halves", "nothing"), [(9, 0), (4, 8), (0, 0)])
async def test_below_the_stated_support_nothing_is_suggested(desk: Desk, halves: int, nothing: int) -> None:
    await a_house(desk, halves, min(nothing, 4))
    for n in range(nothing - 4):
        await decided(desk.db, TEXT, remedy=Remedy(("apology", "repair", "discount", "replacement")[n]))
    await kept(desk)
    told = await read(desk, await filed(desk.db, TEXT))
    assert told["spread"]["matches"] == halves + nothing
    assert told["suggestion"] is None


async def test_a_suggestion_above_the_callers_limit_says_so(desk: Desk) -> None:
    await a_house(desk, 10, 0)
    small = await filed(desk.db, TEXT, amount=Money.of("10.00", "EUR"))
    big = await filed(desk.db, TEXT, amount=Money.of("90000.00", "EUR"))
    within = (await read(desk, small))["suggestion"]["authority"]
    assert within == {"within": True, "tier": None, "words": "within your authority"}
    above = (await read(desk, big))["suggestion"]["authority"]
    assert above["within"] is False
    assert above["tier"] > 1
    assert above["words"] == f"above your authority: tier {above['tier']} may promise it"
    helpdesk = (await read(desk, small, role="integration", tier=None))["suggestion"]["authority"]
    assert helpdesk["within"] is False


async def test_without_a_disputed_amount_no_amount_is_suggested(desk: Desk) -> None:
    await a_house(desk, 10, 0)
    told = (await read(desk, await filed(desk.db, TEXT, amount=None)))["suggestion"]
    assert (told["amount"], told["authority"]["within"]) == (None, None)


async def test_of_nothing_there_is_nothing_to_tell(desk: Desk) -> None:
    told = await read(desk, await filed(desk.db, TEXT))
    assert (told["items"], told["suggestion"], told["compared"]) == ([], None, 0)


async def test_a_caller_who_sees_only_its_own_is_told_of_nobody_elses(desk: Desk) -> None:
    await a_house(desk, 10, 0)
    own = await desk.key("integration", tier=None, scopes=["disputes:read", "disputes:own"])
    case = await filed(desk.db, TEXT, filed_by=desk.who(own).id)
    told = (await desk.client.get(f"/v1/disputes/{case.id}/precedents", headers=own)).json()
    assert (told["items"], told["suggestion"], told["compared"], told["precedents"]) == ([], None, 0, 0)


async def test_it_is_for_those_who_may_read_the_dispute(desk: Desk) -> None:
    case = await filed(desk.db, TEXT)
    url = f"/v1/disputes/{case.id}/precedents"
    assert (await desk.client.get(url)).status_code == 401
    assert (await desk.client.get(url, headers=await desk.key(scopes=["cases:work"]))).status_code == 403
    assert (await desk.client.get(url + "?limit=0", headers=await desk.key())).status_code == 422
    missing = f"/v1/disputes/{uuid4()}/precedents"
    assert (await desk.client.get(missing, headers=await desk.key())).status_code == 404


async def test_while_more_is_waiting_the_keeper_rests_as_long_as_it_worked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "SLICE", 1)
    for _ in range(2):
        await decided(desk.db, TEXT)
    keeper = PrecedentKeeper(desk.db)
    rest = await keeper.round()
    assert isinstance(rest, float)
    assert rest > 0
    while await keeper.round():
        pass


async def test_a_slice_that_takes_longer_than_is_allowed_is_worked_off_in_smaller_ones(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "SLICE", 8)
    for _ in range(9):
        await decided(desk.db, TEXT)
    keeper = PrecedentKeeper(desk.db)
    asked: list[int] = []

    async def slow(tx: Tx, limit: int) -> int:
        asked.append(limit)
        if limit > 2:
            raise asyncpg.QueryCanceledError
        return await keep_up(tx, limit)

    with monkeypatch.context() as busy:
        busy.setattr(room, "keep_up", slow)
        with pytest.raises(asyncpg.QueryCanceledError):
            await keeper.round()
        assert await keeper.round()
    while await keeper.round():
        pass
    assert asked == [8, 2]
    async with desk.db.transaction() as tx:
        assert await tx.raw.fetchval("select count(*) from precedent") == 9


async def test_the_words_are_counted_anew_when_the_index_grew_and_not_while_nothing_changes(
    desk: Desk, database: str
) -> None:
    ahead = timedelta()
    moved = Database(make_engine(database, pool_size=2), offset=lambda: ahead)
    keeper = PrecedentKeeper(moved)

    async def counted() -> tuple[int, datetime]:
        async with desk.db.transaction() as tx:
            row = await tx.raw.fetchrow("select detail, beat_at from heartbeat where name = $1", SAMPLED)
        return row["detail"]["precedents"], row["beat_at"]

    try:
        await decided(desk.db, TEXT)
        await keeper.round()
        first = await counted()
        assert first[0] == 1
        await decided(desk.db, TEXT)
        await keeper.round()
        assert await counted() == first  # too soon after the last count
        ahead = timedelta(minutes=6)
        await keeper.round()
        second = await counted()
        assert second[0] == 2
        ahead = timedelta(hours=9)
        await keeper.round()
        assert await counted() == second
    finally:
        await moved.dispose()
