"""Whether words that would show a signal are the customer's own and meant: not negated, not quoted, not another's."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

NEGATION_WORDS_BEFORE: Final = 5
BEFORE_CHARACTERS: Final = 72
AFTER_CHARACTERS: Final = 60
REPORT_CHARACTERS: Final = 110
SPEAKER_CHARACTERS: Final = 50
STATE_CHARACTERS: Final = 60
QUOTE_CHARACTERS_MAX: Final = 400

_NEGATING_WORDS: Final = (
    "not no never nobody noone none neither nor without hardly cannot cant dont didnt doesnt isnt wasnt wont "
    "wouldnt shouldnt havent hasnt arent aint instead refuse refrain far"
)
_NEGATING: Final = frozenset(_NEGATING_WORDS.split())
_NEGATORS: Final = _NEGATING | {"t"}
"""Words of a normalised text without one of which nothing before is a negation; "t" is what is left of "n't"."""
_BARRIERS_WORDS: Final = (
    "but however though although because due since unless if when which making while and so as yet still until"
)
_BARRIERS: Final = frozenset(_BARRIERS_WORDS.split())
_VOIDING_WORDS: Final = (
    "only just merely doubt hesitate choice option alternative wait afraid matter wonder longer question left "
    "have having make makes making shy stupid lazy"
)
_VOIDING: Final = frozenset(_VOIDING_WORDS.split())
"""A negation is none before these: "not only", "won't hesitate to", "no choice but", "I don't want to have to"."""
_THINKING_WORDS: Final = "think thinks believe believes say says said saying suppose mean that feel wrote claim"
_THINKING: Final = frozenset(_THINKING_WORDS.split())
_BEGINS: Final = frozenset({"i", "we", "i'm", "i'll", "i've", "we'll", "we're"})

_TOKEN = re.compile(r"[\w'\u2019]+|[^\w\s]|\n")
_TAKEN_BACK = re.compile(
    r"[^\n]{0,60}\bbut\b[^.!?\n]{0,50}\b(?:i|we)(?:['\u2019]ll| will| shall| would| have to)"
    r"(?: now| then| have to| do (?:it|so|that)| \w{1,12} one)? ?(?:[.!?;,:)\n]|\Z|-|\u2013|if\b|unless\b|when\b)",
    re.IGNORECASE,
)
"""The clause ends there: "but I will leave a review" announces something else."""
_MAYBE_WITHDRAWN: Final = (" not ", "n't ", "n\u2019t ", "at first", "initially")
_WITHDRAWN = re.compile(
    r"[^.!?;\n]{0,25}?\b(?:(?:is|are|was|were|be)(?: not|n['\u2019]t)|won['\u2019]t be)"
    r" (?:necessary|needed|required|involved|an? (?:issue|problem)|the (?:issue|problem|point))"
    r"|[^.!?;\n]{0,12}\b(?:at first|initially)\b",
    re.IGNORECASE,
)

_SAYING = re.compile(
    r"\b(?:sa(?:id|ys?|ying)|told|tells|wr(?:ote|ites?)|claim(?:s|ed)?|state[sd]?|threaten(?:s|ed|ing)?|shout(?:s|ed)|reads?|asked)\b"
    r"(?=[^.!?;\n\"]{0,60}$)",
    re.IGNORECASE,
)
_SAYING_WORDS: Final = (
    "said say says saying told tells write writes wrote claim claims claimed state states stated "
    "threaten threatens threatened threatening shouts shouted read reads asked"
)
_SAYING_AT_ALL: Final = frozenset(_SAYING_WORDS.split())
"""All that `_SAYING` may find, as words of a normalised text: a look at them takes a tenth of the time."""
_SPEAKER = re.compile(
    r"\b(?:he|she|they|you|(?:your|the|an?) [\w'\u2019 ]{1,40}|caller|neighbou?r|agent|driver|letter|agency)"
    r"(?: (?:keeps?|kept|had|has|have))? $",
    re.IGNORECASE,
)
_STAFF_WORDS: Final = "agent driver courier manager colleague clerk staff guard steward advisor adviser rep man woman people team engineer"
_STAFF: Final = frozenset(_STAFF_WORDS.split())
"""Whom `_OTHERS_STATE` knows, as words of a normalised text."""
_OTHERS_STATE = re.compile(
    r"\b(?:your|the) (?:\w{1,20} )?"
    r"(?:agent|driver|courier|manager|colleague|clerk|staff|guard|steward|advis[eo]r|rep|man|woman|people|team|engineer)"
    r" (?:was|is|were|are|sounded|seemed|looked|got|became|acted)(?: \w{1,20})?\s*$",
    re.IGNORECASE,
)

_QUOTES: Final = {'"': '"', "\u201c": "\u201d", "\u201e": "\u201c", "\u00ab": "\u00bb"}
_TYPED_CLOSING: Final = "''"
"""Two apostrophes in place of the closing mark: so write typewriters, and forms that clean a text."""
_BEFORE_SINGLE: Final = (" ", "\n", "(")
"""Signs after which an apostrophe may open a quotation."""
_SINGLE_QUOTED = re.compile(
    r"(?<!\w)['\u2018](?=\w)([^'\u2018\u2019\n]{3,120}(?:['\u2019]\w[^'\u2018\u2019\n]{0,80}){0,3})['\u2019](?!\w)"
)
_OWN_WORDS = re.compile(
    r"\b(?:i|we)(?:['\u2019]ve| have)?(?: also)? (?:said|told|wrote|answered|replied|shouted)\b[^.!?\n]{0,30}$",
    re.IGNORECASE,
)


def words_before(normalised: str, start: int) -> list[str]:
    """The words before a place of the text, as far back as anything here looks."""
    return normalised[max(0, start + 1 - REPORT_CHARACTERS) : start + 1].split()


def negated(text: str, start: int, end: int, before: Iterable[str], *, words: int = NEGATION_WORDS_BEFORE) -> bool:
    """True for "not angry", "no intention of suing", "lawyers are not needed": within the clause, before or after.

    `before` are `words_before`, here as below.
    """
    if not _NEGATORS.isdisjoint(before) and _negated_after(text[max(0, start - BEFORE_CHARACTERS) : start], words):
        return not _TAKEN_BACK.match(text, end, end + 2 * AFTER_CHARACTERS)
    after = text[end : end + AFTER_CHARACTERS]
    return any(map(after.__contains__, _MAYBE_WITHDRAWN)) and bool(_WITHDRAWN.match(after))


def _negated_after(before: str, words: int) -> bool:
    tokens = _TOKEN.findall(before.lower().replace("\u2019", "'"))
    for at in range(len(tokens) - 1, max(-1, len(tokens) - 2 - words), -1):
        if _ends_clause(tokens, at):
            return False
        if _is_negation(tokens[at]):
            twice = at > 0 and _is_negation(tokens[at - 1])
            return not twice and _VOIDING.isdisjoint(tokens[at + 1 :])
    return False


def _is_negation(token: str) -> bool:
    return token in _NEGATING or token.endswith("n't")


def _ends_clause(tokens: list[str], at: int) -> bool:
    token = tokens[at]
    if token in _BEGINS:
        # "I do not think I should sue" goes on, "if you do not refund I will sue" begins anew.
        return at == 0 or tokens[at - 1] not in _THINKING
    return token in _BARRIERS or not (token[0].isalnum() or token[0] in "'-/_")


def reported(text: str, start: int, before: Iterable[str]) -> bool:
    """True for what another person is said to have said: "he says he will sue"."""
    if _SAYING_AT_ALL.isdisjoint(before):
        return False
    clause = text[max(0, start - REPORT_CHARACTERS) : start]
    said = _SAYING.search(clause)
    return said is not None and bool(_SPEAKER.search(clause, max(0, said.start() - SPEAKER_CHARACTERS), said.start()))


def of_staff(text: str, start: int, before: Iterable[str]) -> bool:
    """True for the state of somebody at the company: "your driver was angry"."""
    if _STAFF.isdisjoint(before):
        return False
    return bool(_OTHERS_STATE.search(text[max(0, start - STATE_CHARACTERS) : start]))


def quoted(text: str) -> list[tuple[int, int]]:
    """Where others' words stand: between quotation marks, and in lines that begin with the mark of quoted mail."""
    spans = [
        span for opening, closing in _QUOTES.items() if opening in text for span in _between(text, opening, closing)
    ]
    if _opens_single(text):
        spans += [match.span() for match in _SINGLE_QUOTED.finditer(text) if not _own(text, match.start())]
    if "\n>" in text:
        spans += _mail_lines(text)
    return spans


