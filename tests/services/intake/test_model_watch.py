"""A published model of categorisation is taken up while requests go on; a damaged one never is."""

from collections.abc import AsyncIterator

import pytest

from services.intake.categorise import Categoriser
from services.intake.categorise.load import SHIPPED
from services.intake.commands.categoriser_in_use import CategoriserInUse
from services.intake.model_watch import ModelWatch
from shared.db import category_models as models
from shared.db.engine import Database
from tests.services.intake.counter import Counter, a_counter, categoriser

RAW = SHIPPED.read_bytes()


@pytest.fixture
async def counter(db: Database) -> AsyncIterator[Counter]:
    async with a_counter(db) as opened:
        yield opened


def watch(counter: Counter, in_use: CategoriserInUse | None = None) -> ModelWatch:
    return ModelWatch(counter.db, in_use or counter.parts.in_use, counter.parts.metrics)


async def published(db: Database, raw: bytes = RAW) -> int:
    async with db.transaction() as tx:
        version = await models.add(tx, raw, {}, author="operator:ada")
        await models.publish(tx, version, author="operator:ada", reason="a test")
    return version


async def back(db: Database) -> None:
    async with db.transaction() as tx:
        await models.rollback(tx, author="operator:ada", reason="a test")


def answers(counter: Counter) -> tuple[Categoriser, int | None, float | None]:
    return counter.parts.in_use.categoriser, counter.parts.in_use.version, gauge(counter)


def gauge(counter: Counter) -> float | None:
    return counter.parts.metrics.registry.get_sample_value("recourse_category_model_version")


async def test_a_published_model_answers_the_next_filing_without_a_restart(counter: Counter) -> None:
    in_use, looks = counter.parts.in_use, watch(counter)
    await looks.look()
    assert answers(counter) == (categoriser(), None, 0)
    version = await published(counter.db)
    await looks.look()
    assert in_use.version == version == gauge(counter)
    assert in_use.categoriser.model is not categoriser().model
    reply = await counter.file()
    assert (reply.status_code, reply.json()["category"]["name"]) == (201, "billing_error")
    taken = in_use.categoriser
    await looks.look()
    assert in_use.categoriser is taken, "what is in use is not read again"
    await back(counter.db)
    await looks.look()
    assert answers(counter) == (categoriser(), None, 0)


async def test_a_model_keeps_the_taxonomy_of_its_process(counter: Counter) -> None:
    in_use = CategoriserInUse(type(categoriser()).load(financial=True))
    await published(counter.db)
    await watch(counter, in_use).look()
    assert (in_use.version, in_use.categoriser.financial) == (1, True)


@pytest.mark.parametrize(
    "raw", [b"no model", RAW[:-1], RAW[:200], RAW.replace(b'"categories":[', b'"categories":[1,', 1)]
)
async def test_what_cannot_be_read_never_replaces_what_answers(
    counter: Counter, raw: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    in_use, looks = counter.parts.in_use, watch(counter)
    version = await published(counter.db)
    await looks.look()
    sound = in_use.categoriser
    await published(counter.db, raw)
    await looks.look()
    await looks.look()
    assert answers(counter) == (sound, version, version)
    await back(counter.db)
    await looks.look()
    assert in_use.version == version


async def test_a_file_that_was_changed_in_the_database_is_not_taken_up(counter: Counter) -> None:
    in_use, looks = counter.parts.in_use, watch(counter)
    await published(counter.db)
    async with counter.db.transaction() as tx:
        await tx.raw.execute("update category_model set body = body || '\\x00'::bytea")
    await looks.look()
    assert (in_use.categoriser, in_use.version) == (categoriser(), None)


async def test_a_process_that_starts_later_takes_up_what_is_published(counter: Counter) -> None:
    version = await published(counter.db)
    in_use = CategoriserInUse(categoriser())
    await watch(counter, in_use).look()
    assert in_use.version == version
