"""The service as it runs carries a migration out soon after it was asked for."""

import copy

from shared.db import disputes, policies, policy_migrations
from shared.db.engine import Database
from shared.db.policy_migrations import Filter, Migration, Wanted
from shared.domain.dispute import Dispute
from shared.policy.matrix import default_body
from tests.builders import a_dispute, a_filing
from tests.services.escalation.test_escalation_service import Moved, policy_is_stored, running, tier_is
from tests.waiting import eventually


async def test_a_migration_asked_for_is_carried_out_by_the_running_service(database: str) -> None:
    moved = Moved(database)
    async with running(moved, database):
        await eventually(lambda: policy_is_stored(moved.database))
        async with moved.database.transaction() as tx:
            (dispute,) = await disputes.insert_many(tx, [a_filing(a_dispute(received_at=tx.now))])
        await eventually(lambda: tier_is(moved.database, dispute, 1))
        made = await asked(moved.database)
        await eventually(lambda: is_done(moved.database, made))
        async with moved.database.transaction() as tx:
            after: Dispute = await disputes.get(tx, dispute.id)
        assert after.policy_version == 2


async def asked(database: Database) -> Migration:
    body = copy.deepcopy(dict(default_body()))
    body["tiers"][0]["deadline"] = "3 business days"
    async with database.transaction() as tx:
        await policies.put(tx, "escalation", body, author="principal:test", reason="a test", expected=1)
        wanted = Wanted(2, Filter(), "a test", allow_later=False, requested_by="principal:test")
        return await policy_migrations.create(tx, "escalation", wanted)


async def is_done(database: Database, made: Migration) -> bool:
    async with database.transaction() as tx:
        found = await policy_migrations.get(tx, "escalation", made.id)
    return (found.state, found.counts.get("later")) == ("done", 1)
