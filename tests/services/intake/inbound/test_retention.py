"""Raw deliveries that were nothing for a dispute are forgotten after a time; what waits for somebody, much later or never."""

from datetime import timedelta
from typing import Any

import pytest

from services.intake.settings import IntakeSettings
from services.intake.upkeep import DELIVERIES_AT_ONCE, Upkeep
from shared.db import inbound
from shared.db.engine import Database
from tests.services.intake.inbound.inlet import Inlet, Mouth

HEAD = b"From: pia@example.org\r\nTo: shop@shop.test\r\n"
FILED = HEAD + b"Subject: Washing machine\r\n\r\nIt leaks.\r\n"
AUTOMATIC = HEAD + b"Auto-Submitted: auto-replied\r\nSubject: Away\r\n\r\nI am away.\r\n"
NOBODY = b"Subject: Washing machine\r\n\r\nIt leaks.\r\n"
DAY = timedelta(days=1)


@pytest.fixture
async def mime(inlet: Inlet) -> Mouth:
    return await inlet.open("mime")


async def pruned(inlet: Inlet, after: timedelta, **days: int) -> bool:
    """One round of upkeep so much later; whether there may be more."""
    settings = inlet.desk.parts.settings.model_copy(update=days)
    return await Upkeep(Database(inlet.db.engine, offset=lambda: after), settings).prune()


async def left(inlet: Inlet) -> list[str]:
    """The states of the deliveries that are kept."""
    async with inlet.db.transaction() as tx:
        return [each.state for each in await inbound.list_shown(tx)]


async def copies(inlet: Inlet, told: dict[str, Any], count: int, size: int) -> None:
    """As many more of a delivery, each with a body of so many bytes."""
    async with inlet.db.transaction() as tx:
        await tx.raw.execute(
            "insert into inbound_delivery (id, endpoint_id, dedup_key, headers, body, received_at, state, handled_at) "
            "select gen_random_uuid(), endpoint_id, n::text, headers, convert_to(repeat('x', $3), 'UTF8'), received_at, "
            "state, handled_at from inbound_delivery, generate_series(1, $2) n where id = $1::uuid",
            told["id"],
            count,
            size,
        )


async def test_what_was_nothing_for_a_dispute_is_forgotten_after_a_month(inlet: Inlet, mime: Mouth) -> None:
    told = await inlet.deliver(mime, AUTOMATIC)
    assert told["state"] == "ignored"
    await pruned(inlet, 29 * DAY)
    assert await left(inlet) == ["ignored"]
    await pruned(inlet, 31 * DAY)
    assert await left(inlet) == []


async def test_what_waits_for_a_person_is_kept_for_its_own_longer_time(inlet: Inlet, mime: Mouth) -> None:
    assert (await inlet.deliver(mime, NOBODY))["state"] == "quarantined"
    await pruned(inlet, 364 * DAY)
    assert await left(inlet) == ["quarantined"]
    await pruned(inlet, 366 * DAY)
    assert await left(inlet) == []


async def test_one_that_was_dismissed_is_kept_for_a_month_from_then_on(inlet: Inlet, mime: Mouth) -> None:
    told = await inlet.deliver(mime, NOBODY)
    async with inlet.db.transaction() as tx:
        await tx.raw.execute("update inbound_delivery set received_at = received_at - interval '40 days'")
    path = f"/v1/inbound-deliveries/{told['id']}/dismiss"
    reply = await inlet.client.post(path, json={"reason": "An advertisement."}, headers=inlet.admin)
    assert reply.status_code == 200
    await pruned(inlet, 29 * DAY)
    assert await left(inlet) == ["ignored"]
    await pruned(inlet, 31 * DAY)
    assert await left(inlet) == []


async def test_what_became_part_of_a_dispute_or_is_not_understood_yet_is_never_forgotten(
    inlet: Inlet, mime: Mouth
) -> None:
    assert (await inlet.deliver(mime, FILED))["state"] == "filed"
    assert (await inlet.send(mime, AUTOMATIC)).status_code == 200
    await pruned(inlet, 4000 * DAY, inbound_days=1, quarantine_days=1)
    assert await left(inlet) == ["stored", "filed"]


async def test_the_same_delivery_is_known_again_for_as_long_as_it_is_kept(inlet: Inlet, mime: Mouth) -> None:
    first = await inlet.deliver(mime, AUTOMATIC)
    await pruned(inlet, 29 * DAY)
    assert (await inlet.send(mime, AUTOMATIC)).json() == {"status": "duplicate", "id": first["id"]}
    await pruned(inlet, 31 * DAY)
    assert (await inlet.deliver(mime, AUTOMATIC))["state"] == "ignored", "taken in anew, and nothing again"


async def test_one_round_forgets_a_bounded_number(inlet: Inlet, mime: Mouth) -> None:
    await copies(inlet, await inlet.deliver(mime, AUTOMATIC), DELIVERIES_AT_ONCE, 10)
    assert await pruned(inlet, 31 * DAY)
    assert len(await left(inlet)) == 1
    assert not await pruned(inlet, 31 * DAY)
    assert await left(inlet) == []


async def test_one_round_forgets_a_bounded_number_of_bytes_and_always_one(
    inlet: Inlet, mime: Mouth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbound, "PRUNED_BYTES_MAX", 25_000)
    await copies(inlet, await inlet.deliver(mime, AUTOMATIC), 5, 20_000)
    assert await pruned(inlet, 31 * DAY)
    assert len(await left(inlet)) == 3, "the short one, and two that begin within the bound"
    monkeypatch.setattr(inbound, "PRUNED_BYTES_MAX", 1)
    assert await pruned(inlet, 31 * DAY)
    assert len(await left(inlet)) == 2


async def test_one_that_somebody_looks_at_this_moment_is_passed_over(inlet: Inlet, mime: Mouth) -> None:
    held = await inlet.deliver(mime, NOBODY)
    async with inlet.db.transaction() as tx:
        await inbound.take(tx, held["id"])
        await pruned(inlet, 366 * DAY)
        assert await left(inlet) == ["quarantined"]


def test_what_waits_for_a_person_is_not_kept_shorter_than_what_is_nothing() -> None:
    days: dict[str, Any] = {"inbound_days": 30, "quarantine_days": 29}
    with pytest.raises(ValueError, match="RECOURSE_QUARANTINE_DAYS is not less than RECOURSE_INBOUND_DAYS"):
        IntakeSettings(**days)
