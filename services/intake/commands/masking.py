"""A customer's text as it may be kept to learn from: who is spoken of, and every number, is taken out.

What learning needs is ordinary words. A word is therefore kept only when it looks like one: it stands in lower case, or
begins a sentence and is known to be ordinary. Everything else (words with a capital, with a digit, with an @) becomes
`XXXX`, and so does every name that the dispute itself holds, however it is written. Names in lower case of people whom
the dispute does not know cannot be told from other words.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from services.intake.categorise.category_phrases import CATEGORY_PHRASES
from services.intake.categorise.common_words import COMMON_WORDS

MASK: Final = "XXXX"
TEXT_LIMIT_CHARACTERS: Final = 20_000
"""What lies beyond is not read for a category either."""
NAME_LETTERS_MIN: Final = 2
LATIN_SHARE_MIN: Final = 0.8
SHOUTED_SHARE: Final = 0.5
"""From this share of capitals on, a capital says nothing about its word."""
SIGNATURE_WORDS_MAX: Final = 4

_TOKEN: Final = re.compile(r"\S++")
_WORD: Final = re.compile(r"[^\W\d_]++(?:['\u2019][^\W\d_]++)*+")
_ADDRESS: Final = re.compile(
    r"@|://|www\.|\\\\|\w\.(?:com|org|net|info|biz|io|eu|co|uk|de|fr|es|it|nl|pl|ch|at|us|ca|au)\b", re.IGNORECASE
)
_SPELLED_OUT: Final = re.compile(
    r"(?<!\S)\S{1,64}+(?P<at>[ ]at[ ])[\w-]{1,40}+(?P<dot>[ ]dot[ ])\w{2,10}+"
    r"|(?<!\S)\S{1,64}+(?P<at2>[ ][(\[]at[)\]][ ])[\w-]{1,40}+(?P<dot2>[ ](?:dot|[(\[]dot[)\]])[ ]|\.)\w{2,10}+",
    re.IGNORECASE,
)
"""A mail address in words: "jdoe at mailbox dot example"."""
_APOSTROPHE: Final = re.compile(r"['\u2019]")
_ENDS_SENTENCE: Final = re.compile(r"[.!?:;\u2026][\"'\u201d\u2019)\]]*$")
_TITLES: Final = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "prof"})
_GREETINGS: Final = frozenset({"dear", "hi", "hello", "hey"})
_FAREWELLS: Final = frozenset({"regards", "sincerely", "faithfully", "cheers", "truly"})
_ADDRESSED: Final = _TITLES | _GREETINGS
_POLITE: Final = _ADDRESSED | _FAREWELLS
_I: Final = frozenset({"i", "i'm", "i've", "i'd", "i'll", "i\u2019m", "i\u2019ve", "i\u2019d", "i\u2019ll"})
_FURTHER_ORDINARY: Final = "please thanks thank yes today yesterday since still regards sincerely yours dear hello hi"


def masked(text: str, names: Iterable[str | None] = (), *, beside: str = "") -> str | None:
    """The text without whom it speaks of; None where it is not mostly written in Latin letters.

    `names` are those the dispute holds: of the customer and of others, addresses and references; each of their words
    is masked wherever it stands. What stands in small letters in this text, or in the one `beside` it, is no name where
    it begins a sentence. Takes time linear in the text, of which the first TEXT_LIMIT_CHARACTERS count.
    """
    text = text[:TEXT_LIMIT_CHARACTERS]
    letters = [sign for sign in text if sign.isalpha()]
    if sum(sign < "\u0250" for sign in letters) < LATIN_SHARE_MIN * len(letters):
        return None
    shouted = sum(map(str.isupper, letters)) > SHOUTED_SHARE * len(letters)
    lower = _in_lower_case(f"{text} {beside[:TEXT_LIMIT_CHARACTERS]}")
    return _Masking(_words_of(names), lower, shouted=shouted).of(_SPELLED_OUT.sub(_mask_address, text))


def _mask_address(found: re.Match[str]) -> str:
    at, dot = found["at"] or found["at2"], found["dot"] or found["dot2"]
    return f"{MASK}{at}{MASK}{dot}{MASK}" if dot != "." else f"{MASK}{at}{MASK}"


@cache
def ordinary() -> frozenset[str]:
    """Words that name nobody: the commonest ones, and those of the phrases that speak for a category."""
    phrases = " ".join(line for lines in CATEGORY_PHRASES.values() for line in lines)
    common = " ".join(COMMON_WORDS)
    return frozenset(_WORD.findall(f"{phrases} {common} {_FURTHER_ORDINARY}")) - _TITLES


class _Masking:
    """One walk over a text, word by word."""

    def __init__(self, names: frozenset[str], lower: frozenset[str], *, shouted: bool) -> None:
        self._names = names
        self._kept = ordinary() if shouted else ordinary() | lower
        self._shouted = shouted
        self._begins = True
        self._suspects = 0

    def of(self, text: str) -> str:
        parts: list[str] = []
        last = 0
        for token in _TOKEN.finditer(text):
            between = text[last : token.start()]
            self._begins |= "\n" in between
            parts += between, self._token(token.group())
            last = token.end()
        return "".join(parts)

    def _token(self, token: str) -> str:
        if _ADDRESS.search(token) or any(map(str.isnumeric, token)):
            told = MASK
        else:
            told = _WORD.sub(lambda found: self._word(found.group()), token)
        self._begins = _ENDS_SENTENCE.search(token) is not None
        return told

    def _word(self, word: str) -> str:
        low = word.lower()
        keep = self._keeps(word, low)
        self._begins = False
        if low in _ADDRESSED:
            self._suspects = 2
        elif low in _FAREWELLS:
            self._suspects = SIGNATURE_WORDS_MAX
        elif self._suspects:
            self._suspects = 0 if keep and low in ordinary() else self._suspects - 1
        return word if keep else MASK

    def _keeps(self, word: str, low: str) -> bool:
        if low in _I:
            return True
        if low in self._names or any(part in self._names for part in _APOSTROPHE.split(low)):
            return False
        if low in _POLITE:
            return True
        if self._suspects and low not in ordinary():
            return False  # "Mr smith", "regards, ada jones": written small, a name all the same
        if word.islower():
            return True
        return low in self._kept if self._begins or self._shouted else False


def _words_of(names: Iterable[str | None]) -> frozenset[str]:
    words = (word.lower() for name in names if name for word in _WORD.findall(name))
    parts = (part for word in words for part in (word, _APOSTROPHE.sub("", word), *_APOSTROPHE.split(word)))
    return frozenset(part for part in parts if len(part) >= NAME_LETTERS_MIN)


def _in_lower_case(text: str) -> frozenset[str]:
    return frozenset(word for word in _WORD.findall(text) if word.islower())
