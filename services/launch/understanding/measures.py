"""How good a model's answers are: right or wrong, how far its confidence can be believed, what a text costs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from time import perf_counter_ns
from typing import Any, Final, NamedTuple

from services.intake.categorise import CATEGORIES, FINANCIAL_CATEGORIES, Categoriser
from services.launch.understanding.corpus import Example
from services.launch.understanding.labelled import Labelled

BINS: Final = 10
PRECISION: Final = 0.90
WARM_UP: Final = "The parcel never arrived and nobody answers."
_MICROSECOND: Final = 1_000
_NOT_PLAIN: Final = frozenset({"categories", "bins", "us_p50", "us_p99"})


class Answer(NamedTuple):
    """What was answered, how surely, whether it was acted upon, and what was right; the same of the issue."""

    said: str
    confidence: float
    sure: bool
    truth: str
    issue: str | None = None
    true_issue: str = ""
    """Empty where nobody said one."""

    @property
    def right(self) -> bool:
        return self.said == self.truth


class Bin(NamedTuple):
    """Answers of about the same confidence: their mean confidence, how many were right of how many."""

    mean: float
    right: int
    total: int


class OfCategory(NamedTuple):
    """One category: of the answers that named it so many were right, of its texts so many were found."""

    precision: float
    recall: float
    f1: float
    texts: int


class Measures(NamedTuple):
    """All figures of one model on one set of texts; shares are between 0 and 1."""

    texts: int
    accuracy: float
    macro_f1: float
    """The mean F1 of the categories that occur."""
    ece: float
    """Expected calibration error in ten equal bins."""
    coverage_at_90: float
    """The largest share, surest first, that is right 90 times in 100: a threshold chosen afterwards, on these texts."""
    threshold_coverage: float
    """The share the model's own threshold lets through, which was fixed beforehand."""
    threshold_precision: float
    """Of that share, so many are right; 1 where nothing was let through."""
    categories: Mapping[str, OfCategory]
    bins: tuple[Bin, ...]
    us_p50: float
    us_p99: float
    """Microseconds per text, one at a time, with whatever else the machine was doing."""

    def as_dict(self) -> dict[str, Any]:
        """For a report, to five places; without the times, which are the machine's."""
        named = {
            name: {key: round(value, 5) for key, value in each._asdict().items()}
            for name, each in self.categories.items()
        }
        plain = {key: round(value, 5) for key, value in self._asdict().items() if key not in _NOT_PLAIN}
        return plain | {
            "per_class": named,
            "bins": [[round(each.mean, 5), each.right, each.total] for each in self.bins],
        }


def is_financial(labels: Sequence[str]) -> bool:
    """Whether these labels are the financial pack's: data_records or debt_collection among them."""
    return not set(labels).isdisjoint(set(FINANCIAL_CATEGORIES) - set(CATEGORIES))


def measured(categoriser: Categoriser, examples: Sequence[Example]) -> Measures:
    """Every figure; the categoriser's own taxonomy counts, and a label beyond it is `other`. One text at least."""
    found, taken = answered(categoriser, (Labelled(each.subject, each.text, each.truth) for each in examples))
    return of_answers(found, sorted(taken))


def answered(categoriser: Categoriser, texts: Iterable[Labelled]) -> tuple[list[Answer], list[int]]:
    """What is answered for each text, beside its label as the categoriser's taxonomy names it; and how long each took, in ns."""
    categoriser.categorise("", WARM_UP)  # what is made at the first use is no cost of a text
    answers: list[Answer] = []
    taken: list[int] = []
    for each in texts:
        begin = perf_counter_ns()
        said = categoriser.categorise(each.subject, each.text)
        taken.append(perf_counter_ns() - begin)
        truth = each.label if each.label in categoriser.names else "other"
        answers.append(Answer(said.name, said.confidence, not said.needs_person, truth, said.issue, each.issue))
    return answers, taken


def in_taxonomy(label: str, *, financial: bool) -> str:
    """The label as the taxonomy names it."""
    return label if label in (FINANCIAL_CATEGORIES if financial else CATEGORIES) else "other"


def of_answers(answers: Sequence[Answer], taken_ns: Sequence[int] = ()) -> Measures:
    """The figures of answers at hand; `taken_ns` are their times, shortest first."""
    sure = [answer for answer in answers if answer.sure]
    return Measures(
        texts=len(answers),
        accuracy=_accuracy(answers),
        macro_f1=macro_f1(answers),
        ece=calibration_error(answers),
        coverage_at_90=coverage(answers),
        threshold_coverage=len(sure) / len(answers),
        threshold_precision=_accuracy(sure) if sure else 1.0,
        categories=of_categories(answers),
        bins=tuple(bins(answers)),
        us_p50=taken_ns[len(taken_ns) // 2] / _MICROSECOND if taken_ns else 0.0,
        us_p99=taken_ns[len(taken_ns) * 99 // 100] / _MICROSECOND if taken_ns else 0.0,
    )


def macro_f1(answers: Sequence[Answer]) -> float:
    """The mean F1 of the categories that occur."""
    known = of_categories(answers)
    return sum(each.f1 for each in known.values()) / len(known)


def of_categories(answers: Sequence[Answer]) -> dict[str, OfCategory]:
    """Every category that occurs, in the order of its name."""
    said, truth = Counter(answer.said for answer in answers), Counter(answer.truth for answer in answers)
    right = Counter(answer.truth for answer in answers if answer.right)
    return {
        name: OfCategory(
            precision=right[name] / said[name] if said[name] else 0.0,
            recall=right[name] / truth[name],
            f1=2 * right[name] / (said[name] + truth[name]),
            texts=truth[name],
        )
        for name in sorted(truth)
    }


def calibration_error(answers: Sequence[Answer]) -> float:
    """Expected calibration error in ten equal bins."""
    return sum(abs(each.mean * each.total - each.right) for each in bins(answers)) / len(answers)


def bins(answers: Sequence[Answer]) -> list[Bin]:
    """Ten bins of equal width, those left out that are empty."""
    found: list[list[Answer]] = [[] for _ in range(BINS)]
    for answer in answers:
        found[min(BINS - 1, int(answer.confidence * BINS))].append(answer)
    return [
        Bin(sum(answer.confidence for answer in some) / len(some), sum(answer.right for answer in some), len(some))
        for some in found
        if some
    ]


def coverage(answers: Sequence[Answer], precision: float = PRECISION) -> float:
    """The largest share of answers, surest first, that still is right this often; equal confidences stay together."""
    best = right = 0
    ordered = sorted(answers, key=lambda answer: -answer.confidence)
    for count, answer in enumerate(ordered, 1):
        right += answer.right
        tied = count < len(ordered) and ordered[count].confidence == answer.confidence
        if not tied and right >= precision * count:
            best = count
    return best / len(ordered)


def _accuracy(answers: Sequence[Answer]) -> float:
    return sum(answer.right for answer in answers) / len(answers)
