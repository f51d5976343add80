"""The kinds of field that bodies are made of, each with its limits; anything unknown or of another type is refused."""

import re
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.intake.api.countries import COUNTRIES
from services.intake.email_address import email_address

# Everything below a blank but tab and line ends, delete, and the second control block; in texts of one line those too.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LANGUAGE: Final = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"
EARLIEST: Final = date(1970, 1, 1)


class Body(BaseModel):
    """A JSON object whose every field is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _one_line(text: str) -> str:
    if not text.isprintable() and _LINE_CONTROLS.search(text):
        raise ValueError("Control characters and line breaks are not allowed here.")
    return text


def _free_text(text: str) -> str:
    if not text.isprintable() and _CONTROLS.search(text):
        raise ValueError("Control characters are not allowed here.")
    return text


LINE: Final = AfterValidator(_one_line)
FREE: Final = AfterValidator(_free_text)
Line50 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50), LINE]
Line100 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), LINE]
Line200 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), LINE]
Line300 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), LINE]
IssueName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""What a dispute is about more closely: a name of the taxonomy in use."""
Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000), FREE]
"""A text of several lines: a description, a message."""


def _country(text: str) -> str:
    if text[:2] not in COUNTRIES:
        raise ValueError("Not an ISO 3166-1 country of two letters.")
    return text


@cache
def _zones() -> frozenset[str]:
    from zoneinfo import available_timezones

    return frozenset(available_timezones())


def _time_zone(text: str) -> str:
    if text not in _zones():
        raise ValueError("Not a time zone of the IANA database, such as Europe/London.")
    return text


def _iso_text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("A date or time is a text such as 2026-05-01.")  # noqa: TRY004 - pydantic collects ValueError
    return value


def _plausible(value: date) -> date:
    if value < EARLIEST:
        raise ValueError("Before 1970.")
    return value


def _instant(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("An instant needs its offset, such as 2026-05-01T09:00:00Z.")
    if value.date() < EARLIEST:
        raise ValueError("Before 1970.")
    return value.astimezone(UTC)


Email = Annotated[
    str,
    StringConstraints(max_length=254),
    AfterValidator(email_address),
    Field(json_schema_extra={"format": "email"}, examples=["ada@example.org"]),
]
Language = Annotated[str, StringConstraints(pattern=_LANGUAGE, max_length=35), Field(examples=["en", "pt-BR"])]
Jurisdiction = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$"),
    AfterValidator(_country),
    Field(description="ISO 3166-1 country, optionally with its ISO 3166-2 subdivision.", examples=["GB", "US-CA"]),
]
TimeZone = Annotated[
    str, StringConstraints(max_length=64), AfterValidator(_time_zone), Field(examples=["Europe/London"])
]
Day = Annotated[date, BeforeValidator(_iso_text, json_schema_input_type=str), AfterValidator(_plausible)]
Instant = Annotated[datetime, BeforeValidator(_iso_text, json_schema_input_type=str), AfterValidator(_instant)]
Flag = Annotated[bool, Field(strict=True)]
Whole = Annotated[int, Field(strict=True)]
_MetadataValue = Annotated[str, StringConstraints(max_length=500), LINE]
Metadata = Annotated[
    dict[Annotated[str, StringConstraints(min_length=1, max_length=64), LINE], _MetadataValue],
    Field(max_length=50, description="Up to 50 pairs of your own, such as the number of a ticket elsewhere."),
]


class MoneyIn(Body):
    """An exact amount: a decimal string and an ISO 4217 currency."""

    value: Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,20}(\.[0-9]{1,8})?$"), Field(examples=["49.90"])]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(examples=["EUR"])]


class MoneyOut(BaseModel):
    """An exact amount with the currency's own number of digits."""

    value: Annotated[str, Field(examples=["49.90"])]
    currency: Annotated[str, Field(examples=["EUR"])]
