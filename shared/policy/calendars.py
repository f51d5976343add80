"""Calendars from TOML, with the public holidays of a country, checked as a whole before anything counts on them."""

import contextlib
import re
import warnings
from collections.abc import Iterator, Mapping
from datetime import date, time
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from shared.domain.calendar import WEEKDAYS, Calendar
from shared.domain.errors import InvalidValue, PolicyFault
from shared.domain.open_year import Hours
from shared.policy.toml_models import tables
from shared.policy.toml_places import line_of, lines_of

DEFAULT_CALENDARS: Final = Path(__file__).with_name("calendars")

_YEARS_MAX: Final = 30
_CALENDARS_MAX: Final = 500
_DATES_MAX: Final = 2_000
_FILE_BYTES_MAX: Final = 1_000_000
_SHORT_NAMES: Final = {name[:3]: number for number, name in enumerate(WEEKDAYS)}
_SPAN: Final = re.compile(r"(\d\d):([0-5]\d)-(\d\d):([0-5]\d)")

Spans = Annotated[list[str], Field(max_length=24)]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _NamedDay(_Strict):
    date: date
    name: Name


class _Exception(_Strict):
    date: date
    hours: Spans = []


class _Holidays(_Strict):
    country: Annotated[str, Field(pattern=r"^[A-Z]{2,3}$")] | None = None
    subdivision: Annotated[str, Field(max_length=20)] | None = None
    extra: Annotated[list[_NamedDay], Field(max_length=_DATES_MAX)] = []
    worked: Annotated[list[date], Field(max_length=_DATES_MAX)] = []

    @model_validator(mode="after")
    def _country_first(self) -> Self:
        if self.country is None and (self.subdivision or self.worked):
            raise ValueError("a subdivision or worked holidays need a country")
        return self


