"""A reliability diagram as one SVG file: what was said against what happened, and how often it was said. Needs nothing."""

from collections.abc import Sequence
from html import escape
from typing import Final

from services.launch.reliability import TEXT, Dot, Square
from services.launch.risk.measures import Bin

WIDTH, HEIGHT = 640, 620
_LEFT, _TOP, _SIDE = 70, 70, 440
_SQUARE: Final = Square(_LEFT, _TOP, _SIDE)
_MODEL: Final = "#d9772b"
_PRIOR: Final = "#5b6f8a"


def diagram(title: str, model: Sequence[Bin], prior: Sequence[Bin], notes: Sequence[str]) -> str:
    """The SVG text; each dot is a bin of ten, its size the share of all answers that fell into it."""
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'role="img" aria-label="{escape(title)}">'
        ),
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="20" y="28" {TEXT} font-weight="600">{escape(title)}</text>',
        _key(150, "model", _MODEL),
        _key(260, "prior", _PRIOR),
        _SQUARE.axes("probability given", "share broken"),
        _curve(prior, _PRIOR),
        _curve(model, _MODEL),
        *(
            f'<text x="{_LEFT}" y="{_TOP + _SIDE + 58 + 18 * line}" {TEXT}>{escape(note)}</text>'
            for line, note in enumerate(notes)
        ),
        "</svg>",
        "",
    ]
    return "\n".join(parts)


def _key(x: int, name: str, colour: str) -> str:
    return f'<circle cx="{x}" cy="48" r="6" fill="{colour}"/><text x="{x + 12}" y="52" {TEXT}>{name}</text>'


def _curve(bins: Sequence[Bin], colour: str) -> str:
    return _SQUARE.curve([Dot(each.mean, each.broken / each.total, each.total) for each in bins], colour)
