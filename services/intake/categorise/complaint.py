"""Category and signals of a complaint from one reading of its text."""

from services.intake.categorise.categories import Categorisation
from services.intake.categorise.categoriser import Categoriser
from services.intake.categorise.reading import read_both
from services.intake.categorise.signals import Signal, signals_in


def read_complaint(
    categoriser: Categoriser, subject: str, description: str, *, product: str | None = None
) -> tuple[Categorisation, tuple[Signal, ...]]:
    """What `categorise` and `read_signals` say, from one pass over the text; never raises."""
    search = categoriser.model.search
    plain, blind = read_both(subject, description, product=product)
    findings = search(plain.normalised)
    category = categoriser.of_reading(blind, findings if blind is plain else search(blind.normalised))
    return category, signals_in(plain, findings.hits)
