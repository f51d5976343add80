"""How fast a policy is tried: a dry run over open disputes, and a replay of past ones, both on a real database.

`python -m benchmarks.policy --open 1000000 --over 100000` loads that many of each, with clocks and histories as the
product writes them, and prints disputes a minute, with how many processes. The proposed matrix shortens the first tier
and lowers the thresholds of amounts. The same replay is then measured with a threshold on breach risk on top, judged by the
prior and by a model of every figure, under the resolution clock of eight weeks and one of ten business days: turn by turn
with the matrix that lacks the threshold, as a ratio to it.
"""

import argparse
import copy
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from benchmarks.timers import server
from services.launch.policy.whole import Order, replay_whole
from shared.db import policies
from shared.db.dry_run import Bounds, Proposal, dry_run
from shared.db.engine import Database, make_engine
from shared.db.insight import Scope, look
from shared.db.policies import Matrices
from shared.db.promises import spec_text
from shared.db.replaying import Trial, replay_newest
from shared.domain.breach_features import NAMES
from shared.domain.breach_model import document
from shared.domain.breach_risk import Calibration, Model, Weight
from shared.domain.clock_record import Kind
from shared.domain.dispute import Severity
from shared.policy.calendars import DEFAULT_CALENDARS, load_calendars
from shared.policy.matrix import default_body, parse_matrix
from shared.runtime.process import run

LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)

_DISPUTES: Final = """
insert into dispute (id, reference, version, sequence, head, status, stage, tier, handler, severity, category, confidence,
  needs_person, secondary, signals, channel, amount, currency, customer_id, customer_class, language, policy_version,
  prior_disputes, contact_count, reopen_count, waits, metadata, received_at, updated_at, acknowledged_at)
select uuidv7(), $1 || n, 2, 0, '\\x00', $2, 'internal_1', 1, 'Complaints desk', 'normal', 'billing_error', 0.9, false, '{}',
  '{frustrated}', 'api', 20 + n % 600, 'EUR', gen_random_uuid(), 'standard', 'en', 1, 0, 1, 0, '[]', '{}',
  now() - interval '60 days' + n % 40 * interval '1 day' + n % 977 * interval '1 minute', now(), now() - interval '40 days'
from generate_series($3::int, $4::int) n
"""
_CLOCKS: Final = """
insert into clock (dispute_id, kind, generation, phase, state, tier, spec, policy_version, started_at, opened_at, due_at)
select id, $1, 1, 0, 'running', case when $1 = 'tier' then 1 end, $2::json, 1, received_at, received_at,
  now() + interval '3 days' from dispute where status = 'investigating'
"""
_TELL: Final = """
insert into event (dispute_id, sequence, id, type, version, occurred_at, actor, data, hash)
select d.id, e.sequence, gen_random_uuid(), 'dispute.' || e.type, 1, d.received_at + e.after, 'principal:bench',
  replace(replace(replace(e.data, '$AMOUNT', d.amount::text), '$ID', d.id::text), '$REFERENCE', d.reference)::json, '\\x00'
from dispute d, (values
  (1, 'filed', interval '0', '{"reference":"$REFERENCE","channel":"api","category":"billing_error","confidence":0.9,'
    '"needs_person":false,"secondary":[],"signals":["frustrated"],"severity":"normal","amount":"$AMOUNT","currency":"EUR",'
    '"customer_id":"$ID","customer_class":"standard","jurisdiction":"GB","language":"en"}'),
  (2, 'assigned', interval '1 second', '{}'),
  (3, 'notified', interval '3 seconds', '{"kind":"acknowledgement","channel":"email","outcome":"sent","delivery_id":"x",'
    '"occasion":"once"}'),
  (4, 'message_added', interval '5 hours', '{"message_id":"m","direction":"out","channel":"email","author":"agent",'
    '"internal":false}'),
  (5, 'status_changed', interval '5 hours', '{"before":"received","after":"investigating","trigger":"investigate"}'),
  (6, 'status_changed', interval '6 hours',
    '{"before":"investigating","after":"awaiting_customer","trigger":"wait_for_customer"}'),
  (7, 'message_added', interval '30 hours', '{"message_id":"m","direction":"in","channel":"email","author":"customer",'
    '"internal":false}'),
  (8, 'status_changed', interval '30 hours',
    '{"before":"awaiting_customer","after":"investigating","trigger":"resume"}'),
  (9, 'deadline_warned', interval '3 days', '{}'),
  (10, 'escalated', interval '5 days', '{}'),
  (11, 'resolved', interval '7 days', '{"outcome":"upheld","remedy":null,"amount":null,"currency":null,"occasion":0}'),
  (12, 'notified', interval '7 days 2 seconds', '{"kind":"resolution","channel":"email","outcome":"sent",'
    '"delivery_id":"x","occasion":"0"}'),
  (13, 'follow_up_due', interval '14 days', '{}'),
  (14, 'closed', interval '21 days', '{"because":"silence"}')
) as e(sequence, type, after, data) where d.status = 'closed' and d.reference like $1
"""


