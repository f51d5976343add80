"""The breach risk of a dispute can be read: by assumption at first, by history once a model is published."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from services.intake.api import risk as api
from shared.db import decisions, risk
from shared.db.clocks import Kept
from shared.db.decisions import Decisions
from shared.db.engine import Database
from shared.domain.breach_features import NAMES
from shared.domain.breach_model import DamagedModel
from shared.domain.breach_risk import Calibration, Model, Weight
from shared.domain.clock_record import Clock, ClockState, Kind
from shared.domain.dispute import Dispute
from shared.domain.errors import NotFound
from shared.domain.frozen import altered
from tests.services.intake.desk import Desk, a_desk
from tests.services.intake.test_clocks_api import MAUNDY_THURSDAY, a_clock

FLAT = Model(900, 0.0, tuple(Weight(name, 0.0, 1.0, 0.0) for name in NAMES), Calibration("isotonic", (0.0,), (0.42,)))


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [api.router]) as opened:
        yield opened


async def under_way(desk: Desk, **fields: Any) -> Dispute:
    """A dispute some seconds old, with ten hours for its resolution."""
    dispute = await desk.dispute()
    async with desk.db.transaction() as tx:
        clock: Clock = a_clock("10 hours", kind=Kind.RESOLUTION, calendar="always", started_at=tx.now)
        await decisions.save(tx, Decisions(clocks=[Kept(dispute.id, altered(clock, **fields), new=True)]))
    return dispute


async def read(desk: Desk, dispute: Dispute) -> Any:
    reply = await desk.client.get(f"/v1/disputes/{dispute.id}/risk", headers=await desk.key())
    assert reply.status_code == 200, reply.text
    return reply.json()


async def published(desk: Desk, model: Model = FLAT) -> int:
    async with desk.db.transaction() as tx:
        version = await risk.add(tx, model, {"brier": 0.1}, author="operator:test")
        await risk.publish(tx, version, author="operator:test", reason="a test")
    return version


async def test_before_there_is_history_the_stated_assumption_answers(desk: Desk) -> None:
    told = await read(desk, await under_way(desk))
    assert (told["standing"], told["basis"], told["learned_from"], told["model_version"]) == ("open", "prior", 0, None)
    assert told["probability"] == pytest.approx(0.1, abs=0.01)
    assert told["share_used"] == pytest.approx(0, abs=0.01)


async def test_with_a_published_model_history_answers_and_says_why(desk: Desk) -> None:
    weights = tuple(Weight(name, 0.0, 1.0, 2.0 if name == "category_other" else 0.0) for name in NAMES)
    raised = tuple(altered(each, mean=-1.0) if each.name == "category_other" else each for each in weights)
    version = await published(desk, altered(FLAT, weights=raised))
    told = await read(desk, await under_way(desk))
    assert (told["basis"], told["learned_from"], told["model_version"]) == ("history", 900, version)
    assert 0.3 < told["probability"] < 0.42
    assert told["factors"][0] == {
        "name": "category",
        "contribution": 1.8,
        "words": "raises it: what it is about",
    }


async def test_of_a_clock_that_is_over_the_end_is_told_and_no_risk(desk: Desk) -> None:
    kept = await under_way(desk, state=ClockState.MET, met_at=MAUNDY_THURSDAY)
    broken = await under_way(desk, state=ClockState.MISSED, missed_at=MAUNDY_THURSDAY, met_at=MAUNDY_THURSDAY)
    stopped = await under_way(desk, state=ClockState.STOPPED, stopped_at=MAUNDY_THURSDAY)
    told = [await read(desk, each) for each in (kept, broken, stopped, await desk.dispute())]
    assert [each["standing"] for each in told] == ["kept", "broken", "none", "none"]
    assert {each["probability"] for each in told} == {None}


async def test_a_model_goes_back_to_an_older_one_and_to_the_prior(desk: Desk) -> None:
    dispute = await under_way(desk)
    first = await published(desk)
    await published(desk, altered(FLAT, n=5000))
    for version, basis, learned in ((first, "history", 900), (None, "prior", 0)):
        async with desk.db.transaction() as tx:
            await risk.publish(tx, version, author="operator:test", reason="back")
        told = await read(desk, dispute)
        assert (told["basis"], told["learned_from"], told["model_version"]) == (basis, learned, version)


async def test_a_model_that_was_tampered_with_is_neither_listened_to_nor_published(desk: Desk) -> None:
    dispute = await under_way(desk)
    version = await published(desk)
    async with desk.db.transaction() as tx:
        text = await tx.raw.fetchval("select body::text from risk_model where version = $1", version)
        body = json.loads(text) | {"intercept": 9.0}
        await tx.raw.execute("update risk_model set body = $1::json where version = $2", json.dumps(body), version)
    told = await read(desk, dispute)
    assert (told["basis"], told["model_version"]) == ("prior", None)
    async with desk.db.transaction() as tx:
        with pytest.raises(DamagedModel):
            await risk.publish(tx, version, author="operator:test", reason="again")


async def test_models_that_are_stored_at_the_same_moment_have_versions_of_their_own(desk: Desk) -> None:
    assert sorted(await asyncio.gather(*(published(desk) for _ in range(4)))) == [1, 2, 3, 4]


async def test_a_model_that_is_not_there_is_not_published(desk: Desk) -> None:
    async with desk.db.transaction() as tx:
        with pytest.raises(NotFound):
            await risk.publish(tx, 7, author="operator:test", reason="which")


async def test_a_clock_whose_calendar_is_gone_has_no_risk_that_anybody_could_tell(desk: Desk) -> None:
    dispute = await desk.dispute()
    async with desk.db.transaction() as tx:
        clock = a_clock(kind=Kind.RESOLUTION, calendar="moon", started_at=tx.now)
        await decisions.save(tx, Decisions(clocks=[Kept(dispute.id, clock, new=True)]))
    assert (await read(desk, dispute))["standing"] == "none"


async def test_nobody_reads_the_risk_of_a_dispute_they_may_not_know_of(desk: Desk) -> None:
    reply = await desk.client.get(f"/v1/disputes/{uuid4()}/risk", headers=await desk.key())
    assert reply.status_code == 404
    dispute = await under_way(desk)
    blind = await desk.key(scopes=["cases:work"])
    assert (await desk.client.get(f"/v1/disputes/{dispute.id}/risk", headers=blind)).status_code == 403
    assert (await desk.client.get(f"/v1/disputes/{dispute.id}/risk")).status_code == 401
