"""What a text shows about the customer's state and about special risks, each with the words that show it."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from string import ascii_lowercase, ascii_uppercase
from typing import Final

from services.intake.categorise.categories import ENGLISH
from services.intake.categorise.foreign_scope import negated_abroad
from services.intake.categorise.lexicon import shipped_lexicon
from services.intake.categorise.others import COUNTS_OF_ANYBODY, LEFT_OUT, counted, left_out
from services.intake.categorise.phrases import Hit
from services.intake.categorise.reading import BREAK, Reading, has_neighbours_in_capitals, read_both
from services.intake.categorise.signal_phrases import EMOTION_PHRASES, FLAG_PHRASES, MASK, MASKS
from services.intake.categorise.signal_scope import (
    NEGATION_WORDS_BEFORE,
    negated,
    of_staff,
    quoted,
    reported,
    words_before,
)

EMOTIONS = ("calm", *EMOTION_PHRASES)
"""Mildest first; when several are shown, the last of them is reported."""

FLAGS = tuple(FLAG_PHRASES)
EVIDENCE_LIMIT_CHARACTERS = 80
SHOUTED_SHARE_MAX = 0.7
"""With more capitals than this the whole text is written so, which is a habit and not a raised voice."""

SHOUTED_WORD_CHARACTERS: Final = 5

HITS_LOOKED_AT_MAX: Final = 8
"""Of one signal: a text that says a word a thousand times, always negated, is not looked at a thousand times."""

_LABELS = frozenset((*EMOTION_PHRASES, *FLAG_PHRASES))
_SAID_BY_OTHERS: Final = frozenset({"legal_threat", "media", "regulator", "urgent", *EMOTION_PHRASES})
"""What another person is said to have said shows nothing of these; that something is dangerous counts whoever says it."""
_COUNTS_QUOTED: Final = frozenset({"discrimination"})
"""An insult is quoted to show it."""
_NEGATION_WORDS: Final = {"repeat_contact": 3}
_DEADLINES: Final = ("by ", "before ", "until ")
"""What is "not repaired by tomorrow" is to be done by tomorrow."""
_WORD_CHARACTERS: Final = 12
_SENTENCE_END = re.compile(r"[.!?;:]\s|\n\s*\n")
_CAPITALS: Final = ascii_uppercase.encode()
_SMALL: Final = ascii_lowercase.encode()
_DOUBLED = ("!!", "??", "!?", "?!")
# Thanks that are shouted are no reproach.
_EXCLAIMED = re.compile(
    r"\b(?<!thank )(?<!thank you so )(?<!thank you very )(?!(?:thanks|thankyou|thx)\b)\w{1,40} ?[!?]{2}", re.IGNORECASE
)
# Masks of removed names ("XXXX") are not shouted.
_SHOUTED = re.compile(r"\b(?!X+\b)[A-Z]{2,40}(?: (?!X+\b)[A-Z]{2,40}){2,9}\b")


@dataclass(frozen=True, slots=True)
class Signal:
    """An emotion or a flag, and a short excerpt of the text that shows it."""

    name: str
    evidence: str


def read_signals(subject: str, description: str) -> tuple[Signal, ...]:
    """Exactly one emotion, first, then each flag at most once; never raises, time linear in the length."""
    reading, _ = read_both(subject, description, product=None)
    return signals_in(reading, shipped_lexicon().find(reading.normalised))


def signals_in(reading: Reading, phrases: Iterable[Hit], *, language: str = ENGLISH) -> tuple[Signal, ...]:
    """The signals of a text that was read already; phrases that speak for no signal are passed over.

    `language` is the one of the phrases; it says what negates them.
    """
    hits, masks = _sorted_out(counted(phrases, reading.others) if reading.others else phrases)
    first: dict[str, str] = {}
    if hits:
        others = quoted(reading.text)
        in_marks = [span for span in others if reading.text[span[0]] != "\n"]  # not on a line of quoted mail
        for label, found in hits.items():
            meant = _unmasked(found, masks[label]) if label in masks else found
            silent = in_marks if label in COUNTS_OF_ANYBODY else others
            said = (hit for hit in islice(meant, HITS_LOOKED_AT_MAX) if _meant(hit, reading, silent, language))
            _show(first, reading, said)
    flags = [Signal(name, first[name]) for name in FLAGS if name in first]
    own = reading._replace(text=left_out(reading.text, reading.others, sign=LEFT_OUT)) if reading.others else reading
    return (_emotion(first, own), *flags)


def _sorted_out(phrases: Iterable[Hit]) -> tuple[dict[str, list[Hit]], dict[str, list[Hit]]]:
    hits: dict[str, list[Hit]] = {}
    masks: dict[str, list[Hit]] = {}
    for hit in phrases:
        label = hit[0]
        if label in _LABELS:
            hits.setdefault(label, []).append(hit)
        elif label in MASKS:
            masks.setdefault(label[len(MASK) :], []).append(hit)
    return hits, masks


def _unmasked(hits: Sequence[Hit], masks: Sequence[Hit]) -> Iterator[Hit]:
    """Those that overlap no mask; both come in the order of where they begin."""
    starts = [mask.start for mask in masks]
    reach = list(accumulate((mask.end for mask in masks), max))
    return (hit for hit in hits if not (before := bisect_left(starts, hit.end)) or reach[before - 1] <= hit.start)


def _show(first: dict[str, str], reading: Reading, hits: Iterable[Hit]) -> None:
    for hit in hits:
        excerpt = reading.excerpt(hit.start, hit.end)
        if excerpt:
            first[hit.label] = excerpt[:EVIDENCE_LIMIT_CHARACTERS]
            return


def _meant(hit: Hit, reading: Reading, others: Sequence[tuple[int, int]], language: str) -> bool:
    """Whether the words are one sentence, the customer's own, and not negated."""
    text, (label, start, end) = reading.text, hit
    if end - start > _WORD_CHARACTERS and _SENTENCE_END.search(text, start, end):
        return False
    if others and label not in _COUNTS_QUOTED and any(opened <= start < closed for opened, closed in others):
        return False
    before = words_before(reading.normalised, start)
    if label in _SAID_BY_OTHERS and reported(text, start, before):
        return False
    if label in EMOTION_PHRASES and of_staff(text, start, before):
        return False
    if language != ENGLISH:
        return not negated_abroad(language, text, start)
    words = _NEGATION_WORDS.get(label, NEGATION_WORDS_BEFORE)
    return text.startswith(_DEADLINES, start) or not negated(text, start, end, before, words=words)


