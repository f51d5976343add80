"""A reliability diagram as one SVG file: what was said against what happened, and how often it was said. Needs nothing."""

from collections.abc import Sequence
from html import escape
from typing import Final

from services.launch.risk.measures import Bin

WIDTH, HEIGHT = 640, 620
_LEFT, _TOP, _SIDE = 70, 70, 440
_MODEL: Final = "#d9772b"
_PRIOR: Final = "#5b6f8a"
_TEXT: Final = 'font-family="system-ui, sans-serif" font-size="13" fill="#222"'


def diagram(title: str, model: Sequence[Bin], prior: Sequence[Bin], notes: Sequence[str]) -> str:
    """The SVG text; each dot is a bin of ten, its size the share of all answers that fell into it."""
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'role="img" aria-label="{escape(title)}">'
        ),
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="20" y="28" {_TEXT} font-weight="600">{escape(title)}</text>',
        _key(150, "model", _MODEL),
        _key(260, "prior", _PRIOR),
        _axes(),
        _curve(prior, _PRIOR),
        _curve(model, _MODEL),
        *(
            f'<text x="{_LEFT}" y="{_TOP + _SIDE + 58 + 18 * line}" {_TEXT}>{escape(note)}</text>'
            for line, note in enumerate(notes)
        ),
        "</svg>",
        "",
    ]
    return "\n".join(parts)


def _key(x: int, name: str, colour: str) -> str:
    return f'<circle cx="{x}" cy="48" r="6" fill="{colour}"/><text x="{x + 12}" y="52" {_TEXT}>{name}</text>'


def _axes() -> str:
    lines = [
        f'<rect x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#999"/>',
        f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="#999" stroke-dasharray="4 4"/>',
        f'<text x="{_LEFT + _SIDE / 2}" y="{_TOP + _SIDE + 36}" text-anchor="middle" {_TEXT}>probability given</text>',
        f'<text transform="translate(22 {_TOP + _SIDE / 2}) rotate(-90)" text-anchor="middle" {_TEXT}>share broken</text>',
    ]
    for tenth in range(0, 11, 2):
        at = tenth / 10
        lines.append(f'<text x="{_x(at)}" y="{_y(0) + 18}" text-anchor="middle" {_TEXT}>{at:g}</text>')
        lines.append(f'<text x="{_x(0) - 8}" y="{_y(at) + 4}" text-anchor="end" {_TEXT}>{at:g}</text>')
    return "\n".join(lines)


def _curve(bins: Sequence[Bin], colour: str) -> str:
    total = sum(each.total for each in bins)
    places = [(_x(each.mean), _y(each.broken / each.total), each.total / total) for each in bins]
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
