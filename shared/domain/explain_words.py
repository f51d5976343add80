"""A deadline told in plain English, for the customer desk and for the customer."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Final

from shared.domain.open_year import NOTHING
from shared.domain.regime import kind_of

if TYPE_CHECKING:
    from shared.domain.explain import Explanation, PauseCounted

_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Not strftime: its names follow the locale of the process.
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_TICK: Final = timedelta(microseconds=1)
_MINUTE: Final = timedelta(minutes=1)


def sentences(told: "Explanation") -> list[str]:
    """What was counted, what was not and why, and what is left; one sentence or two a line."""
    return [
        _beginning(told),
        _end(told),
        *_not_counted(told),
        *_pauses(told),
        *_extensions(told),
        _standing(told),
        *_caveats(told),
    ]


def spoken_length(length: timedelta, *, in_days: bool) -> str:
    """A length such as `2 days 3 hours` or, counted in hours only, `51 hours`; parts of a minute are dropped."""
    minutes = abs(length) // _MINUTE
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24) if in_days else (0, hours)
    counts = ((days, "day"), (hours, "hour"), (minutes, "minute"))
    return " ".join(_plural(count, name) for count, name in counts if count) or "less than a minute"


def spoken_day(day: date) -> str:
    """A day such as `Friday 22 May 2026`."""
    return f"{_WEEKDAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def _spoken(told: "Explanation", moment: datetime) -> str:
    return spoken_moment(moment, told.calendar.tz)


def spoken_moment(moment: datetime, zone: tzinfo) -> str:
    """An instant such as `10:30 on Friday 22 May 2026`."""
    local = moment.astimezone(zone)
    if local.time() == time.min:
        return f"midnight at the end of {spoken_day((local - _TICK).date())}"
    return f"{local:%H:%M} on {spoken_day(local.date())}"


def _length(told: "Explanation", length: timedelta) -> str:
    spoken = spoken_length(length, in_days=not told.counts_working_time)
    return f"{spoken} of working time" if told.counts_working_time else spoken


def _named(kind: str) -> str:
    """A clock's kind in words; a milestone is named with its regime."""
    milestone = kind_of(kind)
    if milestone is None:
        return kind.replace("_", " ")
    return f"{milestone.milestone.replace('_', ' ').replace('/', ', ')} ({milestone.regime})"


def _beginning(told: "Explanation") -> str:
    kind = _named(told.spec.kind)
    counted = (
        f"Only the opening hours of the {told.calendar.name} calendar count"
        if told.counts_working_time
        else "Every hour counts, also nights, weekends and holidays"
    )
    started = _spoken(told, told.started_at)
    zone = "in UTC" if told.calendar.zone == "UTC" else f"{told.calendar.zone} time"
    return f"The {kind} clock runs for {told.term} from {started}. {counted}; times are {zone}."


def _end(told: "Explanation") -> str:
    if told.due is None:
        return "It is paused, so the deadline is not known until it starts again."
    due = _spoken(told, told.due)
    if told.capped:
        return f"It is due at {due}: {told.spec.cap} after the start is the latest allowed, whatever else happens."
    return f"It is due at {due}, when {_length(told, told.budget)} will have been counted."


def _not_counted(told: "Explanation") -> Iterator[str]:
    if told.holidays:
        named = ", ".join(f"{spoken_day(day)} ({name})" for day, name in told.holidays)
        yield f"Not counted, as a holiday: {named}."
    if told.closed_days:
        yield f"Not counted, as a weekend or other closed day: {_plural(told.closed_days, 'day')}."


def _pauses(told: "Explanation") -> Iterator[str]:
    for pause in told.pauses:
        yield _one_pause(told, pause)
    if told.pauses_ignored:
        yield f"This clock never pauses; {_plural(told.pauses_ignored, 'pause')} of the case did not stop it."


def _one_pause(told: "Explanation", pause: "PauseCounted") -> str:
    until = "and still is" if pause.until is None else f"until {_spoken(told, pause.until)}"
    length = timedelta(seconds=pause.seconds)
    cost = f"this held it back by {_length(told, length)}" if length else "nothing would have counted then anyway"
    return f"It was paused from {_spoken(told, pause.since)} {until} ({pause.reason}); {cost}."


def _extensions(told: "Explanation") -> Iterator[str]:
    for extension in told.extensions:
        if isinstance(extension.by, datetime):
            yield f"It was extended to {_spoken(told, extension.by)} ({extension.reason})."
        else:
            yield f"It was extended by {extension.by} ({extension.reason})."


def _standing(told: "Explanation") -> str:
    at = _spoken(told, told.now)
    if told.remaining > NOTHING:
        return f"At {at}, {_length(told, told.counted)} has been counted and {_length(told, told.remaining)} is left."
    if told.remaining < NOTHING:
        return f"At {at} it is overdue by {_length(told, told.remaining)}."
    return f"At {at} no time is left."


def _caveats(told: "Explanation") -> Iterator[str]:
    if told.holidays_unknown and told.calendar.holiday_years is not None:
        first, last = told.calendar.holiday_years
        yield f"Holidays are known from {first} to {last} only, so this deadline may still move."
    if told.spec.source:
        source = told.spec.source.replace(" [published]", "").replace("[ours]", "our own")
        yield f"Source of the rule: {source}{f', as of {told.spec.as_of}' if told.spec.as_of else ''}."


def _plural(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"
