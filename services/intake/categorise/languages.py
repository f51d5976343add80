"""Which language a complaint is written in, told by its small words and by its script."""

from collections import Counter
from collections.abc import Mapping
from functools import cache
from itertools import chain
from typing import Final

from msgspec import Struct

from services.intake.categorise.language_letters import LETTERS
from services.intake.categorise.language_words import ENGLISH, WORDS

HEAD_CHARACTERS: Final = 320
TAIL_CHARACTERS: Final = 200
"""The beginning and the end are read; more hardly ever changes the answer."""

UNDETERMINED: Final = "und"
"""Mixed, too short, or in a language that is not known here."""

ENGLISH_SHARE: Final = 0.42
"""From this share of its small words on a text is English, and no other language is looked at."""

ENGLISH_WORDS_LEAST: Final = 4
HITS_LEAST: Final = 2.0
SHARE_LEAST: Final = 0.2
LEAD_LEAST: Final = 1.0
"""How many small words the best language must have more than the second."""

MIXED_LEAST: Final = 2
MIXED_SHARE: Final = 0.34
"""Two languages are mixed where each has words that the other lacks, the rarer one at least so many."""


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
    return _by_words(words, sample)


def _by_words(words: list[str], sample: str) -> Language:
    table = _languages_by_word()
    known = [table[word] for word in words if len(word) > 1 and word in table]
    if not known and sample.isascii():  # "a" or "c" alone may as well be the point of a list
        return _NOT_TOLD
    single = [table[word] for word in words if len(word) == 1 and word in table]
    letters = [codes for sign, codes in LETTERS if sign in sample]
    hits = Counter(chain.from_iterable([*known, *single, *letters]))
    (best, most), (_, next_most) = (*hits.most_common(2), ("", 0), ("", 0))[:2]
    if most < HITS_LEAST or most < SHARE_LEAST * len(words) or most - next_most < LEAD_LEAST:
        return _NOT_TOLD
    if _is_mixed(known, best):
        return _NOT_TOLD
    return Language(best, round(min(1.0, (most - next_most) / most + most / 40), 2))


def _is_mixed(known: list[frozenset[str]], best: str) -> bool:
    """Whether the words that are not of the best language are those of one other."""
    foreign = Counter(chain.from_iterable([codes for codes in known if best not in codes]))
    if not foreign:
        return False
    other, count = foreign.most_common(1)[0]
    own = sum([other not in codes for codes in known if best in codes])
    return count >= MIXED_LEAST and count >= MIXED_SHARE * own


@cache
def _languages_by_word() -> Mapping[str, frozenset[str]]:
    owners: dict[str, set[str]] = {}
    for code, words in WORDS.items():
        for word in words:
            owners.setdefault(word, set()).add(code)
    return {word: frozenset(codes) for word, codes in owners.items()}


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
    if 2 * (len(sample.encode(errors="replace")) - len(sample)) < _SCRIPT_SHARE * len(sample):
        return None  # a sign of another script takes at least a second byte; accents are not that many
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