def _opens_single(text: str) -> bool:
    """Whether it is worth looking for single quotation marks, which takes twenty times as long."""
    if "\u2018" in text:
        return True
    before = text.split("'")
    before.pop()
    return any(part.endswith(_BEFORE_SINGLE) for part in before)


def _own(text: str, at: int) -> bool:
    """Whether the quotation that begins here is the customer's own: "I told him 'I will sue you'"."""
    return bool(_OWN_WORDS.search(text, max(0, at - 60), at))


def _between(text: str, opening: str, closing: str) -> Iterator[tuple[int, int]]:
    """A mark that follows a letter or digit opens nothing: 27" is a screen."""
    at = text.find(opening)
    while at >= 0:
        ends = (text.find(mark, at + 1, at + QUOTE_CHARACTERS_MAX) for mark in (closing, _TYPED_CLOSING))
        end = min((found for found in ends if found > 0), default=-1)
        if end > 0 and not text[at - 1 : at].isalnum():
            if not _own(text, at):
                yield at, end
            at = end
        at = text.find(opening, at + 1)


def _mail_lines(text: str) -> Iterator[tuple[int, int]]:
    at = text.find("\n>")
    while at >= 0:
        end = text.find("\n", at + 1)
        yield at, end if end > 0 else len(text)
        at = text.find("\n>", at + 1)
