"""Every listed phrase in one tree, so that one walk over a text serves its category and its signals."""

from services.intake.categorise.category_phrases import CATEGORY_PHRASES
from services.intake.categorise.phrases import Hit, PhraseTree
from services.intake.categorise.reading import Reading
from services.intake.categorise.signal_phrases import EMOTION_PHRASES, FLAG_PHRASES

_LEXICON = PhraseTree({**CATEGORY_PHRASES, **EMOTION_PHRASES, **FLAG_PHRASES})


def phrases_in(reading: Reading) -> list[Hit]:
    """Every phrase of a text, labelled with a category, an emotion or a flag, in the order of its first word."""
    return _LEXICON.find(reading.words, reading.pairs)
