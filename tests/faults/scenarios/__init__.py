"""The scenarios by number, each with the guard that holds it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.faults.checker import Verdict
from tests.faults.house import House
from tests.faults.scenarios import crashes, kills, race, topology

Play = Callable[[House, Random, str | None], Awaitable[Verdict]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is done, and the guard without which it must be seen to fail."""

    fault: str
    guard: str
    play: Play


SCENARIOS: Final[Mapping[int, Scenario]] = {
    1: Scenario("SIGKILL the API between commit and answer", "idempotency", kills.api),
    2: Scenario("SIGKILL escalation at every step of its transactions", "one transaction", kills.escalation),
    3: Scenario("SIGKILL the relay between confirm and delete", "inbox", kills.relay),
    4: Scenario("SIGKILL notify between 250 and record", "stable Message-ID", kills.notify),
    5: Scenario("freeze a worker that holds locks, thaw it later", "limit of idle transactions", kills.frozen),
    6: Scenario("crash PostgreSQL again and again under load", "durable commit", crashes.postgres),
    13: Scenario("freeze and SIGKILL the broker while it is published to", "publisher confirms", crashes.rabbit),
    19: Scenario("delete bindings, exchange and queue live", "mandatory routing", topology.deleted),
    25: Scenario("resolve racing fire", "second look", race.resolve_and_fire),
}
