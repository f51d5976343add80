"""Measures the categoriser: `python -m benchmarks.categoriser.evaluate`.

Sets that were trained on are measured with the twin model on the held-out fold, which the twin has never seen; sets
that are never trained on are measured whole, with the shipped model. No scientific library is needed.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter_ns

from services.intake.categorise import CATEGORIES, FINANCIAL_CATEGORIES, Categoriser, read_complaint
from services.intake.categorise.category_phrases import CATEGORY_PHRASES
from services.intake.categorise.lexicon import Lexicon
from services.intake.categorise.reading import read
from services.launch.understanding.corpus import HELD_OUT, TRAINED_SETS, UNSEEN_SETS, Example, data_folder, examples

HERE = Path(__file__).parent
RESAMPLES = 2_000
BINS = 10
MEDIAN_COMPLAINT_CHARACTERS = 771
TIMED_RUNS = 4_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, how surely, whether it was acted upon, and what was right."""

    said: str
    confidence: float
    sure: bool
    truth: str

    @property
    def right(self) -> bool:
        return self.said == self.truth


def main() -> None:
    """Prints every figure of docs/categorisation.md."""
    folder = data_folder()
    held_out = [text for text in examples(TRAINED_SETS, folder) if text.fold == HELD_OUT]
    unseen = examples(UNSEEN_SETS, folder)
    twin, twin_financial = (Categoriser.load(HERE / "twin.bin", financial=financial) for financial in (False, True))
    shipped = Categoriser.load()
    print("set, taxonomy                        n    acc   F1   ECE  cov90 | at threshold: cov  prec | majority rules")
    plain = [text for text in held_out if not text.hand]
    cfpb = [text for text in plain if text.source in {"cfpb", "cfpb_payday"}]
    _line("cfpb issue, financial", twin_financial, cfpb, FINANCIAL_CATEGORIES)
    _line("cfpb issue, default", twin, cfpb, CATEGORIES)
    for name in ("written", "nhtsa", "banking77", "clinc150"):
        _line(f"{name}, default", twin, [text for text in plain if text.source == name], CATEGORIES)
    gold = [text for text in held_out if text.hand]
    gold_cfpb = [text for text in gold if text.source != "nhtsa"]
    gold_nhtsa = [text for text in gold if text.source == "nhtsa"]
    fcc = [text for text in unseen if text.source == "fcc_telecom"]
    _line("gold_hand, cfpb, financial", twin_financial, gold_cfpb, FINANCIAL_CATEGORIES)
    _line("gold_hand, nhtsa, default", twin, gold_nhtsa, CATEGORIES)
    _line("gold_hand, fcc (never trained on)", shipped, fcc, CATEGORIES)
    _gold_interval(
        _answers(twin_financial, gold_cfpb, FINANCIAL_CATEGORIES)
        + _answers(twin, gold_nhtsa, CATEGORIES)
        + _answers(shipped, fcc, CATEGORIES)
    )
    for name in ("hint3", "bitext_synthetic"):
        _line(f"{name} (never trained on)", shipped, [text for text in unseen if text.source == name], CATEGORIES)
    _time(shipped, [text.text for text in cfpb])


def _answers(categoriser: Categoriser, texts: Sequence[Example], taxonomy: Sequence[str]) -> list[Answer]:
    found = []
    for text in texts:
        given = categoriser.categorise(text.subject, text.text)
        truth = text.hand or text.category
        found.append(
            Answer(given.name, given.confidence, not given.needs_person, truth if truth in taxonomy else "other")
        )
    return found


