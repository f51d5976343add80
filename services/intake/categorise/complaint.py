"""Everything that filing reads in a complaint: its language, its category, its signals; from one pass over the text."""

from typing import Final

from msgspec.structs import replace

from services.intake.categorise.categories import ENGLISH, Categorisation
from services.intake.categorise.categoriser import Categoriser
from services.intake.categorise.foreign import FOREIGN_LANGUAGES, foreign_category, foreign_hits
from services.intake.categorise.languages import UNDETERMINED, language_of
from services.intake.categorise.reading import read_both
from services.intake.categorise.signals import Signal, signals_in

ENGLISH_SHARE: Final = 0.5
"""Known patterns a word from which on a text is surely English: of a hundred English complaints six have fewer."""


def read_complaint(
    categoriser: Categoriser, subject: str, description: str, *, product: str | None = None
) -> tuple[Categorisation, tuple[Signal, ...]]:
    """Category with language, and signals, of a text; never raises, in time linear in its length.

    Only English is read by the model. German, French and Spanish are read by listed phrases; in these and in every other
    language a person decides.
    """
    search = categoriser.model.search
    plain, blind = read_both(subject, description, product=product)
    findings = search(plain.normalised)
    familiar = categoriser.familiarity(plain, findings)
    # The detector is not asked about a text half of whose words the English model knows; there are no more words than blanks.
    surely = findings.found >= ENGLISH_SHARE * plain.normalised.count(" ")
    language = ENGLISH if surely else language_of(plain.normalised).code
    if language in FOREIGN_LANGUAGES:
        hits = foreign_hits(plain.normalised, language)
        own = hits if blind is plain else foreign_hits(blind.normalised, language)
        answer = foreign_category(blind, own, within=categoriser.names)
        return replace(answer, language=language), signals_in(plain, hits, language=language)
    if blind is plain:
        category = categoriser.of_reading(plain, findings, familiar)
    else:
        category = categoriser.of_reading(blind, search(blind.normalised))
    if language != ENGLISH:
        known = language == UNDETERMINED
        category = replace(category, language=language, needs_person=category.needs_person or not known)
    return category, signals_in(plain, findings.hits)
