"""How well a matrix decides: decisions by tier and how many were overturned, and which thresholds ever decided. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from shared.domain.matrix import Matrix


class Line(NamedTuple):
    """What one event of a history says of this: the tier taken, the outcome given, or that it was opened again.

    `second_review` marks an opening that asked for one.
    """

    tier: int | None = None
    outcome: str | None = None
    reopened: bool = False
    second_review: bool = False


class Verdicts(NamedTuple):
    """The decisions given in one tier; `overturned` by a higher tier or a second review with another outcome."""

    decisions: int
    reopened: int
    overturned: int


def verdicts(histories: Iterable[Sequence[Line]]) -> dict[int, Verdicts]:
    """The decisions of these histories by the tier that gave them; each decision counts once.

    A decision is overturned when the dispute was opened again and its next decision has another outcome and came from a
    higher tier or by a second review.
    """
    decisions: Counter[int] = Counter()
    reopened: Counter[int] = Counter()
    overturned: Counter[int] = Counter()
    for history in histories:
        _follow(history, decisions, reopened, overturned)
    return {tier: Verdicts(decisions[tier], reopened[tier], overturned[tier]) for tier in sorted(decisions)}


def _follow(history: Sequence[Line], decisions: Counter[int], reopened: Counter[int], overturned: Counter[int]) -> None:
    tier, before, second_review = 0, None, False
    for line in history:
        tier = tier if line.tier is None else line.tier
        if line.reopened:
            second_review = second_review or line.second_review
            if before is not None and not before[2]:
                reopened[before[0]] += 1
                before = (before[0], before[1], True)
        elif line.outcome is not None:
            if before is not None and before[1] != line.outcome and (tier > before[0] or second_review):
                overturned[before[0]] += 1
            decisions[tier] += 1
            before, second_review = (tier, line.outcome, False), False


class Fired(NamedTuple):
    """How many disputes a threshold gave their tier to: by taking up, or by lifting them."""

    name: str
    to_tier: int
    disputes: int


def fired(matrix: Matrix, reasons: Mapping[str, int]) -> list[Fired]:
    """The thresholds of this matrix with how often their sentence was the reason, in the order of the matrix.

    `reasons` are the sentences histories give, with how many disputes each. Thresholds that share one cannot be told
    apart; one that asked for a lower tier than another did not decide, and is not counted. Those that only call an expert are
    left out: they give no tier.
    """
    return [
        Fired(each.name, each.to_tier, sum(count for said, count in reasons.items() if _says(said, each.because)))
        for each in matrix.thresholds
        if each.to_tier
    ]


def _says(said: str, because: str) -> bool:
    """The sentence itself, or with a note such as that a reference rate is missing."""
    return said == because or said.startswith(f"{because} (")
