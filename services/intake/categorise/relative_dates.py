"""Days told without figures or counted back: yesterday, last Tuesday, three weeks ago, in May."""

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Final

from services.intake.categorise.date_words import COUNTS, DAYS_BACK, MONTHS, UNITS, WEEKDAYS
from services.intake.categorise.dates import LAST_YEAR, month_of
from services.intake.categorise.found import FoundAmount, FoundDate

Find = Callable[[str, int, int, date], FoundAmount | FoundDate | None]
"""Text, where the telling word begins and ends, today -> what stands around it."""

_COUNTED: Final = r"(?P<count>[0-9]{1,3}|[^\W\d_]{1,9})(?: of)?[ -](?P<unit>[^\W\d_]{2,8})"
_COUNTED_BEFORE: Final = re.compile(rf"(?<![^\W_])(?<![0-9][.,])(?<!half ){_COUNTED}$", re.IGNORECASE)
_COUNTED_BEHIND: Final = re.compile(rf"{_COUNTED}(?![^\W_])")
_WORD_BEHIND: Final = re.compile(r"(?P<word>[^\W\d_]{3,10})(?![^\W_])")
_WORD_BEFORE: Final = re.compile(r"(?<![^\W_])(?P<word>[^\W\d_]{2,10}) $")
_BEFORE_MONTHS: Final = (
    "in since early late mid during until of this im seit anfang ende mitte bis en depuis début fin desde hasta"
)
_PREPOSITIONS: Final = frozenset(_BEFORE_MONTHS.split())
_DAYS: Final = {"day": (1.0, 0), "week": (7.0, 3), "month": (30.44, 15), "year": (365.25, 182)}
"""How many days a unit has, and how many either way people mean when they count in it."""

_MOST: Final = {"day": 400, "week": 104, "month": 60, "year": 30}


def _back(text: str, start: int, end: int, today: date) -> FoundDate:
    days = DAYS_BACK[text[start:end].lower()]
    if days == 1 and text[max(0, start - 11) : start].lower() == "day before ":
        start, days = start - 11, 2
    day = today - timedelta(days=days)
    return _span(text, start, end, day, day)


def _ago_before(text: str, start: int, end: int, today: date) -> FoundDate | None:
    counted = _COUNTED_BEFORE.search(text, max(0, start - 24), start)
    return _ago(text, counted, counted.start(), end, today) if counted else None


def _ago_behind(text: str, start: int, end: int, today: date) -> FoundDate | None:
    counted = _COUNTED_BEHIND.match(text, end)
    return _ago(text, counted, start, counted.end(), today) if counted else None


def _ago(text: str, counted: re.Match[str], start: int, end: int, today: date) -> FoundDate | None:
    """Days are counted to the day; weeks, months and years are spans around the day, as people mean them."""
    written, unit = counted["count"].lower(), UNITS.get(counted["unit"].lower())
    count = int(written) if written.isdecimal() else COUNTS.get(written)
    if unit is None or count is None or not 0 < count <= _MOST[unit]:
        return None
    days, slack = _DAYS[unit]
    day = today - timedelta(days=round(count * days))
    return _span(text, start, end, day - timedelta(days=slack), min(day + timedelta(days=slack), today))


def _last_behind(text: str, start: int, end: int, today: date) -> FoundDate | None:
    word = _WORD_BEHIND.match(text, end)
    return _last(text, start, word.end(), word["word"].lower(), today) if word else None


def _last_in_english(text: str, start: int, end: int, today: date) -> FoundDate | None:
    """Reads "last month", but not "over the last month": that is a length of time."""
    found = _last_behind(text, start, end, today)
    if found is not None and found.first != found.last and text[max(0, start - 4) : start].lower() == "the ":
        return None
    return found


def _last_before(text: str, start: int, end: int, today: date) -> FoundDate | None:
    word = _WORD_BEFORE.search(text, max(0, start - 12), start)
    return _last(text, word.start(), end, word["word"].lower(), today) if word else None


def _last_either(text: str, start: int, end: int, today: date) -> FoundDate | None:
    """On either side: "el martes pasado" and "el pasado martes"."""
    behind = _last_behind(text, start, end + 1, today) if text[end : end + 1] == " " else None
    return behind or _last_before(text, start, end, today)


def _last(text: str, start: int, end: int, word: str, today: date) -> FoundDate | None:
    if (weekday := WEEKDAYS.get(word)) is not None:
        day = today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1)
        return _span(text, start, end, day, day)
    if (month := MONTHS.get(word)) is not None:
        return month_of(text, start, end, today.year - (month >= today.month), month, today)
    unit = UNITS.get(word)
    if unit is None or unit == "day":
        return None
    return _span(text, start, end, *_last_unit(unit, today))


def _last_unit(unit: str, today: date) -> tuple[date, date]:
    if unit == "week":
        monday = today - timedelta(days=today.weekday() + 7)
        return monday, monday + timedelta(days=6)
    if unit == "month":
        last = today.replace(day=1) - timedelta(days=1)
        return last.replace(day=1), last
    return date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)


def _month(text: str, start: int, end: int, today: date) -> FoundDate | None:
    """A month alone, behind a word such as "in", where no figures stand around it."""
    before = text[max(0, start - 8) : start].rstrip().lower().rpartition(" ")[2]
    if before not in _PREPOSITIONS or text[end : end + 2].lstrip(" ,")[:1].isdigit():
        return None
    month = MONTHS[text[start:end].lower()]
    if (last := LAST_YEAR.match(text, end)) is not None:
        return month_of(text, start, last.end(), today.year - 1, month, today)
    return month_of(text, start, end, today.year - (month > today.month), month, today)


def _capital_month(text: str, start: int, end: int, today: date) -> FoundDate | None:
    return _month(text, start, end, today) if text[start].isupper() else None


def _span(text: str, start: int, end: int, first: date, last: date) -> FoundDate:
    return FoundDate(first, last, None, start, end, text[start:end])


def _rules(find: Find, needles: str) -> tuple[tuple[str, Find], ...]:
    return tuple((needle.replace("_", " "), find) for needle in needles.split())


RULES: Final[Mapping[str, tuple[tuple[str, Find], ...]]] = {
    "en": (
        *_rules(_back, "yesterday"),
        *_rules(_ago_before, "_ago"),
        *_rules(_last_in_english, "last_ this_past_"),
        *_rules(
            _capital_month, "january february march april may june july august september october november december"
        ),
    ),
    "de": (
        *_rules(_back, "gestern vorgestern"),
        *_rules(_ago_behind, "vor_"),
        *_rules(_last_behind, "letzten_ letzte_ letzter_ letztes_ letztem_ vergangenen_ vergangene_ vorigen_ vorige_"),
        *_rules(_capital_month, "januar februar märz april mai juni juli august september oktober november dezember"),
    ),
    "fr": (
        *_rules(_back, "hier avant-hier"),
        *_rules(_ago_behind, "il_y_a_"),
        *_rules(_last_before, "dernier dernière derniere passé passée"),
        *_rules(_month, "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
    ),
    "es": (
        *_rules(_back, "ayer anteayer antier"),
        *_rules(_ago_behind, "hace_"),
        *_rules(_last_either, "pasado pasada"),
        *_rules(_month, "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
    ),
}
"""For each language its telling words, in lower case, and what looks around them."""
