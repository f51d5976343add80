"""The square of a reliability diagram as parts of an SVG: what was said against what happened, and how often it was said."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

TEXT: Final = 'font-family="system-ui, sans-serif" font-size="13" fill="#222"'


class Dot(NamedTuple):
    """A bin: the mean of what was said, the share that came true, and how many answers fell into it."""

    said: float
    true: float
    answers: int


@dataclass(frozen=True, slots=True)
class Square:
    """Where the square lies, in units of the picture; both axes go from 0 to 1."""

    left: int
    top: int
    side: int

    def axes(self, across: str, up: str) -> str:
        """The frame, the line of perfect answers, the tenths, and what the axes say."""
        left, top, side = self.left, self.top, self.side
        ends = f'x1="{self._x(0)}" y1="{self._y(0)}" x2="{self._x(1)}" y2="{self._y(1)}"'
        lines = [
            f'<rect x="{left}" y="{top}" width="{side}" height="{side}" fill="none" stroke="#999"/>',
            f'<line {ends} stroke="#999" stroke-dasharray="4 4"/>',
            f'<text x="{left + side / 2}" y="{top + side + 36}" text-anchor="middle" {TEXT}>{across}</text>',
            f'<text transform="translate(22 {top + side / 2}) rotate(-90)" text-anchor="middle" {TEXT}>{up}</text>',
        ]
        for tenth in range(0, 11, 2):
            at = tenth / 10
            lines.append(f'<text x="{self._x(at)}" y="{self._y(0) + 18}" text-anchor="middle" {TEXT}>{at:g}</text>')
            lines.append(f'<text x="{self._x(0) - 8}" y="{self._y(at) + 4}" text-anchor="end" {TEXT}>{at:g}</text>')
        return "\n".join(lines)

    def curve(self, dots: Iterable[Dot], colour: str) -> str:
        """A line through the bins; the size of each dot is the share of all answers that fell into it."""
        known = list(dots)
        total = sum(each.answers for each in known)
        places = [(self._x(each.said), self._y(each.true), each.answers / total) for each in known]
        line = " ".join(f"{x},{y}" for x, y, _ in places)
        drawn = "".join(
            f'<circle cx="{x}" cy="{y}" r="{round(3 + 14 * share**0.5, 1)}" fill="{colour}" fill-opacity="0.65"/>'
            for x, y, share in places
        )
        return f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>{drawn}'

    def _x(self, value: float) -> float:
        return round(self.left + self.side * value, 1)

    def _y(self, value: float) -> float:
        return round(self.top + self.side * (1 - value), 1)
