"""A chat transcript filed as a complaint: where the company's people and machines speak, so that they are not taken for the customer."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from services.intake.categorise.speakers import Side, side_of

SAID_WORDS_LEAST: Final = 4
"""Where no label comes twice and none has a time, fewer words on its line are the entry of a form: "Agent: Anna"."""

_TIME: Final = r"\d{1,2}[:.]\d\d(?:[:.]\d\d(?:[.,]\d{1,6})?)?(?:[ \u202f]?[AaPp]\.?[Mm]\.?)?"
_MONTH: Final = r"[^\W\d_]{3,9}\.?"
_YEAR: Final = r",?[ ](?:\d{4},?[ ])?(?:at |um )?"
_DAY: Final = (
    r"(?:\d{4}-\d\d-\d\d[T ]|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4},?[ ]{1,2}"
    rf"|{_MONTH}[ ]\d{{1,2}}{_YEAR}|\d{{1,2}}\.?[ ]{_MONTH}{_YEAR})"
)
_IN_BRACKETS: Final = r"[\[(][^\[\]()\n\d]{0,20}\d[^\[\]()\n]{0,30}[\])]"
_IN_WORDS: Final = r"[\w.'\u2019&|/#@+~-]"
_LABELLED: Final = re.compile(
    r"\n(?=[^\n:>]{0,80}+[:>])[ \t*_|•-]{0,4}"
    rf"(?:(?P<stamp>{_IN_BRACKETS}|{_DAY}?{_TIME}(?:Z| UTC)?)[ \t|,;\u2013*-]{{0,4}})?"
    r"(?:<(?P<nick>[^\W\d_][^<>\n:@]{0,39})>:?"
    rf"|(?P<name>(?:[^\W\d_]|[+~]){_IN_WORDS}{{0,30}}+(?:[ ](?!{_TIME}){_IN_WORDS}{{1,30}}+){{0,5}}+)[ ]?(?:\((?P<role>[^()\n:]{{1,40}})\))?"
    rf"(?P<behind>[ ,|-]{{0,3}}[\[(]?{_TIME}[\])]?)?[*_]{{0,2}}[ ]?:(?![/\\\d])"
    r"|(?(stamp)|(?!)))[*_]{0,2}"
)
"""A line with a time or none, who speaks, and a colon; "<Anna>" needs none. Words are taken whole, so that a line is not tried sign by sign.

