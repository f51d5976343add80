"""Whether words that would show a signal are negated in German, French or Spanish: by what stands right before them."""

import re
from collections.abc import Mapping
from typing import Final

_BEFORE_CHARACTERS: Final = 60

# Every repeat is bounded. A word that begins another thought ("y", "pero") ends what a Spanish "no" negates.
_NEGATED_BY: Final[Mapping[str, str]] = {
    "de": r"(?:kein(?:e|en|em|er|es)?(?: \w{1,20})?|ohne(?: \w{1,20})?|(?:nicht|nie|niemals)(?: (?:zum|zu|den|einen|meinen|so|sehr|wirklich))?) $",
    "fr": r"(?:sans(?: \w{1,20})?|aucune?|pas(?: (?:un|une|très|si|vraiment|de|d))?|pas \w{1,20}(?:er|ir|re)(?: (?:un|une|mon|ma|le|la|à|au|l|d))?)[ '\u2019]$",
    "es": r"(?:sin(?: \w{1,20})?|ning[uú]na?|no(?: (?!(?:y|e|ni|pero|sino|porque|que|si|as[ií]|cuando)\b)\w{1,20}){0,4}) $",
}
_NEGATED: Final = {language: re.compile(rf"(?<!\w){before}", re.IGNORECASE) for language, before in _NEGATED_BY.items()}


def negated_abroad(language: str, text: str, start: int) -> bool:
    """True for "keinen Anwalt", "sans avocat", "no quiero un abogado"; false in any other language."""
    before = _NEGATED.get(language)
    return before is not None and before.search(text, max(0, start - _BEFORE_CHARACTERS), start) is not None