def proposed() -> dict[str, Any]:
    """The shipped matrix with a quicker front line and lower thresholds."""
    body = copy.deepcopy(dict(default_body()))
    body["tiers"][0]["deadline"] = "12 business hours"
    body["thresholds"][0]["when"] = {"amount_over": "100"}
    body["clocks"]["next_update"]["duration"] = "5 business days"
    return body


def with_risk(body: Mapping[str, Any]) -> dict[str, Any]:
    """The matrix with one more threshold, on breach risk."""
    likely = {"name": "likely", "when": "breach_risk >= 0.5", "to_tier": 3, "because": "it is likely to be late"}
    return {**body, "thresholds": [*body["thresholds"], likely]}


def within_days(body: Mapping[str, Any]) -> dict[str, Any]:
    """The matrix with a resolution clock of which a dispute of a week uses much."""
    resolution = {"duration": "10 business days", "calendar": "desk", "pausable": True, "on_breach": "escalate"}
    return {**body, "clocks": {**body["clocks"], "resolution": resolution}}


def a_model() -> Mapping[str, Any]:
    """A model that weighs every figure, as a learned one does; what it says does not matter here."""
    weights = tuple(Weight(name, 0.3, 0.5, 0.6 if "used" in name else 0.1) for name in NAMES)
    return document(Model(3000, -1.5, weights, Calibration("platt", (1.0, 0.0))))


async def load(database: Database, open_: int, over: int) -> None:
    """Fills the tables, a bounded number of rows in each transaction."""
    for prefix, status, count in (("O-", "investigating", open_), ("C-", "closed", over)):
        for first in range(1, count + 1, 50_000):
            async with database.transaction() as tx:
                await tx.raw.execute(_DISPUTES, prefix, status, first, min(first + 49_999, count), timeout=600)
    matrix = parse_matrix(default_body(), version=1)
    kinds = {kind: matrix.promise(kind, Severity.NORMAL) for kind in (Kind.NEXT_UPDATE, Kind.RESOLUTION)}
    kinds[Kind.TIER] = matrix.tier(1).deadlines[Severity.NORMAL]
    async with database.transaction() as tx:
        await tx.raw.execute("set local statement_timeout = 0")
        for kind, promise in kinds.items():
            assert promise is not None
            await tx.raw.execute(_CLOCKS, kind.value, spec_text(promise), timeout=3600)
        await tx.raw.execute(_TELL, "C-%", timeout=3600)
    async with database.engine.connect() as connection:
        outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await outside.exec_driver_sql("set statement_timeout = 0")
        await outside.exec_driver_sql("vacuum analyze dispute, clock, event")


