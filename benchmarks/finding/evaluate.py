"""How well the texts written for it are read: amounts, dates and references, languages, and foreign categories."""

import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from services.intake.categorise.currencies import CROWNS, DOLLARS, FRANCS, PESOS, RUPEES, YEN
from services.intake.categorise.extract import found_in
from services.intake.categorise.foreign import HINTED, SPOKEN, foreign_category, foreign_hits
from services.intake.categorise.found import Found, FoundAmount, FoundDate
from services.intake.categorise.languages import language_of
from services.intake.categorise.reading import normalised, read
from services.intake.categorise.signals import signals_in

HERE: Final = Path(__file__).parent
TODAY: Final = date(2026, 11, 22)
HALVES: Final = ("tuned on", "kept back")
KINDS: Final = ("amount", "date", "reference", "card")


class Mention(NamedTuple):
    """A text, its language, and what should be found in it, each as one string."""

    text: str
    language: str
    expected: frozenset[str]


class Score(NamedTuple):
    """How many were found that should be, that should not, and how many were missed."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """Of what was found, the share that should be."""
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """Of what should be found, the share that was."""
        return self.right / max(1, self.right + self.missed)


def half_of(text: str) -> str:
    """One of HALVES, by the hash of the words: the second was never looked at while the rules were tuned."""
    return HALVES[hashlib.sha256(text.encode()).digest()[0] & 1]


def mentions(file: str = "mentions.txt") -> Iterator[Mention]:
    """The texts of a file in the notation of mentions.txt."""
    language = "en"
    for line in (HERE / file).read_text(encoding="utf-8").splitlines():
        if section := re.fullmatch(r"\[([a-z]{2})\]", line):
            language = section[1]
        elif line and not line.startswith("#"):
            text, _, expected = line.partition(" =>")
            yield Mention(text, language, frozenset(each.strip() for each in expected.split(" ; ") if each.strip()))


def complaints_by_language(*files: str) -> dict[str, list[str]]:
    """The texts of the files by their language's code; foreign.toml has one list per category."""
    texts: dict[str, list[str]] = {}
    for file in files:
        for code, found in tomllib.loads((HERE / file).read_text(encoding="utf-8")).items():
            lists = found.values() if isinstance(found, dict) else [found]
            texts.setdefault(code, []).extend(text for each in lists for text in each)
    return texts


def told(found: Found) -> frozenset[str]:
    """What was found, in the notation of mentions.txt."""
    return frozenset(
        [
            *map(_amount, found.amounts),
            *map(_date, found.dates),
            *(f"{each.kind} {each.value}" for each in found.references),
            *(f"{each.kind} {each.ending}" for each in found.cards),
        ]
    )


_SIGN_OF: Final[Mapping[tuple[str, ...], str]] = {
    DOLLARS: "$",
    CROWNS: "kr",
    RUPEES: "Rs",
    YEN: "¥",
    PESOS: "peso",
    FRANCS: "franc",
    ("EUR", *DOLLARS): "c",
}


def _amount(found: FoundAmount) -> str:
    return f"{found.currency or _SIGN_OF.get(found.candidates, '?')} {found.value}"


def _date(found: FoundDate) -> str:
    if found.first != found.last:
        return f"days {found.first} to {found.last}"
    return f"day {found.first} or {found.other}" if found.ambiguous else f"day {found.first}"


def _kind(told_as: str) -> str:
    head = told_as.partition(" ")[0]
    if head in {"day", "days"}:
        return "date"
    if head in {"card", "iban"}:
        return "card"
    return "amount" if head in _SIGN_OF.values() or head.isupper() else "reference"


def mention_scores() -> dict[tuple[str, str], Score]:
    """For each half and kind, how the written texts were read."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for mention in mentions():
        found = told(found_in(mention.text, today=TODAY, language=mention.language))
        half = half_of(mention.text)
        counts.update((half, _kind(each), "right") for each in found & mention.expected)
        counts.update((half, _kind(each), "wrong") for each in found - mention.expected)
        counts.update((half, _kind(each), "missed") for each in mention.expected - found)
    return {
        (half, kind): Score(*(counts[half, kind, way] for way in Score._fields)) for half in HALVES for kind in KINDS
    }


def language_scores(*files: str) -> dict[str, Score]:
    """For each language, how many texts were told right, told wrong, and left untold (`und`)."""
    scores = {}
    for code, texts in complaints_by_language(*files).items():
        answers = [language_of(normalised(text)).code for text in texts]
        right = answers.count(code)
        missed = answers.count("und") if code != "und" else 0
        scores[code] = Score(right, len(texts) - right - missed, missed)
    return scores


def foreign_scores() -> dict[tuple[str, str], Score]:
    """For each language and half of foreign.toml, how many categories were right, wrong, and not told by a phrase."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for code, category, text in _sorted_by_hand("foreign.toml"):
        told_as, confidence = _answer(text, code)
        way = "missed" if confidence < SPOKEN else "right" if told_as == category else "wrong"
        counts[code, half_of(text), way] += 1
    parts = sorted({(code, half) for code, half, _ in counts})
    return {part: Score(*(counts[*part, way] for way in Score._fields)) for part in parts}


def longer_scores(file: str) -> dict[str, Score]:
    """How many categories of longer complaints were right and wrong, by what told them; the rest was not told at all."""
    counts: Counter[tuple[str, str]] = Counter()
    texts = list(_sorted_by_hand(file))
    for code, category, text in texts:
        told_as, confidence = _answer(text, code)
        counts[
            {SPOKEN: "phrases", HINTED: "single words"}.get(confidence, ""), "right" if told_as == category else "wrong"
        ] += 1
    return {
        by: Score(counts[by, "right"], counts[by, "wrong"], len(texts) - counts[by, "right"] - counts[by, "wrong"])
        for by in ("phrases", "single words")
    }


def _sorted_by_hand(file: str) -> Iterator[tuple[str, str, str]]:
    for code, categories in tomllib.loads((HERE / file).read_text(encoding="utf-8")).items():
        for category, texts in categories.items():
            yield from ((code, category, text) for text in texts)


def _answer(text: str, language: str) -> tuple[str, float]:
    reading = read("", text)
    answer = foreign_category(reading, foreign_hits(reading.normalised, language))
    return answer.name, answer.confidence


def signal_scores() -> dict[str, Score]:
    """For each language of foreign_signals.txt, how many signals were right, wrong and missed."""
    counts: Counter[tuple[str, str]] = Counter()
    for mention in mentions("foreign_signals.txt"):
        reading = read("", mention.text)
        hits = foreign_hits(reading.normalised, mention.language)
        signals = signals_in(reading, hits, language=mention.language)
        shown = {signal.name for signal in signals} - {"calm"}
        counts[mention.language, "right"] += len(shown & mention.expected)
        counts[mention.language, "wrong"] += len(shown - mention.expected)
        counts[mention.language, "missed"] += len(mention.expected - shown)
    codes = sorted({code for code, _ in counts})
    return {code: Score(*(counts[code, way] for way in Score._fields)) for code in codes}