A time without a name that can be read begins a line too: somebody speaks there, or something happens.
"""
_ADDRESSED: Final = re.compile(
    r"\b(?:you|your|yours|sorry|hello|hi|welcome|thanks?|please"
    r"|sie|ihnen|ihre?[nmrs]?|du|dir|dich|deine?[nmrs]?|hallo|willkommen|danke|bitte"
    r"|vous|votre|vos|tu|toi|désolée?|bonjour|bienvenue|merci|usted|ustedes|te|su|sus|hola|bienvenid[oa]|gracias|lamento|siento)\b",
    re.IGNORECASE,
)
"""What the company says to a customer, and the entry of a form or of a list does not."""
_FILLED_IN: Final = re.compile(r"[ \t]*+\S")
_SAID: Final = re.compile(r"\s*+[^\n]*+")
"""The first line with something on it: some write the label on a line of its own."""


class _Line(NamedTuple):
    start: int
    body: int
    """Where what is said begins."""
    label: str
    side: Side
    stamped: bool


def turns_of_others(text: str, begin: int) -> list[tuple[int, int]]:
    """Where in a transcript the customer does not speak: the company's turns, and the labels of the customer's own, in order.

    Looked at from the line end at `begin` on. In a transcript both sides are known by their labels; or one is, another has
    a name, and they speak in turn, two lines have a time, or one answers the other; and the company speaks to somebody, which
    what is told of it seldom does. Else the list is empty. The last turn ends with its line, for below a transcript
    people say what they want. Linear in the length; never raises.
    """
    found = list(_LABELLED.finditer(text, begin))
    if len(found) < 2:
        return []
    lines = list(_lines(found))
    chat = _to_and_fro(lines)
    if not chat and _is_form(text, lines):
        return []
    sides = _sides(lines, in_turn=chat or _is_answered(text, lines))
    if not sides:
        return []
    spoken = [line for line in lines if not chat or line.stamped or line.label in sides]
    spans = list(_spans(text, spoken, sides, chat=chat))
    return [(start, end) for start, end, _ in spans] if any(addressed for *_, addressed in spans) else []


def _lines(labelled: Iterable[re.Match[str]]) -> Iterator[_Line]:
    sides: dict[str, Side] = {}
    for found in labelled:
        name, role = found["nick"] or found["name"] or "", found["role"] or ""
        label = f"{name} {role}".lower()
        if label not in sides:
            sides[label] = side_of(name, role)
        stamped = bool(found["stamp"] or found["behind"])
        yield _Line(found.start() + 1, found.end(), label, sides[label], stamped)


def _to_and_fro(lines: Sequence[_Line]) -> bool:
    """Whether somebody speaks again after another, or lines have times. The entries of a form and of a list do neither."""
    speaking = [line for line in lines if line.side is not Side.NOBODY]
    changes = sum(before.label != after.label for before, after in pairwise(speaking))
    return sum(line.stamped for line in speaking) >= 2 or changes >= len({line.label for line in speaking})


def _is_form(text: str, lines: Iterable[_Line]) -> bool:
    """Whether a field of no speaker is filled in where its name stands: "Order: 4711"."""
    return any(_FILLED_IN.match(text, line.body) for line in lines if line.side is Side.NOBODY)


def _is_answered(text: str, lines: Sequence[_Line]) -> bool:
    """Whether there are but two turns, one of a name, something is said in both, and in the company's somebody is spoken to."""
    sides = [line.side for line in lines]
    if len(lines) != 2 or Side.NAME not in sides:
        return False
    if not (_is_said(text, lines[0].body, lines[1].start) and _is_said(text, lines[1].body, len(text))):
        return False
    house = sides.index(Side.NAME) if Side.CUSTOMER in sides else 1 - sides.index(Side.NAME)
    until = lines[1].start if house == 0 else len(text)
    return bool(_ADDRESSED.search(text, lines[house].body, until))


def _sides(lines: Sequence[_Line], *, in_turn: bool) -> dict[str, Side]:
    """The side of each speaker; empty where the lines are no transcript."""
    counts = Counter(line.label for line in lines if line.side is not Side.NOBODY)
    sides = {line.label: line.side for line in lines if line.label in counts}
    known = set(sides.values()) - {Side.NAME}
    both = Side.CUSTOMER in known and len(known) > 1
    if not both and not (in_turn and known and Side.NAME in sides.values()):
        return {}
    if in_turn and Side.CUSTOMER in known and Side.HOUSE not in known:
        return sides | dict.fromkeys(_answering(lines, counts), Side.HOUSE)
    return sides


def _answering(lines: Sequence[_Line], counts: Counter[str]) -> Iterator[str]:
    """Beside one who is called the customer, those with a name of their own speak for the house, if they speak in turn."""
    for line in lines:
        if line.side is Side.NAME and (line.stamped or counts[line.label] > 1 or len(counts) == 2):
            yield line.label


def _spans(text: str, lines: Sequence[_Line], sides: dict[str, Side], *, chat: bool) -> Iterator[tuple[int, int, bool]]:
    last = _SAID.match(text, lines[-1].body)
    ends = [*(after.start for _, after in pairwise(lines)), last.end() if last else len(text)]
    for line, until in zip(lines, ends, strict=True):
        side = sides.get(line.label, Side.NOBODY)
        if side in (Side.HOUSE, Side.MACHINE) and (chat or _is_said(text, line.body, until)):
            yield line.start, until, bool(_ADDRESSED.search(text, line.body, until))
        elif side is Side.CUSTOMER:
            yield line.start, line.body, False


def _is_said(text: str, body: int, until: int) -> bool:
    return len(text[body:until].partition("\n")[0].split(maxsplit=SAID_WORDS_LEAST)) >= SAID_WORDS_LEAST
