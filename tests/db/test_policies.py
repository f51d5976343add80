"""Policies in versions: none is lost, none is overwritten, and a case is judged by its own."""

import asyncio
from typing import Any

import pytest

from shared.db import policies
from shared.db.engine import Database
from shared.db.policies import Matrices
from shared.domain.errors import NotFound, PolicyFault, StaleVersion
from shared.policy.matrix import default_body, matrix_body
from tests.domain.matrices import a_body, a_tier

BY: dict[str, Any] = {"author": "principal:ada", "reason": "more time for leads"}


async def test_the_shipped_matrix_is_stored_once_however_many_processes_start(db: Database) -> None:
    async def start() -> None:
        async with db.transaction() as tx:
            await policies.ensure_default(tx)

    await asyncio.gather(*(start() for _ in range(4)))
    async with db.transaction() as tx:
        (only,) = await policies.versions(tx, "escalation")
    assert (only.version, only.body, only.author) == (1, default_body(), "system:escalation")


async def test_each_version_is_kept_with_who_made_it_and_why(db: Database) -> None:
    async with db.transaction() as tx:
        await policies.ensure_default(tx)
        stored = await policies.put(tx, "escalation", matrix_body(a_body()), **BY, expected=1)
    async with db.transaction() as tx:
        assert await policies.current(tx) == stored
        assert [each.version for each in await policies.versions(tx, "escalation")] == [2, 1]
        assert (await policies.get(tx, "escalation", 1)).body == default_body()
    assert (stored.version, stored.author, stored.reason) == (2, BY["author"], BY["reason"])


async def test_whoever_decided_on_an_older_version_must_look_again(db: Database) -> None:
    async with db.transaction() as tx:
        await policies.ensure_default(tx)
        with pytest.raises(StaleVersion):
            await policies.put(tx, "escalation", {}, **BY, expected=0)


async def test_of_two_who_store_at_the_same_moment_one_is_told_to_look_again(db: Database) -> None:
    async def put() -> bool:
        try:
            async with db.transaction() as tx:
                await policies.put(tx, "escalation", {}, **BY)
        except StaleVersion:
            return False
        return True

    outcomes = await asyncio.gather(put(), put())
    async with db.transaction() as tx:
        assert len(await policies.versions(tx, "escalation")) == sum(outcomes)


async def test_what_is_not_stored_cannot_be_found(db: Database) -> None:
    async with db.transaction() as tx:
        assert await policies.current_version(tx) == 0
        with pytest.raises(NotFound):
            await policies.current(tx)
        with pytest.raises(NotFound):
            await policies.get(tx, "escalation", 1)


async def test_a_case_has_the_promises_of_its_version_and_the_people_of_the_newest(db: Database) -> None:
    matrices = Matrices(["always"])
    async with db.transaction() as tx:
        await policies.put(tx, "escalation", matrix_body(a_body()), **BY)
        newer = a_body(tiers=[a_tier("Agent", "1 hour", holders=[{"name": "Zoe"}])], thresholds=[])
        await policies.put(tx, "escalation", matrix_body(newer), **BY)
        newest = await matrices.current(tx)
        case = await matrices.for_case(tx, 1, newest)
        assert await matrices.for_case(tx, None, newest) is newest
        assert await matrices.for_case(tx, 1, newest) is case
    assert (newest.version, newest.top, case.version, case.top) == (2, 1, 1, 4)
    assert case.tier(1).holders[0].name == "Zoe"


async def test_a_stored_matrix_whose_calendar_is_gone_is_told_and_not_used(db: Database) -> None:
    async with db.transaction() as tx:
        await policies.put(tx, "escalation", matrix_body(a_body()), **BY)
        with pytest.raises(PolicyFault, match="no calendar named 'always'"):
            await Matrices(["desk"]).current(tx)
