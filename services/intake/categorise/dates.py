"""A date around one number of a text: written in figures, or with the name of its month."""

import re
from calendar import monthrange
from datetime import date, timedelta
from typing import Final

from services.intake.categorise.date_words import MONTHS
from services.intake.categorise.found import FoundDate

YEARS_BACK: Final = 30
DAYS_AHEAD: Final = 366
"""Dates outside are not offered: nobody disputes them, so they are misread or somebody's birthday."""

NEXT_WITHIN_DAYS: Final = 45
"""A day without a year is the last such day, and may as well be the next one when that is so near."""

_ISO: Final = re.compile(r"(?P<y>(?:19|20)[0-9]{2})(?P<sign>[-/.])(?P<m>[0-9]{1,2})(?P=sign)(?P<d>[0-9]{1,2})(?![0-9])")
_FIGURES: Final = re.compile(
    r"(?P<a>[0-9]{1,2})(?P<sign>[-/.]) ?(?P<b>[0-9]{1,2})(?P=sign) ?(?P<y>(?:19|20)[0-9]{2}|[0-9]{2})(?![0-9]|[-/.:][0-9])"
)
_SHORT: Final = re.compile(r"(?P<a>[0-9]{1,2})(?P<sign>[/.])(?P<b>[0-9]{1,2})(?P<dot>\.?)(?![0-9A-Za-z/%])")
_MONTH_AND_YEAR: Final = re.compile(r"(?P<m>0?[1-9]|1[0-2])/(?P<y>20[0-9]{2})(?![0-9]|[-/.][0-9])")
_NAMED: Final = re.compile(
    r"(?P<d>[0-9]{1,2})(?:st|nd|rd|th|er|ter|ten|\.|º|ª|°)?(?P<link>[ /-]|(?<=\.))(?:of |de |day of )?(?P<month>[A-Za-zäéû]{3,10})\b\.?"
    r"(?:(?:,?[ -]|/)(?:de |del |of )?(?P<y>(?:19|20)[0-9]{2})(?![0-9])|(?P<short>[-/]|,? ['\u2019])(?P<yy>[0-9]{2})(?![^\W_]))?"
)
_DAY_BEHIND: Final = re.compile(
    r"(?P<d>[0-9]{1,2})(?:st|nd|rd|th)?(?![0-9A-Za-z:]|[.,/][0-9])(?:,? (?P<y>20[0-9]{2})(?![0-9]))?"
)
_YEAR: Final = re.compile(r"(?:19|20)[0-9]{2}(?![0-9A-Za-z]|[-/.,][0-9])")
LAST_YEAR: Final = re.compile(
    r",?(?: of| de| del)? (?:last year|(?:letzten|vorigen|vergangenen) Jahres|l['\u2019]an(?:née)? derni(?:er|ère)|año pasado)"
    r"(?![^\W_])",
    re.IGNORECASE,
)
"""Behind a day or a month that has no year."""

_OF: Final = frozenset({"of", "the", "de", "del"})
_PREPOSITIONS: Final = (
    "on since from until till by dated date am vom zum bis seit ab den le du au el del desde hasta dès"
)
_BEFORE_SHORT: Final = frozenset(_PREPOSITIONS.split())


def date_at(text: str, start: int, *, today: date, language: str) -> FoundDate | None:
    """The date whose first figure stands at `start`; a month's name before it belongs to it."""
    head = text[start : start + 5]
    if head[4:5] in _SIGNS and (figures := _ISO.match(text, start)) is not None:
        day = _day(int(figures["y"]), int(figures["m"]), int(figures["d"]))
        return _found(text, start, figures.end(), [day], today)
    if not head[:3].isdigit():  # at most two figures: a day or a month
        parted = head[1:2] in _SIGNS or head[2:3] in _SIGNS
        if parted and (figures := _FIGURES.match(text, start)) is not None:
            return _in_figures(text, figures, today, language)
        if parted and (numbered := _MONTH_AND_YEAR.match(text, start)) is not None:
            return month_of(text, *numbered.span(), int(numbered["y"]), int(numbered["m"]), today)
        if (named := _NAMED.match(text, start)) is not None and (month := MONTHS.get(named["month"].lower())):
            year, end = _named_year(named)
            return _with_month(text, start, end, (year, month, int(named["d"])), today)
        if parted and (short := _short(text, start, today, language)) is not None:
            return short
    return _after_month(text, start, today)


def _named_year(named: re.Match[str]) -> tuple[str | None, int]:
    """The year behind a month's name, and where the date ends; two figures are one in "3-Mar-24" and "3 March '24"."""
    if named["yy"] is None:
        return named["y"], named.end()
    if named["short"] in {"-", "/"} and named["short"] != named["link"]:  # "1 May-15 June"
        return None, named.start("short")
    return f"20{named['yy']}", named.end()


