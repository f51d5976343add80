"""Local wall-clock times and the instants they name, also on the days the clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.domain.errors import InvalidValue

_TICK = timedelta(microseconds=1)
_DAY = timedelta(days=1)


def zone_named(name: str) -> ZoneInfo:
    """The IANA time zone; InvalidValue when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise InvalidValue("/zone", f"There is no time zone named {name!r}.") from fault


def as_utc(moment: datetime, field: str) -> datetime:
    """The same instant in UTC; InvalidValue when the moment carries no offset."""
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise InvalidValue(f"/{field}", f"{field} needs a time zone offset; {moment.isoformat()} has none.")
    return moment.astimezone(UTC)


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The UTC instant at which a wall clock in the zone reaches this time.

    A time that the clocks jump over is the instant of the jump, so that a later wall time never names an earlier
    instant. A time that happens twice is its first occurrence.
    """
    local = datetime.combine(day, at, tzinfo=zone)
    before, after = local.utcoffset(), local.replace(fold=1).utcoffset()
    if before == after or before is None or after is None or before > after:
        return local.astimezone(UTC)
    naive = datetime.combine(day, at, tzinfo=UTC)
    return _jump(zone, naive - after, naive - before)


def midnight_after(day: date, zone: ZoneInfo) -> datetime:
    """The UTC instant at which the local day has ended."""
    return instant(day + _DAY, time.min, zone)


def _jump(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The first instant after `low`, up to `high`, at which the zone's offset has changed."""
    offset = low.astimezone(zone).utcoffset()
    while high - low > _TICK:
        middle = low + (high - low) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high
