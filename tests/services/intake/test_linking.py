"""What people say of two disputes holds however much is said, tells nobody of what is not theirs, and waits for nothing."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from services.intake.api import history, related
from shared.db import links, precedent_index, theme_counts
from shared.db.engine import Database
from shared.db.links import LINKS_MAX
from shared.domain.errors import Conflict
from shared.domain.relating import LinkKind
from tests.services.intake.desk import Desk, a_desk
from tests.services.intake.test_related import against, filed


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [related.router, history.router]) as opened:
        yield opened


async def test_what_was_said_before_a_hundred_others_said_something_still_counts(desk: Desk) -> None:
    original, duplicate, further = [await filed(desk, customer_id=uuid4()) for _ in range(3)]
    others = [await filed(desk, customer_id=uuid4()) for _ in range(LINKS_MAX)]
    said = {"author": "principal:x", "reason": "looked at"}
    async with desk.db.transaction() as tx:
        await links.add(tx, duplicate.id, original.id, LinkKind.DUPLICATE, **said)
    async with desk.db.transaction() as tx:
        for each in others:
            await links.add(tx, each.id, original.id, LinkKind.UNRELATED, **said)
    async with desk.db.transaction() as tx:
        with pytest.raises(Conflict, match="linked already"):
            await links.add(tx, original.id, duplicate.id, LinkKind.UNRELATED, **said)
        with pytest.raises(Conflict, match="Other disputes are duplicates of this one"):
            await links.add(tx, original.id, further.id, LinkKind.DUPLICATE, **said)


async def test_of_one_dispute_so_much_is_said_and_no_more(desk: Desk) -> None:
    one, *others = [await filed(desk, customer_id=uuid4()) for _ in range(LINKS_MAX + 2)]
    said = {"author": "principal:x", "reason": "looked at"}
    async with desk.db.transaction() as tx:
        for each in others[:-1]:
            await links.add(tx, one.id, each.id, LinkKind.UNRELATED, **said)
        with pytest.raises(Conflict, match=f"{LINKS_MAX} links"):
            await links.add(tx, one.id, others[-1].id, LinkKind.UNRELATED, **said)


async def test_a_refusal_names_the_original_to_those_alone_who_may_know_it(desk: Desk) -> None:
    mine = await desk.key(scopes=("disputes:read", "disputes:own", "cases:work"))
    own, second = [await filed(desk, days=n, filed_by=desk.who(mine).id) for n in range(2)]
    foreign = await filed(desk, days=3)
    assert (await desk.post(second, "duplicate-of", against(foreign), await desk.key())).status_code == 200
    refused = await desk.post(own, "duplicate-of", against(second), mine)
    assert (refused.status_code, str(foreign.id) in refused.text) == (409, False)
    assert str(foreign.id) in (await desk.post(own, "duplicate-of", against(second), await desk.key())).text


async def test_a_history_names_the_other_dispute_to_those_alone_who_may_know_it(desk: Desk) -> None:
    mine, clerk = await desk.key(scopes=("disputes:read", "disputes:own")), await desk.key()
    own, also_own = [await filed(desk, days=n, filed_by=desk.who(mine).id) for n in range(2)]
    foreign = await filed(desk, days=3)
    for each in (also_own, foreign):
        assert (await desk.post(own, "not-related", against(each), clerk)).status_code == 200
    assert (await desk.post(own, "unlink", against(foreign), clerk)).status_code == 200

    async def named(key: dict[str, str]) -> list[str | None]:
        items = (await desk.client.get(f"/v1/disputes/{own.id}/history", headers=key)).json()["items"]
        return [each["data"]["other"] for each in items[1:]]

    assert await named(clerk) == [str(also_own.id), str(foreign.id), str(foreign.id)]
    assert await named(mine) == [str(also_own.id), None, None]


async def test_linking_waits_for_no_other_work(desk: Desk) -> None:
    first, again = await filed(desk), await filed(desk, days=1)
    key = await desk.key()
    async with desk.db.transaction() as tx:
        await precedent_index.keep_up(tx, 1)
        await precedent_index.sample_words(tx)
        await theme_counts.alone(tx)
        async with desk.db.transaction() as other:
            await other.raw.execute("set local lock_timeout = '500ms'")
            await links.add(other, again.id, first.id, LinkKind.UNRELATED, author="principal:x", reason="looked at")
    assert (await desk.post(again, "unlink", against(first), key)).status_code == 200