def _in_figures(text: str, figures: re.Match[str], today: date, language: str) -> FoundDate | None:
    year, first, second = int(figures["y"]), int(figures["a"]), int(figures["b"])
    if year < 100:
        if figures["sign"] == "." and language == "en":  # a version, a section, a time: too many other things
            return None
        year += 2000
    return _found(text, *figures.span(), _readings(year, first, second, figures["sign"], language), today)


def _readings(year: int, first: int, second: int, sign: str, language: str) -> list[date | None]:
    """The day first, and in English the month first as well."""
    day_first = _day(year, second, first)
    if sign == "." or language not in _EITHER_WAY:
        return [day_first or _day(year, first, second)]
    return [day_first, _day(year, first, second)]


_EITHER_WAY: Final = frozenset({"en", "und"})


def _with_month(text: str, start: int, end: int, written: tuple[str | None, int, int], today: date) -> FoundDate | None:
    year, month, day = written
    if year is not None:
        return _found(text, start, end, [_day(int(year), month, day)], today)
    if (last := LAST_YEAR.match(text, end)) is not None:
        return _found(text, start, last.end(), [_day(today.year - 1, month, day)], today)
    return _found(text, start, end, _around(month, day, today), today)


def _around(month: int, day: int, today: date) -> list[date | None]:
    """A day without a year: the last one, and the next when it is near."""
    for year in range(today.year, today.year - 5, -1):  # 29 February does not come every year
        last = _day(year, month, day)
        if last is not None and last <= today:
            coming = _day(last.year + 1, month, day)
            near = coming is not None and (coming - today).days <= NEXT_WITHIN_DAYS
            return [last, coming if near else None]
    return []


def _after_month(text: str, start: int, today: date) -> FoundDate | None:
    """With the month before: "May 3", "May 3rd, 2026", "March of 2025"."""
    if text[start - 1 : start] not in _LINKS or text[start - 2 : start - 1] in _FIGURE_OR_SIGN:
        return None
    lead = text[max(0, start - 18) : start]
    words = lead.replace("-", " ").split()
    if words and words[-1].lower() in _OF:
        words.pop()
    word = words[-1].rstrip(".,") if words else ""
    month = MONTHS.get(word.lower())
    if month is None:
        return None
    first = start - len(lead) + lead.rindex(word)
    if (year := _YEAR.match(text, start)) is not None:
        return month_of(text, first, year.end(), int(year.group()), month, today)
    behind = _DAY_BEHIND.match(text, start)
    if behind is None or not (word[0].isupper() or behind["y"]):  # "we march 3 times"
        return None
    return _with_month(text, first, behind.end(), (behind["y"], month, int(behind["d"])), today)


_LINKS: Final = frozenset({" ", "-"})
_SIGNS: Final = frozenset("-/.")
_FIGURE_OR_SIGN: Final = frozenset("0123456789$€£#:;!?)")


def _short(text: str, start: int, today: date, language: str) -> FoundDate | None:
    """A day and a month in figures ("on 11/3", "am 3.5."), behind a word that dates have before them."""
    figures = _SHORT.match(text, start)
    if figures is None or (figures["sign"] == "." and (language != "de" or not figures["dot"])):
        return None
    if text[max(0, start - 7) : start].rstrip().lower().rpartition(" ")[2] not in _BEFORE_SHORT:
        return None
    first, second = int(figures["a"]), int(figures["b"])
    end = figures.end() if figures["sign"] == "." else figures.end("b")
    readings = _around(second, first, today)[:1] if second <= 12 else []
    if figures["sign"] == "/" and language in _EITHER_WAY:
        readings += _around(first, second, today)[:1] if first <= 12 else []
    return _found(text, start, end, readings, today)


def month_of(text: str, start: int, end: int, year: int, month: int, today: date) -> FoundDate | None:
    """A whole month; None when it lies too far off."""
    first = _day(year, month, 1)
    if first is None or not _believable(first, today):
        return None
    last = date(year, month, monthrange(year, month)[1])
    return FoundDate(first, last, None, start, end, text[start:end])


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _believable(day: date, today: date) -> bool:
    return today.year - YEARS_BACK <= day.year and day <= today + timedelta(days=DAYS_AHEAD)


def _found(text: str, start: int, end: int, readings: list[date | None], today: date) -> FoundDate | None:
    days = list(dict.fromkeys([day for day in readings if day is not None and _believable(day, today)]))
    if not days:
        return None
    return FoundDate(days[0], days[0], days[1] if len(days) > 1 else None, start, end, text[start:end])