async def measure(url: str, arguments: argparse.Namespace) -> None:
    """Loads, tries, prints."""
    database = Database(make_engine(url, pool_size=2))
    async with database.transaction() as tx:
        await policies.ensure_default(tx)
        year = tx.now.year
    years = range(year - 2, year + 10)
    calendars = load_calendars(DEFAULT_CALENDARS, years)
    began = time.monotonic()
    await load(database, arguments.open, arguments.over)
    print(f"loaded {arguments.open:,} open and {arguments.over:,} past disputes in {time.monotonic() - began:.0f} s")
    matrices = Matrices(calendars)
    matrix = parse_matrix(proposed(), version=2, calendars=calendars)
    for limit in (5000, 20_000, arguments.whole):
        seen = await dry_run(database, matrices, calendars, Proposal(matrix), Bounds(limit))
        told = seen.foresight
        print(
            f"dry run, limit {limit:,}: looked at {told.looked_at:,} of {seen.open_disputes:,} in {seen.seconds:.2f} s, "
            f"{told.looked_at / seen.seconds * 60:,.0f} a minute; {told.moved:,} deadlines move, {told.overdue:,} overdue, "
            f"{told.escalated:,} climb"
        )
    for many in (20_000, 50_000):
        began = time.monotonic()
        async with database.transaction() as tx:
            found = await look(tx, Scope(LONG_AGO, many))
        print(f"insight over {found.looked_at:,} of {found.received:,} in {time.monotonic() - began:.2f} s")
    present = parse_matrix(default_body(), version=1, calendars=calendars)
    trial = Trial.of(present, matrix, calendars)
    some = min(arguments.over, 10_000)
    once = await replay_newest(database, trial, limit=some, since=LONG_AGO, seconds=600)
    print(f"replay in one process: {once.comparison.disputes:,} in {once.seconds:.2f} s, {once.a_minute:,.0f} a minute")
    order = Order(url, default_body(), proposed(), DEFAULT_CALENDARS, years)
    for processes in (1, 2):
        used = _used()
        done = await replay_whole(database, order, since=LONG_AGO, limit=arguments.over, processes=processes)
        each = (_used() - used) / max(done.comparison.disputes, 1) * 1000
        print(
            f"replay with {processes} worker processes: {done.comparison.disputes:,} in {done.seconds:.2f} s, "
            f"{done.a_minute:,.0f} a minute; {done.comparison.differ:,} differ; "
            f"{each:.2f} ms of processor time each, so {60_000 / each:,.0f} a minute for a whole core"
        )
        await measure_risk(database, order, arguments, processes)
    await database.dispose()


async def measure_risk(database: Database, order: Order, arguments: argparse.Namespace, processes: int) -> None:
    """The proposed matrix with and without a threshold on breach risk, turn by turn; the best of each counts."""
    for clock, without in (("8 weeks", order.proposed), ("10 business days", within_days(order.proposed))):
        orders = {
            "without": order._replace(proposed=without),
            "prior": order._replace(proposed=with_risk(without)),
            "model": order._replace(proposed=with_risk(without), model=a_model()),
        }
        spent: dict[str, float] = {}
        speed: dict[str, float] = {}
        for name, each in [*orders.items()] * arguments.turns:
            used = _used()
            done = await replay_whole(database, each, since=LONG_AGO, limit=arguments.over, processes=processes)
            used = (_used() - used) / max(done.comparison.disputes, 1)
            spent[name] = min(used, spent.get(name, used))
            speed[name] = max(done.a_minute, speed.get(name, 0.0))
        told = "; ".join(
            f"{name} {speed[name]:,.0f} a minute, {spent[name] * 1000:.2f} ms, {spent[name] / spent['without']:.2f} times"
            for name in orders
        )
        print(f"risk looked at, resolution in {clock}, {processes} worker processes: {told}")


def _used() -> float:
    """Seconds of processor time of this process and of its children that have ended."""
    return sum(os.times()[:4])


async def main(arguments: argparse.Namespace) -> None:
    """Runs on a server of its own unless one is named."""
    async with server(arguments.url) as url:
        await measure(url, arguments)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--open", type=int, default=100_000)
    parser.add_argument("--over", type=int, default=20_000)
    parser.add_argument("--whole", type=int, default=50_000, help="the largest dry run")
    parser.add_argument("--turns", type=int, default=2, help="how often each matrix with and without risk is replayed")
    parser.add_argument("--url", default=None)
    run(main(parser.parse_args()))
