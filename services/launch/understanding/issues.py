"""How well issues are told: how many texts get one, how often it is right, and how many of those that fit are found."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from services.launch.understanding.measures import Answer
from shared.domain.taxonomy import ISSUE_SEPARATOR, Taxonomy

NONE_FITS: Final = "none"
"""What a file says of a text that none of its category's issues fits: whatever is told of it is wrong."""

_PLACES: Final = 4


class Told(NamedTuple):
    """Of so many texts, the share of which an issue was told, how often it was right, and how many were found."""

    texts: int
    told: float
    precision: float | None
    """None where nothing was told."""
    recall: float | None
    """Of the texts that an issue fits; None where there is none."""


class OfIssue(NamedTuple):
    """One issue, as `category/issue`: of so many texts told, of so many texts true, of so many both."""

    told: int
    texts: int
    right: int


class IssueMeasures(NamedTuple):
    """The figures of the issues in a file."""

    all: Told
    """An answer is right where category and issue both are."""
    category_right: Told
    """Of the texts whose category was right."""
    issues: Mapping[str, OfIssue]
    unknown: Mapping[str, int]
    """Names that are no issue of their text's category, as `category/issue`; these texts are not scored."""

    def as_dict(self) -> dict[str, Any]:
        """What `evaluate --json` prints under `issues`; shares to four places."""
        return {
            **_rounded(self.all),
            "category_right": _rounded(self.category_right),
            "per_issue": {
                name: {
                    "precision": _share(each.right, each.told),
                    "recall": _share(each.right, each.texts),
                    "told": each.told,
                    "support": each.texts,
                }
                for name, each in self.issues.items()
            },
            "unknown_issues": dict(self.unknown),
        }


def of_issues(answers: Sequence[Answer], taxonomy: Taxonomy) -> IssueMeasures:
    """The figures of the answers whose true issue is said; a text without one is passed over."""
    known = {f"{each.name}{ISSUE_SEPARATOR}{issue.name}" for each in taxonomy.categories for issue in each.issues}
    scored: list[Answer] = []
    unknown: Counter[str] = Counter()
    for answer in answers:
        if answer.true_issue:
            if answer.true_issue == NONE_FITS or _true(answer) in known:
                scored.append(answer)
            else:
                unknown[_true(answer)] += 1
    said = Counter(_said(answer) for answer in scored if answer.issue)
    truth = Counter(_true(answer) for answer in scored if answer.true_issue != NONE_FITS)
    right = Counter(_true(answer) for answer in scored if _right(answer))
    return IssueMeasures(
        _told(scored),
        _told([answer for answer in scored if answer.right]),
        {name: OfIssue(said[name], truth[name], right[name]) for name in sorted({*said, *truth})},
        dict(unknown.most_common()),
    )


def _told(scored: Sequence[Answer]) -> Told:
    told = sum(answer.issue is not None for answer in scored)
    fit = sum(answer.true_issue != NONE_FITS for answer in scored)
    right = sum(map(_right, scored))
    return Told(
        len(scored), told / len(scored) if scored else 0.0, right / told if told else None, right / fit if fit else None
    )


def _said(answer: Answer) -> str:
    return f"{answer.said}{ISSUE_SEPARATOR}{answer.issue}"


def _true(answer: Answer) -> str:
    return f"{answer.truth}{ISSUE_SEPARATOR}{answer.true_issue}"


def _right(answer: Answer) -> bool:
    return answer.issue is not None and _said(answer) == _true(answer)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, _PLACES) if whole else None


def _rounded(told: Told) -> dict[str, Any]:
    return {name: value if value is None else round(value, _PLACES) for name, value in told._asdict().items()}