def _emotion(shown: dict[str, str], reading: Reading) -> Signal:
    named = [name for name in EMOTIONS if name in shown]
    raised = _raised_voice(reading)
    if named and not (raised and named[-1] in {"worried", "frustrated"}):
        return Signal(named[-1], shown[named[-1]])
    if raised:
        # A raised voice turns frustration into anger; alone it shows frustration.
        return Signal("angry" if "frustrated" in named else "frustrated", raised)
    return Signal("calm", _opening(reading))


def _raised_voice(reading: Reading) -> str:
    """Doubled exclamation marks, or a run of words in capitals within a text that is not mostly capitals."""
    text = reading.text
    if (
        ("!" in text or "?" in text)
        and any(map(text.__contains__, _DOUBLED))
        and (exclaimed := _EXCLAIMED.search(text))
    ):
        return exclaimed.group()[-EVIDENCE_LIMIT_CHARACTERS:]
    run = _SHOUTED.search(text) if has_neighbours_in_capitals(text) else None
    if run and _is_raised(run.group()) and _share_of_capitals(text) < SHOUTED_SHARE_MAX:
        return run.group()[:EVIDENCE_LIMIT_CHARACTERS]
    return ""


def _is_raised(run: str) -> bool:
    """Initials of companies ("EOS CCA LLC") are not shouted."""
    return any(len(word) >= SHOUTED_WORD_CHARACTERS for word in run.split())


def _share_of_capitals(text: str) -> float:
    signs = text.encode("ascii", "ignore")
    capitals = len(signs) - len(signs.translate(None, _CAPITALS))
    return capitals / max(1, capitals + len(signs) - len(signs.translate(None, _SMALL)))


def _opening(reading: Reading) -> str:
    subject = reading.text[: reading.break_at].strip()
    description = reading.text[reading.break_at + len(BREAK) :].strip()
    return (description or subject)[:EVIDENCE_LIMIT_CHARACTERS].partition(LEFT_OUT)[0].strip()
