"""A model measured on a file of labelled texts, one text after the other as the product would read them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from services.intake.categorise import FINANCIAL_CATEGORIES, Categoriser
from services.launch.understanding.issues import IssueMeasures, of_issues
from services.launch.understanding.labelled import Columns, Labelled, Skipped, UnusableData, label_counts, labelled
from services.launch.understanding.measures import Measures, answered, is_financial, of_answers
from shared.domain.taxonomy import Taxonomy
from shared.policy.taxonomy import load_taxonomy

AUTO: Final = "auto"
"""The shipped taxonomy that the labels ask for."""

_PLACES: Final = 4


class Plan(NamedTuple):
    """A file, where its columns are, which taxonomy it is read with, and the labels that are not ours."""

    file: Path
    columns: Columns
    taxonomy: Taxonomy
    labels: Mapping[str, int]
    """How often each label occurs."""

    @property
    def unknown(self) -> dict[str, int]:
        """The labels that are no category of the product in any pack; they count as `other`."""
        return {name: times for name, times in self.labels.items() if name not in FINANCIAL_CATEGORIES}

    @property
    def beyond(self) -> list[str]:
        """The product's categories among the labels that this taxonomy counts as `other`."""
        return [name for name in self.labels if name in FINANCIAL_CATEGORIES and name not in self.taxonomy.names]


class Evaluation(NamedTuple):
    """The figures of a model on a file, and the rows that were not scored, by reason."""

    plan: Plan
    measures: Measures
    skipped: Mapping[str, int]
    issues: IssueMeasures | None = None
    """Where the file has a column of issues."""

    def as_dict(self) -> dict[str, Any]:
        """What `evaluate --json` prints; shares to four places, microseconds to one."""
        found = self.measures
        answered = found.threshold_coverage > 0
        return {
            "texts": found.texts,
            "accuracy": _short(found.accuracy),
            "macro_f1": _short(found.macro_f1),
            "ece": _short(found.ece),
            "coverage_at_90": _short(found.coverage_at_90),
            "at_threshold": {
                "coverage": _short(found.threshold_coverage),
                "precision": _short(found.threshold_precision) if answered else None,
            },
            "per_class": {
                name: {
                    "precision": _short(each.precision),
                    "recall": _short(each.recall),
                    "f1": _short(each.f1),
                    "support": each.texts,
                }
                for name, each in found.categories.items()
            },
            "us_per_text": {"p50": round(found.us_p50, 1), "p99": round(found.us_p99, 1)},
            "skipped": sum(self.skipped.values()),
            "skipped_because": dict(self.skipped),
            "taxonomy": self.plan.taxonomy.name,
            "unknown_labels": self.plan.unknown,
            "calibration": [[_short(each.mean), each.right, each.total] for each in found.bins],
            **({} if self.issues is None else {"issues": self.issues.as_dict()}),
        }


def plan(file: Path, columns: Columns, taxonomy: str = AUTO) -> Plan:
    """Looks through the labels once; `auto` is the financial taxonomy when a label belongs to it alone.

    Raises:
        UnusableData: the file cannot be read, or has no row that can be scored.
        PolicyFault: there is no such taxonomy, or its file does not hold.
    """
    labels = label_counts(file, columns)
    if not labels:
        raise UnusableData(
            f"{file} has no row with a text and a label in {columns.label!r}; there is nothing to score."
        )
    asked_for = "financial" if is_financial(list(labels)) else "general"
    return Plan(file, columns, load_taxonomy(asked_for if taxonomy == AUTO else taxonomy), dict(labels.most_common()))


def evaluate(categoriser: Categoriser, data: Plan) -> Evaluation:
    """Every figure of the categoriser on the file, which may be of any length; raises UnusableData."""
    skipped: Counter[str] = Counter()
    answers, taken = answered(categoriser, _scored(data, skipped))
    issues = of_issues(answers, data.taxonomy) if data.columns.issue else None
    return Evaluation(data, of_answers(answers, sorted(taken)), skipped, issues)


def _scored(data: Plan, skipped: Counter[str]) -> Iterator[Labelled]:
    for row in labelled(data.file, data.columns):
        if isinstance(row, Skipped):
            skipped[row.why] += 1
        else:
            yield row


def _short(share: float) -> float:
    return round(share, _PLACES)
