"""A threshold on breach risk is reached by time alone, climbs once, and costs nothing where there is none."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.escalation import risking as room_of_risk
from services.escalation.deciding import Decided
from services.escalation.risking import Risking
from shared.db import risk
from shared.db.engine import Tx
from shared.domain.breach_features import NAMES
from shared.domain.breach_risk import Calibration, Model, Weight
from shared.domain.errors import CannotPromise
from shared.domain.lifecycle import Trigger
from shared.messages.events import DisputeEscalated
from tests.domain.matrices import CALENDARS, a_tier, clocks
from tests.services.escalation.room import Room

SLOW = [a_tier("Agent", "900 hours"), a_tier("Lead", "900 hours"), a_tier("Manager", "900 hours")]
TEN_DAYS = {"duration": "240 hours", "calendar": "always", "pausable": True, "on_breach": "tell"}
LIKELY = [{"name": "likely", "when": "breach_risk >= 0.5", "to_tier": 2, "because": "it is likely to be late"}]


@pytest.fixture
async def risking(room: Room) -> Risking:
    """On a matrix in which nothing but risk moves a dispute; by the prior that passes a half at 8/9 of ten days."""
    await put(room, LIKELY)
    return Risking(room.database, room.matrices, CALENDARS, room.handlers)


async def put(room: Room, thresholds: list[Any]) -> None:
    quiet = clocks(resolution=TEN_DAYS, next_update=None, acknowledgement=None, first_response=None)
    await room.put_policy(tiers=SLOW, thresholds=thresholds, clocks=quiet)


async def tier(room: Room, dispute_id: UUID) -> int | None:
    return (await room.read(dispute_id)).tier


async def scores(room: Room) -> dict[UUID, float]:
    async with room.database.transaction() as tx:
        rows = await tx.raw.fetch("select dispute_id, probability from risk_score")
    return {row["dispute_id"]: row["probability"] for row in rows}


async def test_a_dispute_climbs_when_its_risk_passes_the_threshold_and_only_once(room: Room, risking: Risking) -> None:
    (dispute_id,) = await room.taken_up()
    await risking.round()
    assert (await tier(room, dispute_id), await scores(room)) == (1, {dispute_id: 0.1})
    room.ahead += timedelta(hours=210)
    await risking.round()
    assert await tier(room, dispute_id) == 1
    room.ahead += timedelta(hours=5)
    for _ in range(3):
        await risking.round()
        await room.hear([dispute_id])
        room.ahead += timedelta(hours=1)
    climbs = [each for each in await room.events(dispute_id) if isinstance(each, DisputeEscalated)]
    assert [(each.to_tier, each.because) for each in climbs] == [(2, ("it is likely to be late",))]


async def test_an_event_is_judged_by_the_score_that_is_kept(room: Room, risking: Risking) -> None:
    (dispute_id,) = await room.taken_up()
    async with room.database.transaction() as tx:
        await risk.keep(tx, {dispute_id: 0.7}, None)
    await room.hear([dispute_id])
    assert await tier(room, dispute_id) == 2


async def test_a_deadline_that_passes_is_judged_by_the_score_that_is_kept(room: Room) -> None:
    quick = [a_tier("Agent", "4 hours"), *SLOW[1:]]
    quiet = clocks(resolution=TEN_DAYS, next_update=None, acknowledgement=None, first_response=None)
    await room.put_policy(tiers=quick, thresholds=[LIKELY[0] | {"to_tier": 3}], clocks=quiet)
    (dispute_id,) = await room.taken_up()
    async with room.database.transaction() as tx:
        await risk.keep(tx, {dispute_id: 0.7}, None)
    await room.pass_time(hours=4.1)
    climbs = [each for each in await room.events(dispute_id) if isinstance(each, DisputeEscalated)]
    assert [(each.to_tier, each.because[0]) for each in climbs] == [(3, "it is likely to be late")]


async def test_a_published_model_answers_in_place_of_the_prior(room: Room, risking: Risking) -> None:
    flat = tuple(Weight(name, 0.0, 1.0, 0.0) for name in NAMES)
    model = Model(1_000_000, 0.0, flat, Calibration("isotonic", (0.0,), (0.9,)))
    (dispute_id,) = await room.taken_up()
    await risking.round()
    async with room.database.transaction() as tx:
        version = await risk.add(tx, model, {}, author="operator:test")
        await risk.publish(tx, version, author="operator:test", reason="a test")
    await risking.round()
    assert (await tier(room, dispute_id), await scores(room)) == (2, {dispute_id: 0.9})


async def test_without_such_a_threshold_nothing_is_scored(room: Room, risking: Risking) -> None:
    await put(room, [])
    await room.taken_up(3)
    await risking.round()
    assert await scores(room) == {}


async def test_while_somebody_lists_by_risk_all_are_scored_and_none_is_judged_anew_for_that(
    room: Room, risking: Risking, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(room, [])
    ids = await room.taken_up(3)
    async with room.database.transaction() as tx:
        await risk.ask(tx)
    attended: list[UUID] = []

    async def watched(tx: Tx, traces: dict[UUID, str | None]) -> list[Decided]:
        attended.extend(traces)
        return []

    monkeypatch.setattr(room.handlers, "attend", watched)
    await risking.round()
    assert (set(await scores(room)), attended) == (set(ids), [])


async def test_scores_that_nobody_asked_for_in_a_week_are_taken_away(room: Room, risking: Risking) -> None:
    await put(room, [])
    await room.taken_up(3)
    async with room.database.transaction() as tx:
        await risk.ask(tx)
    await risking.round()
    room.ahead += timedelta(days=6, hours=23)
    await risking.round()
    assert len(await scores(room)) == 3
    room.ahead += timedelta(hours=2)
    await risking.round()
    assert await scores(room) == {}


async def test_only_disputes_of_a_version_that_asks_are_scored(room: Room, risking: Risking) -> None:
    (asked,) = await room.taken_up()
    await put(room, [])
    await room.taken_up(3)
    await risking.round()
    assert set(await scores(room)) == {asked}


async def test_every_dispute_is_scored_however_many_there_are(
    room: Room, risking: Risking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_of_risk, "SLICE", 20)
    monkeypatch.setattr(room_of_risk, "ROUND_MAX", 60)
    ids = await room.taken_up(130)
    for seen in (60, 120, 130):
        await risking.round()
        assert len(await scores(room)) == seen
    assert set(await scores(room)) == set(ids)


async def test_a_score_goes_with_its_clock(room: Room, risking: Risking) -> None:
    ids = await room.taken_up(3)
    await risking.round()
    await room.move(ids[0], Trigger.RESOLVE)
    await room.hear([ids[0]])
    await risking.round()
    assert set(await scores(room)) == set(ids[1:])


async def test_a_score_is_written_only_when_its_whole_percent_changes(room: Room, risking: Risking) -> None:
    await room.taken_up()

    async def written() -> Any:
        async with room.database.transaction() as tx:
            return await tx.raw.fetchval("select as_of from risk_score")

    await risking.round()
    before = await written()
    room.ahead += timedelta(minutes=5)
    await risking.round()
    assert await written() == before
    room.ahead += timedelta(days=5)
    await risking.round()
    assert await written() > before


async def test_one_dispute_that_cannot_be_decided_on_keeps_no_other_back(
    room: Room, risking: Risking, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await room.taken_up(3)
    room.ahead += timedelta(hours=230)
    attend = room.handlers.attend

    async def failing(tx: Tx, traces: dict[UUID, str | None]) -> list[Decided]:
        if ids[1] in traces:
            raise CannotPromise("never")
        return await attend(tx, traces)

    monkeypatch.setattr(room.handlers, "attend", failing)
    await risking.round()
    assert [await tier(room, each) for each in ids] == [2, 1, 2]
    assert ids[1] not in await scores(room)
