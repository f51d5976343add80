"""Everything that filing reads in a complaint: its language, its category, its signals; from one pass over the text."""

import re
from typing import Final

from msgspec.structs import replace

from services.intake.categorise.categories import ENGLISH, Categorisation
from services.intake.categorise.categoriser import Categoriser
from services.intake.categorise.foreign import FOREIGN_LANGUAGES, foreign_category, foreign_hits
from services.intake.categorise.languages import UNDETERMINED, language_of
from services.intake.categorise.reading import Reading, read_both, shape_of
from services.intake.categorise.signals import Signal, signals_in

OWN_WORDS_LEAST: Final = 3
"""A text of fewer words beside what it quotes is read with its quotation: "See below."."""

_QUOTED_LINES: Final = re.compile(r"(?<=\n)>[^\n]*+")


def read_complaint(
    categoriser: Categoriser, subject: str, description: str, *, product: str | None = None
) -> tuple[Categorisation, tuple[Signal, ...]]:
    """Category with language, and signals, of a text; never raises, in time linear in its length.

    Lines of quoted mail (`>`) say nothing of the category: they are mostly the company's own words. Only English is read by the model. German, French and Spanish are read by listed phrases; in these and in every
    other language a person decides.
    """
    search = categoriser.model.search
    plain, blind = read_both(subject, description, product=product)
    blind = _own(blind)
    findings = search(plain.normalised)
    familiar = categoriser.familiarity(plain, findings)
    # The detector is not asked about a text most of whose words the English model knows.
    language = ENGLISH if familiar == 1.0 else language_of(plain.normalised).code
    if language in FOREIGN_LANGUAGES:
        hits = foreign_hits(plain.normalised, language)
        answer = foreign_category(plain, hits, within=categoriser.names)
        return replace(answer, language=language), signals_in(plain, hits, language=language)
    if blind is plain:
        category = categoriser.of_reading(plain, findings, familiar)
    else:
        category = categoriser.of_reading(blind, search(blind.normalised))
    if language != ENGLISH:
        known = language == UNDETERMINED
        category = replace(category, language=language, needs_person=category.needs_person or not known)
    return category, signals_in(plain, findings.hits)


def _own(reading: Reading) -> Reading:
    """The reading with the lines of quoted mail blanked out; the same value where there are none, or little else."""
    if "\n>" not in reading.text:
        return reading
    parts: list[str] = []
    last = 0
    for quoted in _QUOTED_LINES.finditer(reading.text):
        start, end = quoted.start() + 1, quoted.end() + 1
        parts += (reading.normalised[last:start], " " * (end - start))
        last = end
    own = "".join((*parts, reading.normalised[last:]))
    return reading._replace(normalised=own) if shape_of(own).words >= OWN_WORDS_LEAST else reading
