"""`python -m benchmarks.finding` prints how well the written texts are read, and how long it takes."""

import argparse
import time
from collections.abc import Callable, Sequence

from benchmarks.finding.evaluate import (
    TODAY,
    Score,
    complaints_by_language,
    foreign_scores,
    half_of,
    language_scores,
    longer_scores,
    mention_scores,
    mentions,
    signal_scores,
    told,
)
from services.intake.categorise.extract import found_in
from services.intake.categorise.languages import language_of
from services.intake.categorise.reading import normalised

ROUNDS = 7


def main() -> None:
    """Prints every figure of docs/extraction-and-languages.md that these texts can give."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--errors", action="store_true", help="also the misread texts of the half tuned on")
    if parser.parse_args().errors:
        _errors()
    for (half, kind), score in mention_scores().items():
        _line(f"{kind}, {half}", score)
    for files in (("languages.toml", "foreign.toml"), ("languages_later.toml",)):
        for code, score in language_scores(*files).items():
            _line(f"{code} of {files[0]}", score)
    _foreign()
    _times()


def _foreign() -> None:
    for (code, half), score in foreign_scores().items():
        _line(f"category in {code}, {half}", score)
    for file in ("foreign_long.toml", "foreign_later.toml"):
        for by, score in longer_scores(file).items():
            _line(f"category by {by}, {file}", score)
    for code, score in signal_scores().items():
        _line(f"signals in {code}", score)


def _line(name: str, score: Score) -> None:
    print(
        f"{name:40} right {score.right:3} wrong {score.wrong:3} missed {score.missed:3} "
        f"precision {score.precision:.3f} recall {score.recall:.3f}"
    )


def _errors() -> None:
    for mention in mentions():
        found = told(found_in(mention.text, today=TODAY, language=mention.language))
        if found != mention.expected and half_of(mention.text) == "tuned on":
            print(
                mention.text,
                "| wrong:",
                sorted(found - mention.expected),
                "| missed:",
                sorted(mention.expected - found),
            )


def _times() -> None:
    texts = [mention.text for mention in mentions() if mention.language == "en"]
    long = [
        " ".join([*texts[at : at + 3], *["and nobody there could tell me anything about it at all"] * 11])
        for at in range(0, 120, 3)
    ]
    _time("found_in, some 750 characters", lambda text: found_in(text, today=TODAY), long)
    _time("language_of, the same", language_of, list(map(normalised, long)))
    german = [normalised(text * 6) for text in complaints_by_language("foreign.toml")["de"]]
    _time("language_of, German", language_of, german)


def _time(name: str, work: Callable[[str], object], texts: Sequence[str]) -> None:
    """Processor time, the texts taking turns, the best of several rounds for each."""
    best = [float("inf")] * len(texts)
    for _ in range(ROUNDS):
        for at, text in enumerate(texts):
            start = time.process_time_ns()
            work(text)
            best[at] = min(best[at], (time.process_time_ns() - start) / 1000)
    best.sort()
    print(f"{name:40} median {best[len(best) // 2]:.1f} us, longest {best[-1]:.1f} us")


if __name__ == "__main__":
    main()
