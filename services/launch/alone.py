"""One service as a process of its own, on real parts: PostgreSQL and RabbitMQ."""

from services.escalation import main as escalation
from services.escalation.settings import EscalationSettings
from services.intake import main as intake
from services.intake.settings import IntakeSettings
from services.launch.parts import Parts
from services.launch.serve import Build, serve
from services.notify import main as notify
from services.notify.settings import NotifySettings
from shared.db import keys
from shared.runtime.service import Service
from shared.runtime.settings import ConfigurationError, load


async def run(name: str) -> int:
    """Runs `intake`, `escalation` or `notify` until it is told to stop; returns the exit code."""
    match name:
        case "intake":
            return await _intake()
        case "escalation":
            clocks = _real(load(EscalationSettings))
            return await serve(clocks, [_built(escalation, clocks)], name=name, host=clocks.host, port=clocks.port)
        case _:
            mouth = _real(load(NotifySettings))
            return await serve(mouth, [_built(notify, mouth)], name=name, host=mouth.host, port=mouth.port)
