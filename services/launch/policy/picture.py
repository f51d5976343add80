"""A comparison drawn: paired bars of the present and the proposed matrix, as one SVG file. Pure, and needs nothing."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Final, NamedTuple

from shared.domain.comparison import Comparison

WIDTH: Final = 860
_LEFT: Final = 300
_BAR: Final = 12
_ROW: Final = 34
_ROWS_MAX: Final = 12
_PRESENT: Final = "#5b6f8a"
_PROPOSED: Final = "#d9772b"
_TEXT: Final = 'font-family="system-ui, sans-serif" font-size="13" fill="#222"'


class _Row(NamedTuple):
    name: str
    present: int
    proposed: int


def picture(told: Comparison, present: str, proposed: str) -> str:
    """The SVG text; `present` and `proposed` are what the two are called."""
    panels = (
        ("Highest tier reached, disputes", _rows(told.present.highest, told.proposed.highest, "tier ")),
        ("Why disputes climb, climbs", _rows(told.present.climbs_because, told.proposed.climbs_because)),
        ("Clocks that ran out, by kind", _rows(told.present.breaches_of, told.proposed.breaches_of)),
        ("Warnings, by kind of clock", _rows(told.present.warnings_of, told.proposed.warnings_of)),
    )
    parts = [_legend(present, proposed)]
    y = 96
    for title, rows in panels:
        parts.append(_panel(title, rows, y))
        y += 44 + _ROW * max(len(rows), 1)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}" role="img" '
        f'aria-label="{escape(present)} and {escape(proposed)} compared">'
    )
    said = (
        f"{told.disputes:,} past disputes; {told.differ:,} would have gone otherwise, {told.higher:,} higher, "
        f"{told.lower:,} lower"
    )
    title = f'<text x="20" y="30" {_TEXT} font-weight="600">{escape(said)}</text>'
    return "\n".join([head, f'<rect width="{WIDTH}" height="{y}" fill="#fff"/>', title, *parts, "</svg>", ""])


def _rows(present: Mapping[str, int], proposed: Mapping[str, int], prefix: str = "") -> list[_Row]:
    """Tiers in their order; anything else the greatest first, at most a dozen."""
    names = set(present) | set(proposed)
    rows = [_Row(prefix + name, present.get(name, 0), proposed.get(name, 0)) for name in names]
    if prefix:
        return sorted(rows, key=lambda row: int(row.name.removeprefix(prefix)))
    return sorted(rows, key=lambda row: (-max(row.present, row.proposed), row.name))[:_ROWS_MAX]


def _legend(present: str, proposed: str) -> str:
    return (
        f'<rect x="20" y="48" width="14" height="14" fill="{_PRESENT}"/>'
        f'<text x="40" y="60" {_TEXT}>{escape(present)}</text>'
        f'<rect x="{_LEFT}" y="48" width="14" height="14" fill="{_PROPOSED}"/>'
        f'<text x="{_LEFT + 20}" y="60" {_TEXT}>{escape(proposed)}</text>'
    )


def _panel(title: str, rows: Iterable[_Row], y: int) -> str:
    rows = list(rows)
    lines = [f'<text x="20" y="{y + 14}" {_TEXT} font-weight="600">{escape(title)}</text>']
    most = max((max(row.present, row.proposed) for row in rows), default=0)
    if not most:
        lines.append(f'<text x="20" y="{y + 40}" {_TEXT}>none</text>')
    for number, row in enumerate(rows):
        top = y + 24 + number * _ROW
        lines.append(
            f'<text x="{_LEFT - 10}" y="{top + 17}" text-anchor="end" {_TEXT}>{escape(_short(row.name))}</text>'
        )
        lines.append(_bar(row.present, most, top, _PRESENT))
        lines.append(_bar(row.proposed, most, top + _BAR + 1, _PROPOSED))
    return "\n".join(lines)


def _bar(count: int, most: int, y: int, colour: str) -> str:
    width = 0 if not most else round((WIDTH - _LEFT - 110) * count / most, 1)
    label = f'<text x="{_LEFT + width + 6}" y="{y + 11}" {_TEXT}>{count:,}</text>'
    return f'<rect x="{_LEFT}" y="{y}" width="{width}" height="{_BAR}" fill="{colour}"/>{label}'


def _short(name: str) -> str:
    plain = name.replace("_", " ")
    return plain if len(plain) <= 40 else f"{plain[:39]}…"
