"""Numbers that name an order, an invoice, a booking, a parcel or a ticket, told by the word that stands before them."""

import re
from collections.abc import Mapping
from typing import Final

from services.intake.categorise.found import FoundReference
from services.intake.categorise.masked import IBAN_SIGNS, holds_card_number

_NOUNS: Final = {
    "order": "order orders ordernumber purchase po bestellung bestellungen bestellnummer bestellnr auftrag auftragsnummer "
    "auftragsnr commande commandes pedido pedidos compra orden",
    "invoice": "invoice invoices bill receipt rechnung rechnungen rechnungsnummer rechnungsnr beleg facture factures "
    "factura facturas recibo",
    "booking": "booking bookings reservation pnr itinerary buchung buchungsnummer buchungscode buchungsnr reservierung "
    "reservierungsnummer réservation réserva reserva localizador",
    "tracking": "tracking shipment parcel parcels package consignment awb waybill sendung sendungsnummer sendungsnr "
    "paketnummer trackingnummer suivi colis expédition seguimiento envío envio rastreo paquete",
    "ticket": "ticket tickets case complaint incident claim claims enquiry inquiry ticketnummer vorgang vorgangsnummer "
    "fallnummer beschwerde beschwerdenummer aktenzeichen dossier réclamation incidencia reclamación reclamacion "
    "expediente caso",
    "contract": "contract agreement policy subscription vertrag vertragsnummer police contrat contrato póliza poliza",
    "reference": "reference ref confirmation transaction referenz referenznummer referencia référence transacción "
    "confirmación operación localisation rma crime",
}
_KINDS: Final[Mapping[str, str]] = {noun: kind for kind, nouns in _NOUNS.items() for noun in nouns.split()}
_NUMBER_LIST: Final = (
    "number numbers no nr num id code ref reference # nummer numéro numero núm número nº n n° № º ° nr. no."
)
_NUMBER_WORDS: Final = frozenset(_NUMBER_LIST.split())
_BETWEEN_LIST: Final = (
    "is was my the of with under for : = lautet ist mit der die meine de la le du el del con es est mi with given your "
    "confirmation tracking order"
)
_BETWEEN: Final = _NUMBER_WORDS | frozenset(_BETWEEN_LIST.split())
_MANY_LIST: Final = "orders bestellungen commandes pedidos invoices rechnungen factures facturas bookings parcels tickets claims numbers nos"
_MANY: Final = frozenset(_MANY_LIST.split())
"""What names each number of a list: "orders 5567 and 5568"."""
_LISTING: Final = frozenset({"and", "und", "et", "y", "e", "or", "&"})
_WORDS: Final = re.compile(r"[^\W_]++|[#№º°]")
_SIGNS: Final = frozenset("-_/")
_SIGNS_OUT: Final = frozenset(".,':\u2019")
_SPEED: Final = re.compile(r"[0-9]++[A-Za-z]{1,5}$")
_UNIT: Final = re.compile(r"[0-9]++[a-z]{1,4}$")
_GROUPS: Final = re.compile(r"(?:[ -][0-9]{3,4}(?![0-9A-Za-z]|[.,/][0-9])){2,5}+")
_KNOWN_SHAPES: Final = (
    ("dispute", re.compile(r"D-20[0-9]{2}-[0-9]{6,9}$")),
    ("order", re.compile(r"[0-9]{3}-[0-9]{7}-[0-9]{7}$")),  # one large marketplace's order numbers
    ("tracking", re.compile(r"[A-Z]{2}[0-9]{9}[A-Z]{2}$")),  # UPU S10, the numbers of postal services
    ("tracking", re.compile(r"1Z[0-9A-Z]{16}$")),  # one large carrier's parcel numbers
)
_LEAD_SIGNS: Final = 48
_NOUN_WITHIN_WORDS: Final = 4
VALUE_SIGNS: Final = range(2, 41)


def reference_at(text: str, start: int, end: int) -> FoundReference | None:
    """The reference around the number at `start` (its token ends at `end`); None when nothing names it as one."""
    first = _widened(text, start)
    value = text[first:end].rstrip("-_/")
    mark = text[first - 1 : first]
    if mark not in _MARKS and _is_small(value) and not _behind_number_word(text, first):
        return None
    kind, noun, direct = _named(text[max(0, first - _LEAD_SIGNS) : first], len(value))
    if noun and value.isdigit() and len(value) <= 4 and (more := _GROUPS.match(text, first + len(value))):
        value += more.group()
    if not noun or not _looks_named(value, direct=direct):
        kind, noun = _by_shape(value), ""
    if not kind and mark in _MARKS and len(value) >= 4 and _stands_alone(text, first - 1):
        kind, noun = "reference", mark
    cut_short = text[first + len(value) : first + len(value) + 1].isalnum()
    if not kind or cut_short or len(value) not in VALUE_SIGNS or _is_private(value):
        return None
    return FoundReference(kind, value, noun, first, first + len(value))


