"""How far confidence can be believed, as one SVG file: what was said against what was right. Needs nothing."""

from collections.abc import Mapping
from html import escape
from typing import Final

from services.launch.reliability import TEXT, Dot, Square
from services.launch.understanding.measures import Measures

_LEFT, _TOP, _SIDE = 70, 60, 420
_SQUARE: Final = Square(_LEFT, _TOP, _SIDE)
_COLOURS: Final = ("#d9772b", "#5b6f8a", "#4f8a5b")


def picture(sets: Mapping[str, Measures]) -> str:
    """The SVG text; each dot is a bin of ten, its size the share of all answers that fell into it."""
    height = _TOP + _SIDE + 60 + 20 * len(sets)
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="600" height="{height}" viewBox="0 0 600 {height}" role="img" '
            f'aria-label="Confidence against the share of right answers">'
        ),
        f'<rect width="600" height="{height}" fill="#fff"/>',
        f'<text x="20" y="30" {TEXT} font-weight="600">Confidence against the share of right answers</text>',
        _SQUARE.axes("confidence given", "share right"),
    ]
    for at, (name, found) in enumerate(sets.items()):
        colour, y = _COLOURS[at % len(_COLOURS)], _TOP + _SIDE + 60 + 20 * at
        lines.append(
            _SQUARE.curve([Dot(each.mean, each.right / each.total, each.total) for each in found.bins], colour)
        )
        told = f"{name}: {found.texts} texts, ECE {found.ece:.3f}"
        lines.append(f'<circle cx="{_LEFT}" cy="{y}" r="6" fill="{colour}"/>')
        lines.append(f'<text x="{_LEFT + 14}" y="{y + 4}" {TEXT}>{escape(told)}</text>')
    return "\n".join([*lines, "</svg>", ""])
