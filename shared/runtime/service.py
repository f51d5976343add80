"""What a service is to the process that runs it: its loops, its readiness checks and its HTTP face."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.types import ASGIApp

from shared.runtime.health import Check
from shared.runtime.process import Task


@dataclass(frozen=True, slots=True)
class Service:
    """One of the three services, built and not yet running. `app` is None where it has no HTTP API of its own."""

    name: str
    tasks: tuple[Task, ...]
    checks: Mapping[str, Check] = field(default_factory=dict)
    app: ASGIApp | None = None