def _is_small(value: str) -> bool:
    """A count, a year or a measure, unless a word such as "number" stands right before it."""
    return len(value) < 4 or (len(value) == 4 and value.startswith(("19", "20"))) or _UNIT.match(value) is not None


def _behind_number_word(text: str, first: int) -> bool:
    word = text[max(0, first - 20) : first].rstrip(" :=.").rpartition(" ")[2].lower()
    return word in _NUMBER_WORDS or word.endswith(("nummer", "nr", "#"))


def _stands_alone(text: str, mark: int) -> bool:
    """Whether nothing before "#" says whose number it is: "see #4711", but not "employee #4711"."""
    lead = text[max(0, mark - 20) : mark].rstrip(" ")
    return not lead or not lead[-1].isalnum() or lead.rpartition(" ")[2].lower() in _ABOUT


_ABOUT: Final = frozenset(
    {"see", "re", "for", "under", "is", "about", "regarding", "to", "of", "my", "siehe", "voir", "ver"}
)
_MARKS: Final = frozenset({"#", "№"})


def _widened(text: str, start: int) -> int:
    """Where the word begins that holds the number ("AB-12345"), at most 24 signs before."""
    first, least = start, max(0, start - 24)
    while first > least and (text[first - 1].isalnum() or text[first - 1] in _SIGNS):
        first -= 1
    while first < start and text[first] in _SIGNS:
        first += 1
    head, sign, _ = text[first:start].partition("-")
    return first + len(head) + 1 if sign and head.lower() in _KINDS else first


def _named(lead: str, signs: int) -> tuple[str, str, bool]:
    """The kind, the noun shortly before, and whether a word such as "number" stands between."""
    words, listed = _before_the_list(_WORDS.findall(lead.lower())[-_NOUN_WITHIN_WORDS - 1 :], signs)
    direct = False
    for word in reversed(words):
        kind = _KINDS.get(word)
        if kind and not (word in _NUMBER_WORDS and _noun_before(words, word)):
            if listed and _MANY.isdisjoint(words):
                break
            return kind, word, direct or word.endswith(("nummer", "nr")) or word in _NUMBER_WORDS
        if word not in _BETWEEN:
            break
        direct = direct or word in _NUMBER_WORDS
    return "", "", False


def _before_the_list(words: list[str], signs: int) -> tuple[list[str], bool]:
    """The words before the first number of a list such as "5567, 5568 and", and whether there is one of as many signs."""
    end = len(words)
    while end and (words[end - 1] in _LISTING or (words[end - 1].isdigit() and len(words[end - 1]) == signs)):
        end -= 1
    numbers = any(word.isdigit() for word in words[end:])
    return (words[:end], True) if numbers else (words, False)


def _noun_before(words: list[str], word: str) -> bool:
    """Whether the reference is another thing's: "order ref 123" names an order."""
    at = len(words) - 1 - words[::-1].index(word)
    return at > 0 and words[at - 1] in _KINDS


def _looks_named(value: str, *, direct: bool) -> bool:
    """A count, a year or a measure behind a noun is no reference; behind "number" nearly everything is."""
    if not _SIGNS_OUT.isdisjoint(value) or _UNIT.match(value):
        return False
    if direct:
        return len(value) >= 2
    if _SPEED.match(value):
        return False
    digits = sum([sign.isdigit() for sign in value])
    if value.isdigit():
        return digits >= 5 or (digits == 4 and not value.startswith(("19", "20")))
    enough = digits >= 3 or value == value.upper()  # "QX7ZR2", as bookings are numbered
    return enough and len(value) >= 5 and not _DATE_LIKE.match(value)


_DATE_LIKE: Final = re.compile(
    r"(?:(?:[0-9X]{1,2}|(?:19|20|XX)[0-9X]{2})[-/][0-9X]{1,2}(?:[-/][0-9X]{1,2})?|[0-9X]{1,2}[-/][0-9X]{1,2}[-/][0-9X]{4})$"
)


def _by_shape(value: str) -> str:
    if len(value) < 13:
        return ""
    return next((kind for kind, shape in _KNOWN_SHAPES if shape.match(value)), "")


def _is_private(value: str) -> bool:
    account = value[:2].isalpha() and value[2:4].isdigit() and len(value) in IBAN_SIGNS and value[4:5].isdigit()
    return holds_card_number(value) or account or not value.isascii()  # other scripts' digits would pass unchecked