def _weekdays(week: dict[str, list[str]]) -> dict[str, list[str]]:
    named = [number for key in week for number in _days_named(key)]
    twice = sorted({WEEKDAYS[number] for number in named if named.count(number) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} has hours twice")
    return week


class _CalendarPolicy(_Strict):
    zone: Name
    always: bool = False
    week: Annotated[dict[str, Spans], AfterValidator(_weekdays)] = {}
    holidays: _Holidays = _Holidays()
    exceptions: Annotated[list[_Exception], Field(max_length=_DATES_MAX)] = []

    @model_validator(mode="after")
    def _opens(self) -> Self:
        if self.always == bool(self.week):
            raise ValueError("give either the hours of a week or always = true")
        if self.always and (self.holidays != _Holidays() or self.exceptions):
            raise ValueError("a calendar that is always open has no holidays or exceptions")
        return self


_DOCUMENT: Final = TypeAdapter(dict[Name, _CalendarPolicy])


class CalendarsUnreadable(PolicyFault):
    """A file or folder that cannot be read, whatever is in it."""


def load_calendars(source: Path | str, years: range) -> Mapping[str, Calendar]:
    """The calendars of a TOML text, a file, or every *.toml file of a folder, with the holidays of these years.

    Years are consecutive, 1 to 30. PolicyFault, naming the file, the place in it and its line, for anything that does not
    hold, and CalendarsUnreadable for what cannot be read.
    """
    if not 1 <= len(years) <= _YEARS_MAX or years.step != 1:
        raise PolicyFault("years", f"Holidays are loaded for 1 to {_YEARS_MAX} consecutive years.")
    found: dict[str, Calendar] = {}
    for file, text in _texts(source):
        with _told(file, text):
            for name, policy in _parse(text).items():
                if name in found:
                    raise PolicyFault(name, "Another file has a calendar of this name.")
                found[name] = _build(name, policy, years, place=name)
    if not 1 <= len(found) <= _CALENDARS_MAX:
        raise PolicyFault(str(source)[:100], f"There are 1 to {_CALENDARS_MAX} calendars, not {len(found)}.")
    return MappingProxyType(found)


def _texts(source: Path | str) -> Iterator[tuple[str, str]]:
    if isinstance(source, str):
        yield "", source
        return
    for path in sorted(source.glob("*.toml")) if source.is_dir() else [source]:
        yield path.name, _text(path)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _FILE_BYTES_MAX:
            raise PolicyFault(path.name, f"The file is larger than {_FILE_BYTES_MAX:,} bytes.")
        return path.read_text(encoding="utf-8")
    except OSError as fault:
        raise CalendarsUnreadable(path.name, f"The file cannot be read: {fault.strerror or fault}.") from fault
    except UnicodeDecodeError as fault:
        raise PolicyFault(path.name, "This is not UTF-8 text.") from fault


@contextlib.contextmanager
def _told(file: str, text: str) -> Iterator[None]:
    """Says of a fault in which file it is and on which line."""
    try:
        yield
    except PolicyFault as fault:
        line = fault.line or (line_of(lines_of(text), fault.place) if fault.place else None)
        place = ": ".join(each for each in (file, fault.place) if each)
        raise PolicyFault(place, fault.detail, line) from fault


def _parse(text: str) -> dict[str, _CalendarPolicy]:
    try:
        return _DOCUMENT.validate_python(tables(text))
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise PolicyFault(where, first["msg"].removeprefix("Value error, ")) from fault


def _build(name: str, policy: _CalendarPolicy, years: range, *, place: str) -> Calendar:
    try:
        if policy.always:
            return Calendar.always(policy.zone, name)
        country = policy.holidays.country
        public = _public(country, policy.holidays.subdivision, years, place) if country else {}
        if country and not public:
            raise PolicyFault(
                f"{place}.holidays", f"No holidays of {country} are known from {years[0]} to {years[-1]}."
            )
        return Calendar(
            name=name,
            zone=policy.zone,
            weekly=_weekly(policy.week, place),
            holidays=_holidays(policy.holidays, public, years, place),
            exceptions=_exceptions(policy.exceptions, place),
            holiday_years=(min(public), max(public)) if country else None,
        )
    except InvalidValue as fault:
        raise PolicyFault(
            f"{place}{fault.field.replace('/weekly', '/week').replace('/', '.')}", fault.detail
        ) from fault


def _weekly(week: dict[str, list[str]], place: str) -> dict[int, Hours]:
    return {number: _hours(spans, f"{place}.week.{key}") for key, spans in week.items() for number in _days_named(key)}


def _exceptions(exceptions: list[_Exception], place: str) -> dict[date, Hours]:
    found: dict[date, Hours] = {}
    for number, exception in enumerate(exceptions):
        if exception.date in found:
            raise PolicyFault(f"{place}.exceptions.{number}", f"{exception.date} has hours twice.")
        found[exception.date] = _hours(exception.hours, f"{place}.exceptions.{number}.hours")
    return found


def _hours(spans: list[str], place: str) -> Hours:
    return tuple(_span(text, place) for text in spans)


def _span(text: str, place: str) -> tuple[time, time]:
    found = _SPAN.fullmatch(text.replace(" ", ""))
    if found is None:
        raise PolicyFault(place, f"{text!r} is not a span such as '09:00-17:30'.")
    opens, closes = (int(found[1]), int(found[2])), (int(found[3]), int(found[4]))
    if opens > (23, 59) or closes > (24, 0) or closes == (0, 0):
        raise PolicyFault(place, f"{text!r} is not a span of one day; it starts by 23:59 and ends by 24:00.")
    return time(*opens), time.min if closes == (24, 0) else time(*closes)


def _days_named(key: str) -> list[int]:
    """The weekdays of `mon`, `monday` or `mon-fri`; a range may pass Sunday."""
    ends = [_SHORT_NAMES.get(part[:3]) for part in key.lower().split("-") if part in {part[:3], *WEEKDAYS}]
    first, last = ends[0] if ends else None, ends[-1] if ends else None
    if first is None or last is None or len(ends) != key.count("-") + 1 or len(ends) > 2:
        raise ValueError(f"{key!r} is not a weekday such as mon, monday or mon-fri")
    return [(first + step) % 7 for step in range((last - first) % 7 + 1)]


def _holidays(policy: _Holidays, public: Mapping[int, Mapping[date, str]], years: range, place: str) -> dict[date, str]:
    named = {day: name for days in public.values() for day, name in days.items()}
    for day in policy.worked:
        if day.year in years and named.pop(day, None) is None:
            raise PolicyFault(f"{place}.holidays.worked", f"{day} is not a public holiday there.")
    return named | {extra.date: extra.name for extra in policy.extra}


def _public(country: str, subdivision: str | None, years: range, place: str) -> dict[int, Mapping[date, str]]:
    """The public holidays as published, of each year of which they are known; the package that knows them is heavy, so it is imported only when asked."""
    import holidays

    known: dict[int, Mapping[date, str]] = {}
    try:
        for year in years:
            with warnings.catch_warnings():
                warnings.filterwarnings("error", category=UserWarning, message="Requested Holidays")
                with contextlib.suppress(UserWarning):  # of this year the package knows some holidays only
                    known[year] = dict(holidays.country_holidays(country, subdiv=subdivision, years=year).items())
    except NotImplementedError as fault:
        raise PolicyFault(f"{place}.holidays", f"{fault}.") from fault
    return known
