"""Complaints in German, French and Spanish: category and signals by listed phrases alone, and a person looks at them."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from typing import Final

from services.intake.categorise.categories import CATEGORIES, Categorisation
from services.intake.categorise.lexicon import Lexicon
from services.intake.categorise.phrases import Hit
from services.intake.categorise.phrases_de import CATEGORIES_DE, HINTS_DE, SIGNALS_DE
from services.intake.categorise.phrases_es import CATEGORIES_ES, HINTS_ES, SIGNALS_ES
from services.intake.categorise.phrases_fr import CATEGORIES_FR, HINTS_FR, SIGNALS_FR
from services.intake.categorise.reading import Reading

_Phrases = Mapping[str, Iterable[str]]

REASONS_MAX: Final = 8
SECONDARY_MAX: Final = 2

_HINT: Final = "?"
"""Behind a category's name: a single word that leans towards it."""


def _hints(words: Mapping[str, str]) -> _Phrases:
    return {category + _HINT: ["|".join(each.split())] for category, each in words.items()}


_BY_LANGUAGE: Final[Mapping[str, tuple[_Phrases, ...]]] = {
    "de": (CATEGORIES_DE, SIGNALS_DE, _hints(HINTS_DE)),
    "fr": (CATEGORIES_FR, SIGNALS_FR, _hints(HINTS_FR)),
    "es": (CATEGORIES_ES, SIGNALS_ES, _hints(HINTS_ES)),
}
SPOKEN: Final = 0.7
"""Phrases were right in 15 of 19 longer complaints; in single sentences nearly always."""

HINTED: Final = 0.3
"""Single words were right in 4 of 12 longer complaints that were written after them."""

FOREIGN_LANGUAGES: Final = tuple(_BY_LANGUAGE)

_ACCENTED: Final = "àâäáãåçèéêëìíîïñòóôöõùúûüýÿœæ"
_FOLDED: Final = str.maketrans(_ACCENTED, "aaaaaaceeeeiiiinooooouuuuyyoa")
"""Sign for sign, so that places stay true; "œ" and "æ" lose their second half on both sides alike."""

_GERMAN: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def foreign_hits(normalised: str, language: str) -> list[Hit]:
    """The phrases of a normalised text in one of FOREIGN_LANGUAGES; none in any other. Accents may be left out.

    Labels are categories, emotions, flags, and categories with "?" for words that only lean towards one; the phrases of
    a language are built when its first text comes.
    """
    if language not in _BY_LANGUAGE:
        return []
    return _lexicon(language).find(normalised.translate(_FOLDED))


def foreign_category(reading: Reading, hits: Sequence[Hit], *, within: Container[str] = CATEGORIES) -> Categorisation:
    """The category that most phrases speak for, else that most words lean towards; else `other` with no confidence.

    What speaks for a category that is not `within` those in use counts as `other`. A person always decides: `docs/extraction-and-languages.md` says how often each is right.
    """
    for mark, confidence in (("", SPOKEN), (_HINT, HINTED)):
        if ranked := _ranked(hits, mark, within):
            return _answer(reading, hits, ranked, mark, confidence)
    return Categorisation("other", 0.0, needs_person=True, reasons=(), secondary=())


def _answer(
    reading: Reading, hits: Sequence[Hit], ranked: Sequence[tuple[str, int]], mark: str, confidence: float
) -> Categorisation:
    name = ranked[0][0]
    others = [category for category, _ in ranked[1:] if category != "other"] if not mark else []
    return Categorisation(
        name=name,
        confidence=confidence,
        needs_person=True,
        reasons=_reasons(reading, hits, name + mark),
        secondary=tuple(others[:SECONDARY_MAX]),
    )


_ORDER: Final = (
    "unauthorised_charge",
    "warranty",
    "billing_error",
    "service_delivery",
    "product_quality",
    "other",
    "communication",
)
"""Which category comes first where as many phrases speak for each: the rarer matter, silence about it last."""


def _ranked(hits: Sequence[Hit], mark: str, within: Container[str]) -> list[tuple[str, int]]:
    """The categories spoken for, the most phrases first; overlapping ones are counted once."""
    labels = {category + mark: category if category in within else "other" for category in _ORDER}
    counted = {(labels[hit.label], hit.start // 24) for hit in hits if hit.label in labels}
    spoken = Counter(category for category, _ in counted)
    ranked = sorted(spoken.items(), key=lambda each: (-each[1], _ORDER.index(each[0])))
    return sorted(ranked, key=lambda each: each[0] == "communication")


def _reasons(reading: Reading, hits: Iterable[Hit], name: str) -> tuple[str, ...]:
    said = (reading.excerpt(hit.start, hit.end) for hit in hits if hit.label == name)
    return tuple(dict.fromkeys(each for each in said if each))[:REASONS_MAX]


@cache
def _lexicon(language: str) -> Lexicon:
    return Lexicon(
        *(
            {label: list(_lines(lines, language)) for label, lines in phrases.items()}
            for phrases in _BY_LANGUAGE[language]
        )
    )


def _lines(lines: Iterable[str], language: str) -> Iterator[str]:
    """Each line without accents; in German also with the letters that stand for them ("ue", "ss")."""
    for line in lines:
        spellings = {line, line.translate(_GERMAN)} if language == "de" else {line}
        for spelling in sorted(spellings):
            yield from _spread(spelling.translate(_FOLDED))


def _spread(line: str) -> Iterator[str]:
    """An alternative of several words ("zu_viel|mehr") becomes a line of its own."""
    choices = [_choices(element) for element in line.split()]
    yield from map(" ".join, product(*choices))


def _choices(element: str) -> list[str]:
    alternatives = element.split("|")
    single = "|".join([each for each in alternatives if "_" not in each])
    return [*([single] if single else []), *(each.replace("_", " ") for each in alternatives if "_" in each)]
