"""Complaint -> category, with its reasons: phrases that speak for themselves and a linear model, in one answer."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from services.intake.categorise.categories import CATEGORIES, FINANCIAL_CATEGORIES, Categorisation
from services.intake.categorise.category_phrases import CATEGORY_PHRASES
from services.intake.categorise.lexicon import Lexicon
from services.intake.categorise.load import load_model
from services.intake.categorise.model import Model
from services.intake.categorise.phrases import Hit
from services.intake.categorise.reading import Reading, read, shape_of
from services.intake.categorise.search import Findings
from services.intake.categorise.signal_phrases import EMOTION_PHRASES, FLAG_PHRASES, MASKS
from shared.domain.taxonomy import Taxonomy

REASONS_MAX = 8
REASON_LIMIT_CHARACTERS = 160
SECONDARY_MAX = 2
SECONDARY_ODDS = -0.405
SPOKEN_ODDS = -1.1
"""A further category is named where the text raises it with these odds, as a logarithm, or better: four in ten, or one in
four with a phrase of its own."""
SECONDARY_PROBABILITY = 0.30
"""Where the model knows no matters: named with a phrase of its own, or without from this raw probability on."""

MATTER_SHARE = 0.5
"""Where the model knows no matters: beside `communication`, a matter that a phrase names is the primary one from this share of
its probability on."""


@dataclass(frozen=True, slots=True)
class Categoriser:
    """Answers for any text without raising, in time linear in its length; holds no state between calls."""

    model: Model
    financial: bool = False
    names: tuple[str, ...] = ()
    """The categories in use; those of the pack when none are named. What others would have held is `other`."""
    _elsewhere: tuple[str, ...] = field(init=False, repr=False)
    """The model's categories that the taxonomy files under `other`."""

    def __post_init__(self) -> None:
        """Sets the model's categories against the taxonomy's."""
        names = self.names or (FINANCIAL_CATEGORIES if self.financial else CATEGORIES)
        object.__setattr__(self, "names", names)
        elsewhere = tuple(category for category in self.model.categories if category not in names)
        object.__setattr__(self, "_elsewhere", elsewhere)

    @classmethod
    def load(
        cls, path: Path | None = None, *, financial: bool = False, lexicon: Lexicon | None = None
    ) -> "Categoriser":
        """Reads a model file (the shipped one by default); raises ModelFileError or OSError.

        With `financial`, answers come from FINANCIAL_CATEGORIES instead of CATEGORIES. `lexicon` holds the phrases that
        are found beside the model's patterns; it knows the shipped ones, which are taken when none are given.
        """
        return cls(load_model(path, lexicon), financial)

    @classmethod
    def of(cls, taxonomy: Taxonomy, path: Path | None = None) -> "Categoriser":
        """A model file (the shipped one by default), answering by this taxonomy with its issues.

        Raises PhraseError for a bad phrase, and ModelFileError or OSError for a file that is no model.
        """
        lexicon = Lexicon(CATEGORY_PHRASES, EMOTION_PHRASES, FLAG_PHRASES, MASKS, taxonomy.phrases())
        financial = not set(taxonomy.names) <= set(CATEGORIES)
        return cls(load_model(path, lexicon), financial, taxonomy.names)

    def categorise(self, subject: str, description: str, *, product: str | None = None) -> Categorisation:
        """The category of a complaint; below the threshold it says that a person must decide."""
        reading = read(subject, description, product=product)
        return self.of_reading(reading, self.model.search(reading.normalised))

    def of_reading(self, reading: Reading, findings: Findings, familiar: float | None = None) -> Categorisation:
        """The category of a complaint that was read already; phrases that speak for no category are passed over.

        `familiar` is the reading's `familiarity`, where that is known.
        """
        model = self.model
        taxonomy = "financial" if self.financial else "default"
        times, weights = _spoken(findings.hits), model.phrase_weights
        spoken = {label: times[label] for label in times if label in weights}
        score = model.score(findings.present, spoken)
        probabilities = self._in_taxonomy(score.probabilities)
        name = self._primary(self._in_taxonomy(score.leanings), score.matters, spoken.keys())
        known = self.familiarity(reading, findings) if familiar is None else familiar
        confidence = model.confidence(taxonomy, name, probabilities, score.domains) * known
        return Categorisation(
            name=name,
            confidence=round(confidence, 4),
            needs_person=confidence < model.threshold(taxonomy, score.domains),
            reasons=self._reasons(name, reading, findings.hits if name in times else (), findings.present),
            secondary=self._secondary(name, score.matters, probabilities, spoken.keys()) if known else (),
            issue=_issue(name, times),
        )

    def _in_taxonomy(self, probabilities: Sequence[float]) -> dict[str, float]:
        named = dict(zip(self.model.categories, probabilities, strict=True))
        for category in self._elsewhere:
            named["other"] = named.get("other", 0.0) + named.pop(category)
        return named

    def familiarity(self, reading: Reading, findings: Findings) -> float:
        """How much of the text the model knows, from 0 to 1: 1 for all but other languages and gibberish."""
        familiar, found = self.model.familiar, findings.found
        if found >= familiar * reading.normalised.count(" "):  # there are no more words than blanks
            return 1.0
        return min(1.0, found / (familiar * max(1, shape_of(reading.normalised).words)))

    def _reasons(self, name: str, reading: Reading, hits: Sequence[Hit], present: AbstractSet[int]) -> tuple[str, ...]:
        """Excerpts: first the phrases that name the category, then the words that weigh most."""
        phrases = [reading.excerpt(start, end) for label, start, end in hits if label == name]
        told = self.model.telling.get(name)
        if told is None or len(phrases) >= REASONS_MAX:
            return _without_repeats(phrases)
        strongest = sorted(told.numbers & present, key=told.rank.__getitem__)[:REASONS_MAX]
        patterns = self.model.search.patterns
        # One by one: where phrases say enough, no pattern is looked up.
        return _without_repeats(chain(phrases, (reading.first(patterns[number]) for number in strongest)))

    def _primary(self, leanings: Mapping[str, float], matters: Sequence[float], spoken: AbstractSet[str]) -> str:
        """The likeliest category; silence or rudeness about a matter that is raised comes second to the matter itself."""
        top = max(leanings, key=leanings.__getitem__)
        if top != "communication":
            return top
        if matters:
            odds = zip(self.model.categories, matters, strict=True)
            raised = {category for category, each in odds if each >= SECONDARY_ODDS}
        else:
            raised = {category for category in spoken if leanings.get(category, 0.0) >= leanings[top] * MATTER_SHARE}
        others = [category for category in leanings if category in raised - {top, "other"}]
        return max(others, key=leanings.__getitem__, default=top)

    def _secondary(
        self, name: str, matters: Sequence[float], probabilities: Mapping[str, float], spoken: AbstractSet[str]
    ) -> tuple[str, ...]:
        if matters:
            apply = [
                (odds, category)
                for odds, category in zip(matters, self.model.categories, strict=True)
                if odds >= (SPOKEN_ODDS if category in spoken else SECONDARY_ODDS)
                and category not in (name, "other")
                and category in self.names
            ]
        else:
            apply = [
                (probability, category)
                for category, probability in probabilities.items()
                if (category in spoken or probability >= SECONDARY_PROBABILITY) and category not in (name, "other")
            ]
        return tuple([category for _, category in sorted(apply, reverse=True)[:SECONDARY_MAX]]) if apply else ()


def _spoken(hits: Iterable[Hit]) -> dict[str, int]:
    """How often each label was found."""
    times: dict[str, int] = {}
    for label, _, _ in hits:
        times[label] = times.get(label, 0) + 1
    return times


def _issue(category: str, spoken: Mapping[str, int]) -> str | None:
    """The issue of the category that more phrases speak for than for any other; None where none stands out."""
    mark = f"{category}/"
    issues = [(times, label) for label, times in spoken.items() if label.startswith(mark)]
    if not issues:
        return None
    most, leading = max(issues)
    alone = sum([times == most for times, _ in issues]) == 1
    return leading.removeprefix(mark) if alone else None


def _without_repeats(excerpts: Iterable[str | None]) -> tuple[str, ...]:
    """The first few excerpts, none of them endless, leaving out what an earlier one already says."""
    kept: list[str] = []
    said = ""
    for excerpt in excerpts:
        cut = excerpt and excerpt[:REASON_LIMIT_CHARACTERS]
        if cut and cut not in said:
            kept.append(cut)
            said += f"{cut}\n\n\n"
            if len(kept) == REASONS_MAX:
                break
    return tuple(kept)
