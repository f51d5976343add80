"""Words by language, and dates and money as their reader writes them. Pure but for reading the word files at start."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_name
from babel.numbers import format_currency

from shared.domain.money import Money
from shared.domain.regime import kind_of

TEMPLATES: Final = Path(__file__).parent / "templates"
FALLBACK: Final = "en"

Words = Mapping[str, Any]


@lru_cache(maxsize=64)
def words_of(language: str) -> Words:
    """The phrases of a language that has a word file.

    Raises:
        FileNotFoundError: it has none.
    """
    return tomllib.loads((TEMPLATES / "words" / f"{language}.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=512)
def language_for(kind: str, wanted: str) -> str:
    """The language in which a letter of this kind can be written, nearest to the one wanted; English if none is near."""
    base = wanted.replace("_", "-").partition("-")[0].lower()
    if not base.isalpha():
        return FALLBACK
    ready = (TEMPLATES / kind / base).is_dir() and (TEMPLATES / "words" / f"{base}.toml").is_file()
    return base if ready else FALLBACK


@lru_cache(maxsize=512)
def locale_for(language: str, wanted: str, territory: str | None) -> Locale:
    """How a reader of this language, there, writes dates and money. Total: the plain language where all else fails."""
    region = wanted.replace("_", "-").partition("-")[2] or territory or ""
    for name in (f"{language}_{region.upper()}", language):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse(FALLBACK)


@lru_cache(maxsize=512)
def zone_for(*names: str | None) -> ZoneInfo:
    """The first of the zones that exists; UTC when none does."""
    for name in names:
        try:
            return ZoneInfo(name or "")
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a letter is for: the language it is written in, and how that person writes dates, times and money."""

    language: str
    locale: Locale
    zone: ZoneInfo

    @property
    def words(self) -> Words:
        """The phrases in the reader's language."""
        return words_of(self.language)

    def moment(self, instant: datetime) -> str:
        """Date, time and the name of the zone they are in."""
        return _moment(instant.replace(second=0, microsecond=0), self.locale, self.zone, self.words["moment"])

    def day(self, instant: datetime) -> str:
        """The date alone."""
        return format_date(instant.astimezone(self.zone), "full", locale=self.locale)

    def money(self, money: Money) -> str:
        """An amount with its currency."""
        return format_currency(money.amount, money.currency, locale=self.locale)

    def clock_named(self, clock: str) -> str:
        """A clock in words; a milestone whose title is not at hand by its name and its regime."""
        milestone = kind_of(clock)
        if milestone is None:
            return str(self.words["clock"].get(clock, clock))
        return f"{milestone.milestone.replace('_', ' ').replace('/', ', ')} ({milestone.regime})"


@lru_cache(maxsize=4096)
def _moment(instant: datetime, locale: Locale, zone: ZoneInfo, pattern: str) -> str:
    local = instant.astimezone(zone)
    return pattern.format(
        date=format_date(local, "full", locale=locale),
        time=format_time(local, "short", locale=locale),
        zone=get_timezone_name(local, locale=locale),
    )


def verbatim(text: str | None) -> str:
    """A person's own words, with one kind of line break."""
    return (text or "").replace("\r\n", "\n").replace("\r", "\n").strip()


class Milestone(NamedTuple):
    """A regime's milestone as people are told of it: its title, and what has to be sent with it."""

    title: str
    sends: tuple[str, ...] = ()
