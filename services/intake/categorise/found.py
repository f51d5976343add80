"""What a complaint's text mentions: amounts, dates, references, cards, the product. Offered to a person, never believed."""

from datetime import date
from decimal import Decimal
from typing import Final

from msgspec import Struct

AMOUNTS_MAX: Final = 12
DATES_MAX: Final = 12
REFERENCES_MAX: Final = 8
CARDS_MAX: Final = 4
MENTIONS_MAX: Final = 4


class FoundAmount(Struct, frozen=True, gc=False):
    """An amount of money; `said` is `text[start:end]`, the customer's own words with the sign or the currency."""

    value: Decimal
    """Never negative and at most AMOUNT_MAX; with a currency, never finer than its smallest coin."""
    currency: str | None
    """ISO 4217, or None when the sign stands for several currencies."""
    candidates: tuple[str, ...]
    """What a sign such as "$" may stand for; empty when `currency` is known."""
    start: int
    end: int
    said: str


class FoundDate(Struct, frozen=True, gc=False):
    """A day, or a span of days such as a month; never more than a year ahead or thirty years back."""

    first: date
    last: date
    """The same as `first` for a single day; inclusive."""
    other: date | None
    """The second reading of an ambiguous day ("05/06/2026"); neither reading is the better one."""
    start: int
    end: int
    said: str

    @property
    def ambiguous(self) -> bool:
        """The words can be read as two different days."""
        return self.other is not None


class FoundReference(Struct, frozen=True, gc=False):
    """A number that names something: `value` is `text[start:end]`, and never that of a payment card or bank account."""

    kind: str
    """One of REFERENCE_KINDS."""
    value: str
    named_by: str
    """The word that names it, in lower case ("invoice"); empty when its shape alone tells what it is."""
    start: int
    end: int


class FoundCard(Struct, frozen=True, gc=False):
    """A payment card or bank account number: where it stands, and its last four signs alone."""

    kind: str
    """`card` or `iban`."""
    ending: str
    start: int
    end: int


class FoundMention(Struct, frozen=True, gc=False):
    """The filed product's own name in the text; `said` is `text[start:end]`."""

    start: int
    end: int
    said: str


class Found(Struct, frozen=True, gc=False):
    """Everything found in one text, each kind in the order of its first mention and without repeats."""

    amounts: tuple[FoundAmount, ...] = ()
    dates: tuple[FoundDate, ...] = ()
    references: tuple[FoundReference, ...] = ()
    cards: tuple[FoundCard, ...] = ()
    products: tuple[FoundMention, ...] = ()


REFERENCE_KINDS: Final = ("order", "invoice", "booking", "tracking", "ticket", "contract", "dispute", "reference")
NOTHING_FOUND: Final = Found()
