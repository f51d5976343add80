"""A threshold on a dispute's age is reached by time alone, for every dispute, also after a restart."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.escalation.deciding import Decided
from shared.db.engine import Tx
from shared.domain.errors import CannotPromise
from shared.domain.lifecycle import Trigger
from tests.domain.matrices import a_tier
from tests.services.escalation.room import Room

SLOW = [a_tier("Agent", "900 hours"), a_tier("Lead", "900 hours"), a_tier("Manager", "900 hours")]
OLD = [{"name": "old", "when": "age > 5 days", "to_tier": 2, "because": "it is older than five days"}]


async def slow(room: Room) -> None:
    """A matrix in which nothing but age moves a dispute."""
    await room.put_policy(tiers=SLOW, thresholds=OLD)


async def tiers(room: Room, ids: list[UUID]) -> set[int | None]:
    return {(await room.read(each)).tier for each in ids}


async def rounds(room: Room) -> None:
    while await room.ageing.round():
        pass


async def test_a_dispute_climbs_when_it_passes_the_age_and_not_before(room: Room) -> None:
    await slow(room)
    (dispute_id,) = await room.taken_up()
    room.ahead += timedelta(days=4, hours=23)
    await rounds(room)
    assert await tiers(room, [dispute_id]) == {1}
    room.ahead += timedelta(hours=2)
    await rounds(room)
    assert await tiers(room, [dispute_id]) == {2}
    assert "it is older than five days" in str(await room.events(dispute_id))


async def test_every_dispute_that_passed_the_age_climbs_however_many_there_are(room: Room) -> None:
    await slow(room)
    ids = await room.taken_up(230)
    room.ahead += timedelta(days=6)
    await rounds(room)
    assert await tiers(room, ids) == {2}


async def test_what_passed_the_age_while_the_engine_was_down_climbs_when_it_is_back(room: Room) -> None:
    await slow(room)
    ids = await room.taken_up(3)
    room.ahead += timedelta(days=1)
    await rounds(room)
    room.ahead += timedelta(days=6)
    room.ageing = room.another_ageing()
    await rounds(room)
    assert await tiers(room, ids) == {2}


async def test_what_passed_the_age_during_the_last_round_before_a_crash_climbs_when_the_engine_is_back(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await slow(room)
    early = await room.taken_up()
    room.ahead += timedelta(minutes=30)
    late = await room.taken_up()
    room.ahead += timedelta(days=5) - timedelta(minutes=15)
    judge = room.ageing._judge

    async def for_an_hour(ids: Sequence[UUID]) -> None:
        await judge(ids)
        room.ahead += timedelta(hours=1)

    monkeypatch.setattr(room.ageing, "_judge", for_an_hour)
    await room.ageing.round()
    assert (await tiers(room, early), await tiers(room, late)) == ({2}, {1})
    room.ageing = room.another_ageing()
    await rounds(room)
    assert await tiers(room, late) == {2}


async def test_a_resolved_dispute_stays_where_it_is_however_old(room: Room) -> None:
    await slow(room)
    (dispute_id,) = await room.taken_up()
    await room.move(dispute_id, Trigger.RESOLVE)
    room.ahead += timedelta(days=6)
    await rounds(room)
    assert await tiers(room, [dispute_id]) == {1}


async def test_a_case_keeps_the_age_of_the_version_that_made_its_promises(room: Room) -> None:
    await slow(room)
    (dispute_id,) = await room.taken_up()
    await rounds(room)
    await room.put_policy(tiers=SLOW, thresholds=[])
    room.ahead += timedelta(days=6)
    await rounds(room)
    assert await tiers(room, [dispute_id]) == {2}


async def test_a_matrix_without_ages_is_left_alone(room: Room) -> None:
    (dispute_id,) = await room.taken_up()
    before = await room.read(dispute_id)
    assert await room.ageing.round() is False
    assert await room.read(dispute_id) == before


async def test_a_version_whose_calendar_is_gone_stops_no_other(room: Room) -> None:
    await room.put_policy(tiers=[a_tier("Agent", "9 hours", calendar="moon"), *SLOW[1:]], thresholds=OLD)
    await slow(room)
    (dispute_id,) = await room.taken_up()
    room.ahead += timedelta(days=6)
    await rounds(room)
    assert await tiers(room, [dispute_id]) == {2}


async def test_one_dispute_that_cannot_be_decided_on_keeps_no_other_back(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await slow(room)
    ids = await room.taken_up(3)
    room.ahead += timedelta(days=6)
    attend = room.handlers.attend

    async def failing(tx: Tx, traces: dict[UUID, str | None]) -> list[Decided]:
        if ids[1] in traces:
            raise CannotPromise("never")
        return await attend(tx, traces)

    monkeypatch.setattr(room.handlers, "attend", failing)
    await rounds(room)
    assert [(await room.read(each)).tier for each in ids] == [2, 1, 2]


@pytest.mark.parametrize("restarted", [False, True])
async def test_one_that_could_not_be_decided_on_is_tried_again_by_itself_also_after_a_restart(
    room: Room, monkeypatch: pytest.MonkeyPatch, *, restarted: bool
) -> None:
    await slow(room)
    await rounds(room)
    ids = await room.taken_up(3)
    room.ahead += timedelta(days=5, seconds=10)
    with monkeypatch.context() as broken:
        broken.setattr(room.handlers, "attend", _failing_for(room, ids[1]))
        await rounds(room)
        await rounds(room)
    assert await tiers(room, [ids[1]]) == {1}
    if restarted:
        room.ageing = room.another_ageing()
    room.ahead += timedelta(minutes=1)
    await rounds(room)
    assert await tiers(room, ids) == {2}


async def test_one_that_fails_is_left_in_peace_until_its_pause_is_over(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await slow(room)
    (dispute_id,) = await room.taken_up()
    room.ahead += timedelta(days=6)
    tried: list[UUID] = []
    monkeypatch.setattr(room.handlers, "attend", _failing_for(room, dispute_id, tried))
    await rounds(room)
    await rounds(room)
    assert len(tried) == 1
    room.ahead += timedelta(seconds=31)
    await rounds(room)
    assert len(tried) == 2
    room.ahead += timedelta(seconds=31)
    await rounds(room)
    assert len(tried) == 2, "the second pause is longer"


def _failing_for(room: Room, dispute_id: UUID, tried: list[UUID] | None = None) -> Any:
    attend = room.handlers.attend

    async def failing(tx: Tx, traces: dict[UUID, str | None]) -> list[Decided]:
        if dispute_id in traces:
            if tried is not None:
                tried.append(dispute_id)
            raise CannotPromise("never")
        return await attend(tx, traces)

    return failing