def _line(name: str, categoriser: Categoriser, texts: Sequence[Example], taxonomy: Sequence[str]) -> None:
    answers = _answers(categoriser, texts, taxonomy)
    if not answers:
        return
    sure = [answer for answer in answers if answer.sure]
    precision = f"{_accuracy(sure):.3f}" if sure else "  -  "
    majority = Counter(answer.truth for answer in answers).most_common(1)[0][1] / len(answers)
    print(
        f"{name:34} {len(answers):5}  {_accuracy(answers):.3f} {macro_f1(answers):.3f} {calibration_error(answers):.3f}"
        f" {coverage(answers, 0.9):.3f} |             {len(sure) / len(answers):.3f} {precision} |"
        f" {majority:.3f}    {_rules_accuracy(texts, taxonomy):.3f}"
    )


def _accuracy(answers: Sequence[Answer]) -> float:
    return sum(answer.right for answer in answers) / len(answers)


def macro_f1(answers: Sequence[Answer]) -> float:
    """The mean F1 of the categories that occur."""
    said, truth = Counter(answer.said for answer in answers), Counter(answer.truth for answer in answers)
    both = Counter(answer.truth for answer in answers if answer.right)
    return sum(2 * both[name] / (said[name] + truth[name]) for name in truth) / len(truth)


def calibration_error(answers: Sequence[Answer]) -> float:
    """Expected calibration error in ten equal bins."""
    bins: dict[int, list[Answer]] = defaultdict(list)
    for answer in answers:
        bins[min(BINS - 1, int(answer.confidence * BINS))].append(answer)
    return sum(
        abs(sum(answer.confidence for answer in part) - sum(answer.right for answer in part)) for part in bins.values()
    ) / len(answers)


def coverage(answers: Sequence[Answer], precision: float) -> float:
    """The largest share of answers, surest first, that still is right this often (a threshold chosen afterwards)."""
    best = right = 0
    ordered = sorted(answers, key=lambda answer: -answer.confidence)
    for count, answer in enumerate(ordered, 1):
        right += answer.right
        tied = count < len(ordered) and ordered[count].confidence == answer.confidence
        if not tied and right >= precision * count:
            best = count
    return best / len(ordered)


def _rules_accuracy(texts: Sequence[Example], taxonomy: Sequence[str]) -> float:
    lexicon = Lexicon(CATEGORY_PHRASES)
    right = 0
    for text in texts:
        hits = Counter(
            hit.label if hit.label in taxonomy else "other"
            for hit in lexicon.find(read(text.subject, text.text).normalised)
        )
        said = hits.most_common(1)[0][0] if hits else "other"
        truth = text.hand or text.category
        right += said == (truth if truth in taxonomy else "other")
    return right / len(texts)


def _gold_interval(answers: Sequence[Answer]) -> None:
    for name, measure in (("accuracy", _accuracy), ("macro-F1", macro_f1)):
        low, high = _bootstrap(answers, measure)
        print(f"gold_hand, all {len(answers)}: {name} {measure(answers):.3f} [{low:.3f}, {high:.3f}]")


def _bootstrap(answers: Sequence[Answer], measure: Callable[[Sequence[Answer]], float]) -> tuple[float, float]:
    dice = Random(20)
    found = sorted(measure(dice.choices(answers, k=len(answers))) for _ in range(RESAMPLES))
    return found[RESAMPLES // 40], found[-RESAMPLES // 40]


def _time(categoriser: Categoriser, texts: Sequence[str]) -> None:
    nearest = sorted(texts, key=lambda text: abs(len(text) - MEDIAN_COMPLAINT_CHARACTERS))[:40]
    taken = []
    for run in range(TIMED_RUNS):
        text = nearest[run % len(nearest)]
        start = perf_counter_ns()
        read_complaint(categoriser, "", text)
        taken.append((perf_counter_ns() - start) / 1_000)
    taken.sort()
    start = perf_counter_ns()
    Categoriser.load()
    load = (perf_counter_ns() - start) / 1_000_000
    size = round(median(map(len, nearest)))
    print(
        f"{size} characters: p50 {median(taken):.0f} us, p99 {taken[TIMED_RUNS * 99 // 100]:.0f} us; load {load:.0f} ms"
    )


if __name__ == "__main__":
    main()
