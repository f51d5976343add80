"""Who speaks under a label of a chat transcript: the company's people, its machines, the customer, somebody named, nobody."""

import re
from enum import Enum
from typing import Final

NAME_WORDS_MAX: Final = 5
HANDLE_WORDS_MAX: Final = 2
"""Names in small letters are no longer: "jane doe". More are the beginning of a sentence."""


class Side(Enum):
    """Whose words stand under a label."""

    HOUSE = "house"
    MACHINE = "machine"
    CUSTOMER = "customer"
    NAME = "name"
    """A name that tells nothing: "Anna", "jane_doe"."""
    NOBODY = "nobody"
    """The head of a form's field or of a sentence: "Order number", "Please note"."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_HOUSE: Final = _set(
    "agent agents support advisor adviser representative rep operator csr moderator team helpdesk staff supervisor concierge "
    "kundenservice kundendienst kundensupport kundenbetreuung kundenbetreuer kundenbetreuerin kundenberater kundenberaterin "
    "berater beraterin mitarbeiter mitarbeiterin servicemitarbeiter serviceteam moderatorin "
    "conseiller conseillère conseillere téléconseiller téléconseillère opérateur opératrice modérateur équipe assistance "
    "agente asesor asesora operador operadora soporte moderador moderadora equipo representante"
)
_MACHINE: Final = _set(
    "bot chatbot assistant system autoresponder autoreply voicebot assistent assistentin système systeme sistema asistente"
)
_CUSTOMER: Final = _set(
    "customer client visitor user guest consumer shopper complainant caller lead kunde kundin besucher besucherin nutzer nutzerin gast "
    "cliente visiteur visiteuse utilisateur utilisatrice clienta visitante usuario usuaria invitado"
)
_SELF: Final = _set("me i ich moi yo")
"""The customer's label when it is the whole of it."""
_SERVING: Final = _set("service services care relations success desk servicio atención atencion")
"""With a word for the customer: "Customer care", "Service client", "Atención al cliente"."""
_FAMILY: Final = _set(
    "wife husband partner son daughter mother father mum mom dad sister brother friend girlfriend boyfriend fiancé fiancée "
    "frau mann partnerin sohn tochter mutter vater schwester bruder freund freundin "
    "femme mari compagne compagnon fils fille mère père sœur frère esposa mujer esposo marido hijo hija madre padre hermana hermano"
)
_OWN: Final = _set("my our mein meine unser unsere mon ma notre mi nuestro nuestra")
"""With one of the family: "My wife", but not "Frau Meier"."""
_HELP: Final = _set("help support service")
_JOINING: Final = _set("from at of the de du von der den del al la el à")
_KNOWN: Final = _HOUSE | _MACHINE | _CUSTOMER | _SERVING | _HELP | _JOINING
_FIELDS: Final = _set(
    "number no nr num id name names email mail e-mail phone telephone tel mobile address date time order ref reference account "
    "type status note notes comment comments complaint complaints statement request response reply subject message messages "
    "description details detail problem problems issue issues reason category priority product item model price amount total "
    "question questions answer answers update edit ps nb re fw fwd cc bcc to sent step steps warning important please "
    "monday tuesday wednesday thursday friday saturday sunday day week today yesterday password error link "
    "montag dienstag mittwoch donnerstag freitag samstag sonntag tag woche heute gestern passwort fehler "
    "lundi mardi mercredi jeudi vendredi samedi dimanche jour lunes martes miércoles jueves viernes sábado domingo día "
    "since seit depuis desde said says told wrote asked answered replied called calling rang phoned emailed mailed spoke contacted visited waited tried complained "
    "dear hello hi hey attn attention regards sincerely yours thanks sehr hallo guten liebe lieber liebes grüße cher chère bonjour estimado estimada hola "
    "experience history summary transcript chat ticket case invoice delivery "
    "quality packaging website result outcome conclusion background timeline resolution feedback version browser attachment "
    "nummer kundennummer bestellnummer datum betreff beschreibung grund adresse telefon rechnung bestellung produkt problem frage antwort "
    "notiz hinweis anliegen numéro numero nom nombre commande objet motif produit adresse téléphone réponse remarque "
    "pedido asunto motivo producto dirección direccion teléfono telefono fecha pregunta respuesta nota factura"
)
_WORD: Final = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


def side_of(label: str, role: str = "") -> Side:
    """Whose label it is, `role` being what it has in brackets; total. A company's word outweighs a customer's ("Customer support")."""
    of_role = _side_of(role) if role else Side.NOBODY
    return of_role if of_role in (Side.HOUSE, Side.MACHINE, Side.CUSTOMER) else _side_of(f"{label} {role}")


def _side_of(label: str) -> Side:
    spelt = _WORD.findall(label)
    words = [word.lower() for word in spelt]
    if not words or not _FIELDS.isdisjoint(words):
        return Side.NOBODY
    if len(words) == 1 and words[0] in _SELF:
        return Side.CUSTOMER
    told = [low for word, low in zip(spelt, words, strict=True) if word.islower() and low not in _KNOWN]
    if told and len(words) > HANDLE_WORDS_MAX and "@" not in label:
        return Side.NOBODY
    return _known_side(frozenset(words)) or (Side.NAME if len(words) <= NAME_WORDS_MAX else Side.NOBODY)


def _known_side(words: frozenset[str]) -> Side | None:
    customer = not words.isdisjoint(_CUSTOMER) or not (words.isdisjoint(_FAMILY) or words.isdisjoint(_OWN))
    if not words.isdisjoint(_MACHINE):
        return Side.MACHINE
    if not words.isdisjoint(_HOUSE) or (
        not words.isdisjoint(_SERVING) and (customer or not words.isdisjoint(_HELP - {"service"}))
    ):
        return Side.HOUSE
    return Side.CUSTOMER if customer else None
