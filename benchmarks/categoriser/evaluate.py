"""Measures the categoriser: `python -m benchmarks.categoriser.evaluate [--svg FILE]`.

Sets that were trained on are measured with the twin model on the held-out fold, which the twin has never seen; sets
that are never trained on are measured whole, with the shipped model. No scientific library is needed.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter_ns

from benchmarks.categoriser.picture import picture
from services.intake.categorise import Categoriser, read_complaint
from services.intake.categorise.category_phrases import CATEGORY_PHRASES
from services.intake.categorise.lexicon import Lexicon
from services.intake.categorise.reading import read
from services.launch.understanding.corpus import HELD_OUT, TRAINED_SETS, UNSEEN_SETS, Example, data_folder, examples
from services.launch.understanding.measures import Measures, in_taxonomy, measured

HERE = Path(__file__).parent
RESAMPLES = 2_000
MEDIAN_COMPLAINT_CHARACTERS = 771
TIMED_RUNS = 4_000
_PHRASES = Lexicon(CATEGORY_PHRASES)


def main() -> None:
    """Prints the figures of docs/categorisation.md; with `--svg`, also draws how far confidence can be believed."""
    folder = data_folder()
    held_out = [text for text in examples(TRAINED_SETS, folder) if text.fold == HELD_OUT]
    unseen = examples(UNSEEN_SETS, folder)
    twin, twin_financial = (Categoriser.load(HERE / "twin.bin", financial=financial) for financial in (False, True))
    shipped, shipped_financial = (Categoriser.load(financial=financial) for financial in (False, True))
    print(
        "set, taxonomy                             n    acc    F1   ECE  cov90 | at threshold: cov  prec | maj. phrases"
    )
    cfpb = _as_chosen(held_out, "cfpb", "cfpb_payday")
    drawn = {"CFPB issue, financial pack": _line("cfpb issue, financial", twin_financial, cfpb)}
    _line("cfpb issue, default", twin, cfpb)
    for name in ("written", "written_bank", "nhtsa", "banking77", "clinc150"):
        _line(f"{name}, default", twin, _as_chosen(held_out, name))
    careful = [text for text in held_out if text.hand]
    of_banks = [text for text in careful if text.source.startswith("cfpb")]
    _line("careful labels, cfpb, financial", twin_financial, of_banks)
    _line("careful labels, nhtsa, financial", twin_financial, [text for text in careful if text.source == "nhtsa"])
    fcc = [text for text in unseen if text.source == "fcc_telecom" and text.hand]
    drawn["FCC, careful labels, never trained on"] = _line("careful labels, fcc (unseen)", shipped, fcc)
    _line("careful labels, fcc, financial (unseen)", shipped_financial, fcc)
    _line("careful labels, hint3 (unseen)", shipped, [t for t in unseen if t.source == "hint3" and t.hand])
    for name in ("hint3", "bitext_synthetic"):
        _line(f"{name} (unseen)", shipped, _as_chosen(unseen, name))
    _secondary(
        "cfpb and nhtsa held out", twin_financial, [text for text in careful if text.named_once or text.secondary]
    )
    _secondary("fcc", shipped_financial, fcc)
    if "--svg" in sys.argv:
        Path(sys.argv[sys.argv.index("--svg") + 1]).write_text(picture(drawn), encoding="utf-8")
    _time(shipped, [text.text for text in cfpb])


def _as_chosen(texts: Sequence[Example], *sources: str) -> list[Example]:
    """The texts of these sources with the label they came with."""
    return [replace(text, hand="") for text in texts if text.source in sources and text.category]


def _line(name: str, categoriser: Categoriser, texts: Sequence[Example]) -> Measures:
    found = measured(categoriser, texts)
    truth = [in_taxonomy(text.truth, financial=categoriser.financial) for text in texts]
    majority = Counter(truth).most_common(1)[0][1] / len(truth)
    low, high = _interval([text == said for text, said in zip(truth, _said(categoriser, texts), strict=True)])
    print(
        f"{name:38} {found.texts:5}  {found.accuracy:.3f} {found.macro_f1:.3f} {found.ece:.3f}"
        f" {found.coverage_at_90:.3f} |             {found.threshold_coverage:.3f} {found.threshold_precision:.3f} |"
        f" {majority:.3f} {_phrases(texts, truth, financial=categoriser.financial):.3f} | accuracy {low:.3f} to {high:.3f}"
    )
    return found


def _said(categoriser: Categoriser, texts: Sequence[Example]) -> list[str]:
    return [categoriser.categorise(text.subject, text.text).name for text in texts]


def _interval(right: Sequence[bool]) -> tuple[float, float]:
    """A 95 % bootstrap interval of the share."""
    dice = Random(20)
    found = sorted(sum(dice.choices(right, k=len(right))) / len(right) for _ in range(RESAMPLES))
    return found[RESAMPLES // 40], found[-RESAMPLES // 40]


def _phrases(texts: Sequence[Example], truth: Sequence[str], *, financial: bool) -> float:
    """How often the category that most phrases speak for is right; `other` where none speaks."""
    right = 0
    for text, label in zip(texts, truth, strict=True):
        found = _PHRASES.find(read(text.subject, text.text).normalised)
        hits = Counter(in_taxonomy(hit.label, financial=financial) for hit in found)
        right += (hits.most_common(1)[0][0] if hits else "other") == label
    return right / len(texts)


def _secondary(name: str, categoriser: Categoriser, texts: Sequence[Example]) -> None:
    """Of the further matters named, how many at least one reader named too; of those both named, how many were found."""
    named = confirmed = wanted = found = 0
    for text in texts:
        given = categoriser.categorise(text.subject, text.text)
        said = set(given.secondary)
        known = {text.truth, *text.secondary, *text.named_once}
        named, confirmed = named + len(said), confirmed + len(said & known)
        wanted, found = wanted + len(text.secondary), found + len({*said, given.name} & set(text.secondary))
    print(
        f"secondary, {name}, {len(texts)} texts: {named} named, precision {confirmed / max(1, named):.3f};"
        f" recall {found / max(1, wanted):.3f} of {wanted}"
    )


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
