"""Complaint -> category, with its reasons: phrases that speak for themselves and a linear model, in one answer."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest
from pathlib import Path

from services.intake.categorise.categories import CATEGORIES, FINANCIAL_CATEGORIES, Categorisation
from services.intake.categorise.category_phrases import CATEGORY_PHRASES
from services.intake.categorise.load import load_model
from services.intake.categorise.model import Model
from services.intake.categorise.phrases import Hit, PhraseTree
from services.intake.categorise.reading import Reading, read

REASONS_MAX = 8
SECONDARY_MAX = 2
SECONDARY_PROBABILITY = 0.30
"""A second category is named without a phrase of its own from this raw probability on."""

KNOWN_SHARE = 0.5
"""When fewer of the words than this are known (another language, gibberish), confidence shrinks in proportion."""

_PHRASES = PhraseTree(CATEGORY_PHRASES)


@dataclass(frozen=True, slots=True)
class Categoriser:
    """Answers for any text without raising, in time linear in its length; holds no state between calls."""

    model: Model
    taxonomy: tuple[str, ...] = CATEGORIES

    @classmethod
    def load(cls, path: Path | None = None, *, financial: bool = False) -> "Categoriser":
        """Reads a model file (the shipped one by default); raises ModelFileError or OSError.

        With `financial`, answers come from FINANCIAL_CATEGORIES instead of CATEGORIES.
        """
        return cls(load_model(path), FINANCIAL_CATEGORIES if financial else CATEGORIES)

    def categorise(self, subject: str, description: str, *, product: str | None = None) -> Categorisation:
        """The category of a complaint; below the threshold it says that a person must decide."""
        reading = read(subject, description, product=product)
        hits = _PHRASES.find(reading.words)
        grams = self.model.known(reading.words)
        score = self.model.score(grams, Counter([hit.label for hit in hits]))
        probabilities = self._in_taxonomy(score.probabilities)
        name = max(probabilities, key=probabilities.__getitem__)
        calibration = self.model.calibrations["financial" if self.taxonomy is FINANCIAL_CATEGORIES else "default"]
        confidence = calibration(probabilities[name]) * _familiarity(score.known_words, reading)
        return Categorisation(
            name=name,
            confidence=round(confidence, 4),
            needs_person=confidence < calibration.threshold,
            reasons=self._reasons(name, reading, hits, grams),
            secondary=self._secondary(name, probabilities, hits),
        )

    def _in_taxonomy(self, probabilities: Sequence[float]) -> dict[str, float]:
        named = dict.fromkeys(self.taxonomy, 0.0)
        for category, probability in zip(self.model.categories, probabilities, strict=True):
            named[category if category in named else "other"] += probability
        return named

    def _secondary(self, name: str, probabilities: dict[str, float], hits: Sequence[Hit]) -> tuple[str, ...]:
        spoken = {hit.label for hit in hits}
        apply = [
            category
            for category, probability in probabilities.items()
            if category not in {name, "other"} and (category in spoken or probability >= SECONDARY_PROBABILITY)
        ]
        return tuple(nlargest(SECONDARY_MAX, apply, key=probabilities.__getitem__))

    def _reasons(self, name: str, reading: Reading, hits: Sequence[Hit], grams: Sequence[str]) -> tuple[str, ...]:
        found = dict.fromkeys(reading.excerpt(hit.first, hit.after) for hit in hits if hit.label == name)
        if len(found) < REASONS_MAX:
            telling = self.model.telling[name]
            strongest = nlargest(REASONS_MAX, filter(telling.__contains__, grams), key=telling.__getitem__)
            found |= dict.fromkeys(_locate(gram, reading) for gram in strongest)
        return tuple(excerpt for excerpt in found if excerpt is not None)[:REASONS_MAX]


def _familiarity(known_words: int, reading: Reading) -> float:
    share = known_words / max(1, len(set(reading.words)) - 1)
    return min(1.0, share / KNOWN_SHARE)


def _locate(gram: str, reading: Reading) -> str | None:
    """Where a known word or pair stands in the text, in the text's own spelling."""
    first, _, second = gram.partition(" ")
    words = reading.words
    at = words.index(first)
    while second and words[at + 1 : at + 2] != [second]:
        at = words.index(first, at + 1)
    return reading.excerpt(at, at + (2 if second else 1))
