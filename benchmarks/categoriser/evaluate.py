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

from benchmarks.categoriser.picture import picture
from services.intake.categorise import Categoriser
from services.intake.categorise.category_phrases import CATEGORY_PHRASES
from services.intake.categorise.lexicon import Lexicon
from services.intake.categorise.reading import read
from services.launch.understanding.corpus import HELD_OUT, TRAINED_SETS, UNSEEN_SETS, Example, data_folder, examples
from services.launch.understanding.labelled import Labelled
from services.launch.understanding.measures import Answer, Measures, answered, in_taxonomy, of_answers

HERE = Path(__file__).parent
RESAMPLES = 2_000
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
    menu = [text for text in held_out if text.source in ("cfpb", "cfpb_payday") and text.category]
    cfpb = _as_chosen(menu, "cfpb", "cfpb_payday")
    _line("cfpb issue, financial", twin_financial, cfpb)
    _line("cfpb issue, default", twin, cfpb)
    _readers(menu)
    for name in ("written", "written_bank", "nhtsa", "banking77", "clinc150"):
        _line(f"{name}, default", twin, _as_chosen(held_out, name))
    careful = [text for text in held_out if text.hand]
    of_banks = [text for text in careful if text.source.startswith("cfpb")]
    drawn = {"CFPB, careful labels": _line("careful labels, cfpb, financial", twin_financial, of_banks)}
    for name in ("cfpb", "cfpb_payday", "cfpb_product"):
        _line(f"careful labels, {name}", twin_financial, [text for text in of_banks if text.source == name])
    _line("careful labels, cfpb, default", twin, of_banks)
    _line("careful labels, nhtsa, financial", twin_financial, [text for text in careful if text.source == "nhtsa"])
    fcc = [text for text in unseen if text.source == "fcc_telecom" and text.hand]
    drawn["FCC, careful labels, never trained on"] = _line("careful labels, fcc (unseen)", shipped, fcc)
    _line("careful labels, fcc, financial (unseen)", shipped_financial, fcc)
    _line("careful labels, hint3 (unseen)", shipped, [t for t in unseen if t.source == "hint3" and t.hand])
    for name in ("hint3", "bitext_synthetic"):
        _line(f"{name} (unseen)", shipped, _as_chosen(unseen, name))
    _secondary("cfpb and nhtsa held out", twin_financial, careful)
    _secondary("written, held out", twin, [text for text in held_out if text.source == "written"])
    _secondary("fcc", shipped_financial, fcc)
    if "--svg" in sys.argv:
        Path(sys.argv[sys.argv.index("--svg") + 1]).write_text(picture(drawn), encoding="utf-8")


def _as_chosen(texts: Sequence[Example], *sources: str) -> list[Example]:
    """The texts of these sources with the label they came with."""
    return [replace(text, hand="") for text in texts if text.source in sources and text.category]


def _line(name: str, categoriser: Categoriser, texts: Sequence[Example]) -> Measures:
    answers, _ = answered(categoriser, (Labelled(text.subject, text.text, text.truth) for text in texts))
    found, truth = of_answers(answers), [answer.truth for answer in answers]
    majority = Counter(truth).most_common(1)[0][1] / len(truth)
    low, high = _interval([answer.right for answer in answers])
    print(
        f"{name:38} {found.texts:5}  {found.accuracy:.3f} {found.macro_f1:.3f} {found.ece:.3f}"
        f" {found.coverage_at_90:.3f} |             {found.threshold_coverage:.3f} {found.threshold_precision:.3f} |"
        f" {majority:.3f} {_phrases(texts, truth, financial=categoriser.financial):.3f} | accuracy {low:.3f} to {high:.3f}"
    )
    return found


def _readers(texts: Sequence[Example]) -> None:
    """How a careful reader's own labels do against the consumers' menu: what no answer by meaning can surpass for long."""
    for name in ("cfpb", "cfpb_payday"):
        told = [Answer(text.hand, 1.0, True, text.category) for text in texts if text.hand and text.source == name]
        found = of_answers(told)
        print(f"careful readers on the menu of {name}: {found.texts} texts, {found.accuracy:.3f} {found.macro_f1:.3f}")


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


if __name__ == "__main__":
    main()
