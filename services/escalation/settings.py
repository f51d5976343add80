"""What escalation reads from its environment."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from shared.policy.calendars import DEFAULT_CALENDARS
from shared.runtime.settings import CommonSettings


class EscalationSettings(CommonSettings):
    """The common settings and the engine's own."""

    host: str = Field("127.0.0.1", description="Address on which health and metrics are served.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8001, description="Port on which health and metrics are served; 0 takes any that is free."
    )
    calendars_dir: Path = Field(
        DEFAULT_CALENDARS, description="Folder of the TOML files that describe working hours and holidays."
    )
    sweep_batch: int = Field(500, ge=1, le=2000, description="Most timers fired in one transaction.")
    sweep_seconds: float = Field(0.5, gt=0, le=60, description="Longest rest between two looks for due timers.")
    sweepers: int = Field(2, ge=1, le=16, description="Sweeps that run at once in this process.")
    audit_seconds: float = Field(10.0, gt=0, le=600, description="Seconds between two audits.")
    audit_batch: int = Field(5000, ge=1, le=50_000, description="Most disputes looked at in one audit.")
    stalled_seconds: float = Field(
        30.0,
        gt=0,
        le=3600,
        description="Readiness fails when the engine's heartbeat or a due timer is older than this.",
    )
