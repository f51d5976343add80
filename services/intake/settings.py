"""What intake reads from the environment."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from shared.runtime.settings import CommonSettings, existing_folder, variable

ADMIN_KEY_LENGTH_MIN = 16


class IntakeSettings(CommonSettings):
    """The variables of the HTTP door."""

    admin_key: SecretStr | None = Field(
        None,
        min_length=ADMIN_KEY_LENGTH_MIN,
        description="API key of the first administrator, at least 16 characters; made valid at every start, "
        "and the one it replaces is revoked.",
    )
    cors_origins: tuple[str, ...] = Field(
        (), description='Origins whose pages may call the API, as JSON: `["https://desk.example.com"]`.'
    )
    rate_limit: int = Field(
        600,
        ge=0,
        le=1_000_000,
        description="Requests that each API key may make per window and process; 0 is no limit.",
    )
    rate_window_seconds: int = Field(10, ge=1, le=3600, description="The window of the rate limit, in seconds.")
    outbox_age_seconds_max: float = Field(
        120.0,
        ge=0,
        le=86_400,
        description="Filing is refused with 503 while the oldest unpublished message is older; 0 never refuses.",
    )
    processes: int = Field(
        1,
        ge=1,
        le=64,
        description="Processes that share the port, when intake runs alone; about as many as it may use processors. "
        "Each has its own pool, and its own count for the rate limit.",
    )
    filing_batch_max: int = Field(
        64, ge=1, le=500, description="Most concurrent filings that share one database transaction."
    )
    filing_lanes: int = Field(
        2, ge=1, le=16, description="Database transactions in which filings may be stored at the same time."
    )
    filing_queue_max: int = Field(
        2000, ge=1, le=100_000, description="Filings that may wait for their transaction; beyond it the answer is 503."
    )
    taxonomy: str = Field(
        "general",
        description="What customers complain of: `general`, `financial` (two categories more, for banks and lenders), "
        "or the path of a TOML file of your own.",
    )
    correction_days: int = Field(
        365,
        ge=0,
        le=3650,
        description="Days for which a category that an agent corrected is kept to learn from, with a masked copy of the "
        "text; 0 keeps none.",
    )
    inbound_days: int = Field(
        30,
        ge=1,
        le=3650,
        description="Days for which a raw mail or webhook is kept that was nothing for a dispute, ignored or dismissed. One that "
        "became part of a dispute is kept with it.",
    )
    quarantine_days: int = Field(
        365,
        ge=1,
        le=3650,
        description="Days for which a raw mail or webhook is kept that was not understood and that nobody looked at; not fewer "
        "than `RECOURSE_INBOUND_DAYS`.",
    )
    calendars_dir: Path | None = Field(
        None,
        description="Folder of the TOML files that describe working hours and holidays, the same as escalation's; "
        "those the product ships with when left out.",
    )
    webhook_allow_private: bool = Field(
        False, description="Accept webhook endpoints at private addresses and without TLS. For development alone."
    )

    _calendars_are_there = field_validator("calendars_dir")(existing_folder)

    @model_validator(mode="after")
    def _what_waits_is_kept_longer(self) -> Self:
        if self.quarantine_days < self.inbound_days:
            raise ValueError(f"{variable('quarantine_days')} is not less than {variable('inbound_days')}")
        return self

    @model_validator(mode="after")
    def _origins_are_origins(self) -> Self:
        for origin in self.cors_origins:
            if not origin.startswith(("https://", "http://")) or origin.count("/") != 2:
                raise ValueError(
                    f"{variable('cors_origins')} holds scheme and host only, such as https://desk.example.com"
                )
        return self
