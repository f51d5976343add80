"""The words and pairs of words of a text that may be counted for themes: nobody's name, no number, no address.

A word counts where it is written in small letters, for names of people are not; in German, where every noun has a capital,
also with one. The words of the customer's own name never count. What is left may still hold a name somebody wrote in small
letters: that it is never shown is the work of the least number of customers who must have written it.
"""

import re
from collections.abc import Iterable
from typing import Final

LENGTH_MIN: Final = 3
LENGTH_MAX: Final = 24
TEXT_MAX: Final = 20_000
"""Characters of a text that are looked at."""
TERMS_MAX: Final = 600
"""Of one text."""

_RUN: Final = re.compile(r"\S++")
_OF_ADDRESSES: Final = ("@", "://", "www.")
"""Looked for in what stands between two blanks, so that a text of any kind is gone through once."""
_TOKEN: Final = re.compile(r"[^\W_]+")
_STOP_WORDS: Final = (
    # English
    "the and for that this with was have had has not but you your our are were they them their there from been will would "
    "when what which who why how all any can could did does doing done get got just than then because about after again "
    "also into out over under only other some such very more most even ever never too its his her him she said say says "
    "told still since until while where these those now been being both each few down off own same nor yet am is it to of "
    "in on at by an as be we us my me he so or if no do don didn doesn won wasn weren isn aren hasn haven hadn couldn "
    "wouldn shouldn ll ve re one two see let may might must shall should upon per via like want back make made "
    # German
    "der die das den dem des ein eine einen einem einer eines und oder aber ich sie wir ihr mir mich uns ihnen ihre ihren "
    "mein meine meinen meiner nicht kein keine mit von vom zum zur bei aus auf für über unter nach vor seit bis durch als "
    "wie wenn weil dass daß ist sind war waren wird werden wurde wurden hat habe haben hatte hatten kann können auch noch "
    "nur schon sehr mehr hier dort dann doch immer wieder man sich bin "
    # French
    "les des une est sont était été avoir avez ont pas plus pour par sur dans avec sans mais que qui quoi dont vous nous "
    "votre vos notre nos mon mes son ses leur leurs elle ils elles cette ces aux très tout tous toute fait faire comme "
    "même encore depuis "
    # Spanish
    "los las una unos unas del que por para con sin sobre entre pero como más muy también esta este esto estos estas han "
    "había fue ser está están nos les sus mis hay cuando porque desde hasta todo toda todos"
)
_STOP: Final = frozenset(_STOP_WORDS.split())


def terms(text: str, language: str, own: frozenset[str] = frozenset()) -> set[str]:
    """Each word and each pair of neighbouring words once. `own` are the words of the customer's name, in small letters."""
    capitals = language.partition("-")[0].lower() == "de"
    found: set[str] = set()
    before, ended = "", -1
    cleaned = _RUN.sub(_unless_address, text[:TEXT_MAX])
    for token in _TOKEN.finditer(cleaned):
        word = _word(token[0], own, capitals=capitals)
        if word:
            found.add(word)
            # Neighbours have one blank between them: what stands on two sides of a full stop says nothing together.
            if before and token.start() == ended + 1 and cleaned[ended].isspace():
                found.add(f"{before} {word}")
        before, ended = word, token.end()
        if len(found) >= TERMS_MAX:
            break
    return found


def _unless_address(run: re.Match[str]) -> str:
    return "  " if any(sign in run[0] for sign in _OF_ADDRESSES) else run[0]


def _word(token: str, own: frozenset[str], *, capitals: bool) -> str:
    """The token as it is counted, or nothing."""
    if not LENGTH_MIN <= len(token) <= LENGTH_MAX or not token.isalpha():
        return ""
    small = token.lower()
    written_so = token == small or (capitals and token[1:] == small[1:])
    cased = small != token.upper()  # a script without capitals does not tell names from words
    return small if written_so and cased and small not in _STOP and small not in own else ""


def name_words(texts: Iterable[str | None]) -> frozenset[str]:
    """The words that names, addresses and the like are made of, in small letters."""
    return frozenset(word.lower() for text in texts if text for word in re.findall(r"[^\W\d_]+", text))


def named(text: str | None) -> str | None:
    """What somebody called a product, as it is counted: short, in small letters; None for what looks like a number or address."""
    if text is None:
        return None
    plain = " ".join(text.split()).lower()[:60]
    return None if not plain or "@" in plain or re.search(r"\d[\d -]{4,}\d", plain) else plain
