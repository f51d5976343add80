"""How far confidence can be believed, as one SVG file: what was said against what was right. Needs nothing."""

from collections.abc import Mapping
from html import escape
from typing import Final

from services.launch.understanding.measures import Bin, Measures

_LEFT, _TOP, _SIDE = 70, 60, 420
_COLOURS: Final = ("#d9772b", "#5b6f8a", "#4f8a5b")
_TEXT: Final = 'font-family="system-ui, sans-serif" font-size="13" fill="#222"'


def picture(sets: Mapping[str, Measures]) -> str:
    """The SVG text; each dot is a bin of ten, its size the share of all answers that fell into it."""
    height = _TOP + _SIDE + 60 + 20 * len(sets)
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="600" height="{height}" viewBox="0 0 600 {height}" role="img" '
            f'aria-label="Confidence against the share of right answers">'
        ),
        f'<rect width="600" height="{height}" fill="#fff"/>',
        f'<text x="20" y="30" {_TEXT} font-weight="600">Confidence against the share of right answers</text>',
        _axes(),
    ]
    for at, (name, found) in enumerate(sets.items()):
        colour, y = _COLOURS[at % len(_COLOURS)], _TOP + _SIDE + 60 + 20 * at
        lines.append(_curve(found.bins, colour))
        told = f"{name}: {found.texts} texts, ECE {found.ece:.3f}"
        lines.append(f'<circle cx="{_LEFT}" cy="{y}" r="6" fill="{colour}"/>')
        lines.append(f'<text x="{_LEFT + 14}" y="{y + 4}" {_TEXT}>{escape(told)}</text>')
    return "\n".join([*lines, "</svg>", ""])


def _axes() -> str:
    lines = [
        f'<rect x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#999"/>',
        f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="#999" stroke-dasharray="4 4"/>',
        f'<text x="{_LEFT + _SIDE / 2}" y="{_TOP + _SIDE + 36}" text-anchor="middle" {_TEXT}>confidence given</text>',
        f'<text transform="translate(22 {_TOP + _SIDE / 2}) rotate(-90)" text-anchor="middle" {_TEXT}>share right</text>',
    ]
    for tenth in range(0, 11, 2):
        at = tenth / 10
        lines.append(f'<text x="{_x(at)}" y="{_y(0) + 18}" text-anchor="middle" {_TEXT}>{at:g}</text>')
        lines.append(f'<text x="{_x(0) - 8}" y="{_y(at) + 4}" text-anchor="end" {_TEXT}>{at:g}</text>')
    return "\n".join(lines)


def _curve(bins: tuple[Bin, ...], colour: str) -> str:
    total = sum(each.total for each in bins)
    places = [(_x(each.mean), _y(each.right / each.total), each.total / total) for each in bins]
    line = " ".join(f"{x},{y}" for x, y, _ in places)
    dots = "".join(
        f'<circle cx="{x}" cy="{y}" r="{round(3 + 14 * share**0.5, 1)}" fill="{colour}" fill-opacity="0.65"/>'
        for x, y, share in places
    )
    return f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>{dots}'


def _x(value: float) -> float:
    return round(_LEFT + _SIDE * value, 1)


def _y(value: float) -> float:
    return round(_TOP + _SIDE * (1 - value), 1)
