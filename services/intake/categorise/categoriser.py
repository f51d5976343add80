"""Complaint -> category, with its reasons: phrases that speak for themselves and a linear model, in one answer."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from heapq import nlargest
from itertools import chain
from pathlib import Path

from services.intake.categorise.categories import CATEGORIES, FINANCIAL_CATEGORIES, Categorisation
from services.intake.categorise.category_phrases import CATEGORY_PHRASES
from services.intake.categorise.lexicon import phrases_in
from services.intake.categorise.load import load_model
from services.intake.categorise.model import Model
from services.intake.categorise.phrases import Hit
from services.intake.categorise.reading import Reading, read

REASONS_MAX = 8
SECONDARY_MAX = 2
SECONDARY_PROBABILITY = 0.30
"""A second category is named without a phrase of its own from this raw probability on."""

MATTER_SHARE = 0.5
"""Beside `communication`, a matter that a phrase names is the primary one from this share of its probability on."""

KNOWN_SHARE = 0.5
"""When fewer of the words than this are known (another language, gibberish), confidence shrinks in proportion."""


@dataclass(frozen=True, slots=True)
class Categoriser:
    """Answers for any text without raising, in time linear in its length; holds no state between calls."""

    model: Model
    financial: bool = False

    @classmethod
    def load(cls, path: Path | None = None, *, financial: bool = False) -> "Categoriser":
        """Reads a model file (the shipped one by default); raises ModelFileError or OSError.

        With `financial`, answers come from FINANCIAL_CATEGORIES instead of CATEGORIES.
        """
        return cls(load_model(path), financial)

    def categorise(self, subject: str, description: str, *, product: str | None = None) -> Categorisation:
        """The category of a complaint; below the threshold it says that a person must decide."""
        reading = read(subject, description, product=product)
        return self.of_reading(reading, phrases_in(reading))

    def of_reading(self, reading: Reading, phrases: Sequence[Hit]) -> Categorisation:
        """The category of a complaint that was read already; phrases that speak for no category are passed over."""
        hits = [hit for hit in phrases if hit.label in CATEGORY_PHRASES]
        spoken = Counter([hit.label for hit in hits])
        grams = {*reading.distinct, *reading.pairs}
        score = self.model.score(grams, spoken, domain="financial" if self.financial else None)
        probabilities = self._in_taxonomy(score.probabilities)
        name = _primary(probabilities, spoken.keys())
        taxonomy = "financial" if self.financial else "default"
        known = _familiarity(score.known_words, reading)
        confidence = self.model.confidence(taxonomy, probabilities[name], score.domains) * known
        return Categorisation(
            name=name,
            confidence=round(confidence, 4),
            needs_person=confidence < self.model.thresholds[taxonomy],
            reasons=self._reasons(name, reading, hits, grams),
            secondary=_secondary(name, probabilities, spoken.keys()) if known else (),
        )

    def _in_taxonomy(self, probabilities: Sequence[float]) -> dict[str, float]:
        named = dict.fromkeys(FINANCIAL_CATEGORIES if self.financial else CATEGORIES, 0.0)
        for category, probability in zip(self.model.categories, probabilities, strict=True):
            named[category if category in named else "other"] += probability
        return named

    def _reasons(self, name: str, reading: Reading, hits: Sequence[Hit], grams: AbstractSet[str]) -> tuple[str, ...]:
        phrases = (reading.excerpt(hit.first, hit.after) for hit in hits if hit.label == name)
        telling = self.model.telling[name]
        # The word itself breaks a tie: sets are ordered differently in every process.
        strongest = sorted([(telling[gram], gram) for gram in telling.keys() & grams], reverse=True)
        return _without_repeats(chain(phrases, (_locate(gram, reading) for _, gram in strongest[:REASONS_MAX])))


def _primary(probabilities: Mapping[str, float], spoken: AbstractSet[str]) -> str:
    """The most probable category; silence about a stated matter comes second to the matter itself."""
    top = max(probabilities, key=probabilities.__getitem__)
    if top != "communication":
        return top
    least = probabilities[top] * MATTER_SHARE
    matters = [name for name in probabilities if name in spoken - {top, "other"} and probabilities[name] >= least]
    return max(matters, key=probabilities.__getitem__, default=top)


def _secondary(name: str, probabilities: Mapping[str, float], spoken: AbstractSet[str]) -> tuple[str, ...]:
    apply = [
        category
        for category, probability in probabilities.items()
        if category not in {name, "other"} and (category in spoken or probability >= SECONDARY_PROBABILITY)
    ]
    return tuple(nlargest(SECONDARY_MAX, apply, key=probabilities.__getitem__))


def _without_repeats(excerpts: Iterable[str | None]) -> tuple[str, ...]:
    """The first few excerpts, leaving out what an earlier one already says."""
    kept: list[str] = []
    for excerpt in excerpts:
        if excerpt and not any(excerpt in earlier for earlier in kept):
            kept.append(excerpt)
            if len(kept) == REASONS_MAX:
                break
    return tuple(kept)


def _familiarity(known_words: int, reading: Reading) -> float:
    share = known_words / max(1, len(reading.distinct) - 1)
    return min(1.0, share / KNOWN_SHARE)


def _locate(gram: str, reading: Reading) -> str | None:
    """Where a known word or pair stands in the text, in the text's own spelling."""
    paired = " " in gram
    at = (reading.pairs if paired else reading.words).index(gram)
    return reading.excerpt(at, at + 1 + paired)
