"""Models of categorisation in versions: candidates replace nothing, publications are recorded, the way back is known."""

import pytest

from shared.db import category_models as models
from shared.db.engine import Database
from shared.domain.errors import Conflict, NotFound

BODY = b"a model file"


async def stored(db: Database, count: int = 1) -> list[int]:
    async with db.transaction() as tx:
        return [await models.add(tx, BODY + bytes([at]), {"texts": at}, author="operator:ada") for at in range(count)]


async def publish(db: Database, version: int | None, reason: str = "better") -> None:
    async with db.transaction() as tx:
        await models.publish(tx, version, author="operator:ada", reason=reason)


async def back(db: Database) -> int | None:
    async with db.transaction() as tx:
        return await models.rollback(tx, author="operator:ada", reason="worse")


async def current(db: Database) -> int | None:
    async with db.look() as look:
        return await models.current_version(look)


async def test_a_candidate_replaces_nothing(db: Database) -> None:
    assert await stored(db, 2) == [1, 2]
    assert await current(db) is None
    async with db.transaction() as tx:
        assert await models.get(tx, 2) == BODY + b"\1"
        newest, oldest = await models.listed(tx)
        assert (newest.version, newest.report, newest.published_at, oldest.size) == (2, {"texts": 1}, None, 13)
        assert await models.shown(tx, 1) == oldest


async def test_every_publication_says_who_when_and_why(db: Database) -> None:
    await stored(db)
    await publish(db, 1, "two points more on October")
    assert await current(db) == 1
    async with db.transaction() as tx:
        (told,) = await models.publications(tx)
        assert (told.version, told.author, told.reason) == (1, "operator:ada", "two points more on October")
        assert (await models.shown(tx, 1)).published_at == told.published_at


async def test_the_way_back_leads_step_by_step_to_the_shipped_model(db: Database) -> None:
    await stored(db, 3)
    for version in (1, 2):
        await publish(db, version)
    assert await back(db) == 1
    await publish(db, 3)
    assert await back(db) == 1
    assert await back(db) is None
    assert await current(db) is None
    with pytest.raises(Conflict, match="nothing to go back to"):
        await back(db)
    await publish(db, 2)
    assert await back(db) is None
    async with db.transaction() as tx:
        told = await models.publications(tx)
    assert [(each.version, each.rollback) for each in reversed(told)] == [
        (1, False),
        (2, False),
        (1, True),
        (3, False),
        (1, True),
        (None, True),
        (2, False),
        (None, True),
    ]


async def test_what_is_not_there_damaged_or_in_use_is_not_published(db: Database) -> None:
    await stored(db, 2)
    with pytest.raises(NotFound):
        await publish(db, 9)
    with pytest.raises(Conflict, match="The shipped model answers already"):
        await publish(db, None)
    await publish(db, 1)
    with pytest.raises(Conflict, match="Model 1 answers already"):
        await publish(db, 1)
    await publish(db, 2)
    async with db.transaction() as tx:
        await tx.raw.execute("update category_model set body = body || '\\x00'::bytea where version = 1")
    with pytest.raises(models.DamagedModel, match="Model 1 is damaged"):
        await publish(db, 1)
    with pytest.raises(models.DamagedModel):
        await back(db)
    assert await current(db) == 2


async def test_nobody_goes_back_before_anything_was_published(db: Database) -> None:
    with pytest.raises(Conflict):
        await back(db)
    with pytest.raises(NotFound):
        async with db.transaction() as tx:
            await models.shown(tx, 1)


async def test_a_model_may_not_be_larger_than_five_megabytes(db: Database) -> None:
    with pytest.raises(Conflict, match="5,000,001 bytes"):
        async with db.transaction() as tx:
            await models.add(tx, bytes(models.BYTES_MAX + 1), {}, author="operator:ada")
