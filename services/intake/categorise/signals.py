"""What a text shows about the customer's state and about special risks, each with the words that show it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from services.intake.categorise.lexicon import LEXICON
from services.intake.categorise.phrases import Hit
from services.intake.categorise.reading import Reading, has_neighbours_in_capitals, read
from services.intake.categorise.signal_phrases import EMOTION_PHRASES, FLAG_PHRASES

EMOTIONS = ("calm", *EMOTION_PHRASES)
"""Mildest first; when several are shown, the last of them is reported."""

FLAGS = tuple(FLAG_PHRASES)
EVIDENCE_LIMIT_CHARACTERS = 80
NEGATION_WORDS_BEFORE = 3
NEGATION_CHARACTERS_BEFORE = 60
SHOUTED_SHARE_MAX = 0.7
"""With more capitals than this the whole text is written so, which is a habit and not a raised voice."""

_LABELS = frozenset((*EMOTION_PHRASES, *FLAG_PHRASES))
_NEGATIONS = "not never no t dont didnt isnt wasnt cannot cant wont doesnt nobody neither nor without hardly aren"
_NEGATING = frozenset(_NEGATIONS.split())
_SENTENCE_END = ".!?;\n"
_DOUBLED = ("!!", "??", "!?", "?!")
_EXCLAIMED = re.compile(r"\b\w{1,40} ?[!?]{2}")
# Masks of removed names ("XXXX") are not shouted.
_SHOUTED = re.compile(r"\b(?!X+\b)[A-Z]{2,40}(?: (?!X+\b)[A-Z]{2,40}){2,9}\b")


@dataclass(frozen=True, slots=True)
class Signal:
    """An emotion or a flag, and a short excerpt of the text that shows it."""

    name: str
    evidence: str


def read_signals(subject: str, description: str) -> tuple[Signal, ...]:
    """Exactly one emotion, first, then each flag at most once; never raises, time linear in the length."""
    reading = read(subject, description)
    return signals_in(reading, LEXICON.find(reading.normalised))


def signals_in(reading: Reading, phrases: Iterable[Hit]) -> tuple[Signal, ...]:
    """The signals of a text that was read already; phrases that speak for no signal are passed over."""
    first: dict[str, str] = {}
    for hit in phrases:
        if hit.label in _LABELS and hit.label not in first and not _negated(reading, hit):
            _note(first, hit, reading)
    flags = [Signal(name, first[name]) for name in FLAGS if name in first]
    return (_emotion(first, reading), *flags)


def _note(first: dict[str, str], hit: Hit, reading: Reading) -> None:
    excerpt = reading.excerpt(hit.start, hit.end)
    if excerpt is not None:
        first[hit.label] = excerpt[:EVIDENCE_LIMIT_CHARACTERS]


def _emotion(shown: dict[str, str], reading: Reading) -> Signal:
    named = [name for name in EMOTIONS if name in shown]
    raised = _raised_voice(reading)
    if named and not (raised and named[-1] in {"worried", "frustrated"}):
        return Signal(named[-1], shown[named[-1]])
    if raised:
        # A raised voice turns frustration into anger; alone it shows frustration.
        return Signal("angry" if "frustrated" in named else "frustrated", raised)
    return Signal("calm", _opening(reading))


def _negated(reading: Reading, hit: Hit) -> bool:
    """True for "not angry", "never dangerous": a negation shortly before, in the same sentence."""
    first = max(0, hit.start - NEGATION_CHARACTERS_BEFORE)
    sentence = max(first, *(reading.text.rfind(end, first, hit.start) + 1 for end in _SENTENCE_END))
    before = reading.normalised[sentence + 1 : hit.start + 1].split()
    return not _NEGATING.isdisjoint(before[-NEGATION_WORDS_BEFORE:])


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
    if run and sum(map(str.isupper, text)) < SHOUTED_SHARE_MAX * sum(map(str.isalpha, text)):
        return run.group()[:EVIDENCE_LIMIT_CHARACTERS]
    return ""


def _opening(reading: Reading) -> str:
    subject, description = reading.text[: reading.break_at].strip(), reading.text[reading.break_at + 3 :].strip()
    return (description or subject)[:EVIDENCE_LIMIT_CHARACTERS].strip()
