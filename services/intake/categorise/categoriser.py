"""Complaint -> category, with its reasons: phrases that speak for themselves and a linear model, in one answer."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from heapq import nlargest
from itertools import chain
from pathlib import Path

from services.intake.categorise.categories import CATEGORIES, FINANCIAL_CATEGORIES, Categorisation
from services.intake.categorise.lexicon import LEXICON, Lexicon
from services.intake.categorise.load import load_model
from services.intake.categorise.model import Model
from services.intake.categorise.phrases import Hit
from services.intake.categorise.reading import Reading, read, shape_of
from services.intake.categorise.search import Findings

REASONS_MAX = 8
REASON_LIMIT_CHARACTERS = 160
SECONDARY_MAX = 2

MATTER_SHARE = 0.5
"""Beside `communication`, a matter that a phrase names is the primary one from this share of its probability on."""


@dataclass(frozen=True, slots=True)
class Categoriser:
    """Answers for any text without raising, in time linear in its length; holds no state between calls."""

    model: Model
    financial: bool = False

    @classmethod
    def load(cls, path: Path | None = None, *, financial: bool = False, lexicon: Lexicon = LEXICON) -> "Categoriser":
        """Reads a model file (the shipped one by default); raises ModelFileError or OSError.

        With `financial`, answers come from FINANCIAL_CATEGORIES instead of CATEGORIES. `lexicon` holds the phrases that
        are found in the same pass over a text; the model knows those of LEXICON.
        """
        return cls(load_model(path, lexicon), financial)

    def categorise(self, subject: str, description: str, *, product: str | None = None) -> Categorisation:
        """The category of a complaint; below the threshold it says that a person must decide."""
        reading = read(subject, description, product=product)
        return self.of_reading(reading, self.model.search(reading.normalised))

    def of_reading(self, reading: Reading, findings: Findings) -> Categorisation:
        """The category of a complaint that was read already; phrases that speak for no category are passed over."""
        hits = [hit for hit in findings.hits if hit.label in self.model.phrase_weights]
        spoken = Counter([hit.label for hit in hits])
        present = {number for number, _, _ in findings.matches}
        score = self.model.score(present, spoken, domain="financial" if self.financial else None)
        probabilities = self._in_taxonomy(score.probabilities)
        name = _primary(probabilities, spoken.keys())
        taxonomy = "financial" if self.financial else "default"
        known = self._familiarity(reading, findings)
        confidence = self.model.confidence(taxonomy, probabilities[name], score.domains) * known
        return Categorisation(
            name=name,
            confidence=round(confidence, 4),
            needs_person=confidence < self.model.thresholds[taxonomy],
            reasons=self._reasons(name, reading, hits, present),
            secondary=self._secondary(name, probabilities, spoken.keys()) if known else (),
        )

    def _in_taxonomy(self, probabilities: Sequence[float]) -> dict[str, float]:
        named = dict.fromkeys(FINANCIAL_CATEGORIES if self.financial else CATEGORIES, 0.0)
        for category, probability in zip(self.model.categories, probabilities, strict=True):
            named[category if category in named else "other"] += probability
        return named

    def _familiarity(self, reading: Reading, findings: Findings) -> float:
        rows = self.model.rows
        found = len(findings.matches) - len([number for number, _, _ in findings.parts if not rows[number]])
        return min(1.0, found / (self.model.familiar * max(1, shape_of(reading.normalised).words)))

    def _reasons(self, name: str, reading: Reading, hits: Sequence[Hit], present: AbstractSet[int]) -> tuple[str, ...]:
        phrases = (reading.excerpt(hit.start, hit.end) for hit in hits if hit.label == name)
        telling = self.model.telling.get(name, {})
        strongest = sorted([(telling[number], number) for number in telling.keys() & present], reverse=True)
        words = (self._excerpt(number, reading) for _, number in strongest[:REASONS_MAX])
        return _without_repeats(chain(phrases, words))

    def _excerpt(self, number: int, reading: Reading) -> str | None:
        """The first place of a pattern, as whole words; looking there again is cheaper than keeping every place."""
        pattern = self.model.spelling[number]
        at = reading.normalised.find(pattern)
        start, end = reading.whole_words(at, at + len(pattern))
        return reading.excerpt(start, end)

    def _secondary(self, name: str, probabilities: Mapping[str, float], spoken: AbstractSet[str]) -> tuple[str, ...]:
        apply = [
            category
            for category, probability in probabilities.items()
            if category not in (name, "other")
            and (category in spoken or probability >= self.model.secondary_probability)
        ]
        return tuple(nlargest(SECONDARY_MAX, apply, key=probabilities.__getitem__))


def _primary(probabilities: Mapping[str, float], spoken: AbstractSet[str]) -> str:
    """The most probable category; silence about a stated matter comes second to the matter itself."""
    top = max(probabilities, key=probabilities.__getitem__)
    if top != "communication":
        return top
    least = probabilities[top] * MATTER_SHARE
    matters = [name for name in probabilities if name in spoken - {top, "other"} and probabilities[name] >= least]
    return max(matters, key=probabilities.__getitem__, default=top)


def _without_repeats(excerpts: Iterable[str | None]) -> tuple[str, ...]:
    """The first few excerpts, leaving out what an earlier one already says."""
    kept: list[str] = []
    for excerpt in excerpts:
        if excerpt and not any(excerpt in earlier for earlier in kept):
            kept.append(excerpt[:REASON_LIMIT_CHARACTERS])
            if len(kept) == REASONS_MAX:
                break
    return tuple(kept)
