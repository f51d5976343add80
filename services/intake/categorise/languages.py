"""Which language a complaint is written in, told by its small words and by its script."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from msgspec import Struct

from services.intake.categorise.language_words import ENGLISH, WORDS

HEAD_CHARACTERS: Final = 320
TAIL_CHARACTERS: Final = 200
"""The beginning and the end are read; more hardly ever changes the answer."""

UNDETERMINED: Final = "und"
"""Mixed, too short, or in a language that is not known here."""

ENGLISH_SHARE: Final = 0.35
"""From this share of its small words on a text is English, and no other language is looked at."""

ENGLISH_WORDS_LEAST: Final = 4
SCORE_LEAST: Final = 1.5
"""About two small words that few other languages share."""

SHARE_LEAST: Final = 0.12
LEAD_LEAST: Final = 0.15
"""How far the best language must lie before the second, as a share of its own score."""


class Language(Struct, frozen=True, gc=False):
    """An ISO 639-1 code, or `und`; `certainty` from 0 to 1 orders answers and is no calibrated probability."""

    code: str
    certainty: float


_ENGLISH: Final = Language("en", 1.0)
_NOT_TOLD: Final = Language(UNDETERMINED, 0.0)


def language_of(normalised: str) -> Language:
    """The language of a normalised text, from its beginning and its end; never raises, and rather says `und` than guess.

    `hr` stands for Croatian, Bosnian and Serbian in Latin letters, `nb` for Norwegian; Arabic script says `ar`, or `fa`
    or `ur` by letters that Arabic lacks; Devanagari says `hi`.
    """
    sample = normalised
    if len(sample) > HEAD_CHARACTERS + TAIL_CHARACTERS:
        sample = f"{sample[:HEAD_CHARACTERS]} {sample[-TAIL_CHARACTERS:]}"
    words = sample.split()
    known = sum(map(ENGLISH.__contains__, words))
    if known >= ENGLISH_WORDS_LEAST and known >= ENGLISH_SHARE * len(words):
        return _ENGLISH
    if not sample.isascii() and (told := _by_script(sample)) is not None:
        return told
    return _by_words(words)


def _by_words(words: list[str]) -> Language:
    table = _languages_by_word()
    scores: dict[str, float] = {}
    for word in words:
        for code, weight in table.get(word, ()):
            scores[code] = scores.get(code, 0.0) + weight
    if not scores:
        return _NOT_TOLD
    best = max(scores, key=scores.__getitem__)
    top = scores.pop(best)
    second = max(scores.values(), default=0.0)
    lead = (top - second) / top
    if top < SCORE_LEAST or top < SHARE_LEAST * len(words) or lead < LEAD_LEAST:
        return _NOT_TOLD
    return Language(best, round(min(1.0, lead * min(1.0, top / 4)), 2))


@cache
def _languages_by_word() -> Mapping[str, tuple[tuple[str, float], ...]]:
    """For each word its languages, and how much it says for each: the fewer have it, the more."""
    owners: dict[str, list[str]] = {}
    for code, words in WORDS.items():
        for word in words:
            owners.setdefault(word, []).append(code)
    return {
        word: tuple((code, (0.4 if len(word) == 1 else 1.0) / len(codes)) for code in codes)
        for word, codes in owners.items()
    }


_SCRIPTS: Final = (
    ("ja", 0x3040, 0x30FF),
    ("ko", 0xAC00, 0xD7AF),
    ("zh", 0x4E00, 0x9FFF),
    ("th", 0x0E00, 0x0E7F),
    ("hi", 0x0900, 0x097F),
    ("he", 0x0590, 0x05FF),
    ("ar", 0x0600, 0x06FF),
    ("el", 0x0370, 0x03FF),
)
_SCRIPT_SHARE: Final = 0.5
_KANA_SHARE: Final = 0.15
_ARABIC_LETTERS: Final = {"ur": frozenset("ٹڈڑےں"), "fa": frozenset("پچژگی")}


def _by_script(sample: str) -> Language | None:
    """A script that one language is known for; None for Latin and Cyrillic, which words must tell apart."""
    letters = [ord(sign) for sign in sample if sign > "\u036f"]
    total = len(sample) - sample.count(" ")
    if len(letters) < 4 or len(letters) < _SCRIPT_SHARE * total:
        return None
    shares = {code: sum(first <= sign <= last for sign in letters) / total for code, first, last in _SCRIPTS}
    if shares["ja"] >= _KANA_SHARE and shares["ja"] + shares["zh"] >= _SCRIPT_SHARE:
        return Language("ja", round(shares["ja"] + shares["zh"], 2))
    best = max(shares, key=shares.__getitem__)
    if shares[best] < _SCRIPT_SHARE:
        return None
    return Language(_of_arabic(sample) if best == "ar" else best, round(shares[best], 2))


def _of_arabic(sample: str) -> str:
    return next((code for code, letters in _ARABIC_LETTERS.items() if not letters.isdisjoint(sample)), "ar")
