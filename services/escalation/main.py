"""Composes escalation: the consumer of events, the sweeps, the auditor."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from services.escalation.ageing import LOOK_SECONDS, Ageing
from services.escalation.auditor import Auditor
from services.escalation.compliance import Compliance
from services.escalation.expert_watch import ExpertWatch
from services.escalation.figures import Figures
from services.escalation.handlers import Handlers
from services.escalation.migrator import Migrator
from services.escalation.reassigner import Reassigner
from services.escalation.risking import Risking
from services.escalation.settings import EscalationSettings
from services.escalation.staffing import Staff
from services.escalation.sweep import ASSIST_AFTER, Sweep
from shared.broker.consumer import Consumer
from shared.broker.ports import Broker
from shared.db import policies, policy_migrations, reassignments
from shared.db.engine import Database
from shared.db.faults import RAISED_BY_DATABASE
from shared.db.policies import Matrices
from shared.db.regimes import RegimeBooks
from shared.domain.calendar import Calendar
from shared.messages.topology import ESCALATION
from shared.policy.calendars import DEFAULT_CALENDARS, load_calendars
from shared.runtime.health import CheckFailedError
from shared.runtime.logs import logger
from shared.runtime.loops import Pace, every
from shared.runtime.memory import settle
from shared.runtime.metrics import Metrics
from shared.runtime.sealing import Sealer
from shared.runtime.service import Service
from shared.runtime.stop import Stop

YEARS_BACK: Final = 2
YEARS_AHEAD: Final = 10
OPENING_SECONDS: Final = 1.0
MIGRATION_SECONDS: Final = 2.0
"""Longest rest between two looks for a migration or a reassignment that waits."""

log = logger(__name__)


def build(
    settings: EscalationSettings, *, database: Database, broker: Broker, metrics: Metrics, sealer: Sealer
) -> Service:
    """The service, not yet running. It opens once the policy is stored and the calendars are read."""
    engine = Engine(settings, database=database, broker=broker, metrics=metrics)
    return Service("escalation", (engine.run,), {"escalation": engine.check})


class Engine:
    """Everything that ticks."""

    def __init__(self, settings: EscalationSettings, *, database: Database, broker: Broker, metrics: Metrics) -> None:
        self._settings = settings
        self._database = database
        self._broker = broker
        self._metrics = metrics
        self._figures = Figures(metrics)
        self._auditor: Auditor | None = None

    async def check(self) -> str:
        """A readiness check.

        Raises:
            CheckFailedError: the engine has not opened, or has stalled.
        """
        if self._auditor is None:
            raise CheckFailedError("the escalation engine has not opened yet")
        return await self._auditor.check()

    async def run(self, stop: Stop) -> None:
        """Opens, runs until the stop, and drains."""
        while not stop.requested:
            try:
                calendars = await self._open()
            except RAISED_BY_DATABASE as error:
                log.warning("not_open_yet", reason=type(error).__name__)
                await stop.sleep(OPENING_SECONDS)
            else:
                settle()
                await self._tick(stop, calendars)

    async def _open(self) -> Mapping[str, Calendar]:
        """Stores the first policies if there are none, and reads the calendars for the years around now.

        Raises:
            PolicyFault: a policy does not hold, which is better known at the start than at every event.
        """
        async with self._database.transaction() as tx:
            await policies.ensure_default(tx)
            year = tx.now.year
        years = range(year - YEARS_BACK, year + YEARS_AHEAD)
        folder = self._settings.calendars_dir or DEFAULT_CALENDARS
        calendars = await asyncio.to_thread(load_calendars, folder, years)
        async with self._database.transaction() as tx:
            await Matrices(calendars).current(tx)
            await RegimeBooks(calendars).current(tx)
        return calendars

    async def _tick(self, stop: Stop, calendars: Mapping[str, Calendar]) -> None:
        settings, matrices = self._settings, Matrices(calendars)
        staff = Staff(calendars)
        handlers = Handlers(matrices, calendars, self._figures, staff)
        consumer = Consumer(self._database, self._broker, ESCALATION, handlers, metrics=self._metrics)
        self._auditor = Auditor(
            self._database,
            handlers,
            self._figures,
            batch=settings.audit_batch,
            stalled=timedelta(seconds=settings.stalled_seconds),
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(consumer.run(stop), name="escalation.consumer")
            for number in range(settings.sweepers):
                sweep = Sweep(
                    self._database,
                    matrices,
                    calendars,
                    self._figures,
                    batch=settings.sweep_batch,
                    staff=staff,
                    patience=ASSIST_AFTER if number else timedelta(),
                )
                group.create_task(self._sweep(sweep, stop), name=f"escalation.sweep.{number}")
            ageing = Ageing(self._database, matrices, handlers, batch=settings.audit_batch)
            pace = Pace(settings.audit_seconds)
            pace_of_ages = Pace(min(LOOK_SECONDS, settings.audit_seconds))
            experts = ExpertWatch(self._database, handlers)
            risking = Risking(self._database, matrices, calendars, handlers)
            for step, name in (
                (self._auditor.round, "escalation.audit"),
                (risking.round, "escalation.risk"),
                (experts.round, "escalation.experts"),
                (Compliance(self._database, handlers).round, "escalation.compliance"),
            ):
                group.create_task(every(step, stop, pace=pace, name=name, retry_on=RAISED_BY_DATABASE), name=name)
            looking = every(
                ageing.round, stop, pace=pace_of_ages, name="escalation.ageing", retry_on=RAISED_BY_DATABASE
            )
            group.create_task(looking, name="escalation.ageing")
            migrator = Migrator(self._database, matrices, calendars, self._figures)
            group.create_task(self._migrate(migrator, stop), name="escalation.migrations")
            reassigner = Reassigner(self._database, handlers)
            group.create_task(self._reassign(reassigner, stop), name="escalation.reassignments")

    async def _sweep(self, sweep: Sweep, stop: Stop) -> None:
        wake = asyncio.Event()
        self._database.on_commit("timer", sweep.widen)
        self._database.on_commit("timer", wake.set)
        pace = Pace(self._settings.sweep_seconds)
        await every(sweep.round, stop, pace=pace, name="escalation.sweep", retry_on=RAISED_BY_DATABASE, wake=wake)

    async def _reassign(self, reassigner: Reassigner, stop: Stop) -> None:
        wake = asyncio.Event()
        self._database.on_commit(reassignments.HINT, wake.set)
        pace = Pace(MIGRATION_SECONDS)
        name = "escalation.reassignments"
        await every(reassigner.round, stop, pace=pace, name=name, retry_on=RAISED_BY_DATABASE, wake=wake)

    async def _migrate(self, migrator: Migrator, stop: Stop) -> None:
        wake = asyncio.Event()
        self._database.on_commit(policy_migrations.HINT, wake.set)
        pace = Pace(MIGRATION_SECONDS)
        await every(
            migrator.round, stop, pace=pace, name="escalation.migrations", retry_on=RAISED_BY_DATABASE, wake=wake
        )
