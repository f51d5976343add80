"""What escalation reads from its environment."""

from pathlib import Path

from pydantic import Field, field_validator

from shared.runtime.settings import CommonSettings, existing_folder


class EscalationSettings(CommonSettings):
    """The common settings and the engine's own."""

    port: int = Field(8001, ge=0, le=65535, description="HTTP port for health and metrics; 0 picks a free one.")
    calendars_dir: Path | None = Field(
        None,
        description="Folder of the TOML files that describe working hours and holidays; those the product ships with "
        "when left out.",
    )
    sweep_batch: int = Field(250, ge=1, le=2000, description="Most timers fired in one transaction.")
    sweep_seconds: float = Field(0.5, gt=0, le=60, description="Longest rest between two looks for due timers.")
    sweepers: int = Field(
        2,
        ge=1,
        le=16,
        description="Sweeps that run at once in this process while there is much to fire; otherwise the first alone.",
    )
    audit_seconds: float = Field(10.0, gt=0, le=600, description="Seconds between two audits.")
    audit_batch: int = Field(5000, ge=1, le=50_000, description="Most disputes looked at in one audit.")
    stalled_seconds: float = Field(
        30.0,
        gt=0,
        le=3600,
        description="Readiness fails when the engine's heartbeat or a due timer is older than this.",
    )

    _calendars_are_there = field_validator("calendars_dir")(existing_folder)
