"""What the recipe sees of a text: its words, pairs and stems as the product finds them, and how many phrases it holds."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]  # it ships no types

from services.intake.categorise.category_phrases import CATEGORY_PHRASES
from services.intake.categorise.lexicon import Lexicon
from services.intake.categorise.model import HITS_CAP
from services.intake.categorise.reading import read
from services.launch.understanding.corpus import Example

DOCUMENTS_MIN = 5
"""Fewer texts than these hold it: a word or pair is not in the vocabulary, for it might be somebody's own."""
ROWS_MAX = 60_000
"""Words and pairs in a model; of more pairs the rarest are left out."""
FORM_MIN = 3
WRITTEN_MIN = 2
"""Fewer will do in the project's own texts, which hold nobody's personal data."""
STEM_MARK = "*"
STEM_LETTERS_MIN = 3
_ENDINGS = (
    "ingly",
    "ments",
    "ment",
    "ness",
    "ings",
    "ing",
    "edly",
    "ied",
    "ies",
    "ed",
    "es",
    "ly",
    "er",
    "e",
    "s",
    "y",
)

_NAMES = """
albert allstate amazon amex apple bhg bmg bmo bofa boston boxster canada capio carecredit cayennes charles chime comcast
costco ford france germany google hjr houston indiana lendmark lexisnexis loanmart mexico moneylion netcredit ocwen
onemain oscar porshe prosper rennlist southwest staples titlemax verizon walmart
"""
NAMES = frozenset(_NAMES.split())
"""Names that people also write in lower case, found by reading the vocabulary; dropped with the other names."""

_PUBLIC = """
act cfpb commission equifax experian fair fcra fdcpa im ive mastercard scra trade transunion
"""
PUBLIC_WORDS = frozenset(_PUBLIC.split())
"""Mostly written with a capital and yet nobody's name: laws, authorities and credit bureaus, and "I'm" without its sign."""

_EMPTY = """
a am an and are as at be been but by for from had has have i in is it me my of on or that the them they this to was were with
"""
EMPTY_WORDS = frozenset(_EMPTY.split())
"""Words of at least a quarter of all complaints that tell nothing by themselves; pairs may hold them. Looking for them
would be half of all finding, and without them the answers are as good."""

_SMALL = """
after all also because been being did do he her his if me no not our she so than then there their they we were what when
which who will would you your
"""
SMALL_WORDS = EMPTY_WORDS | frozenset(_SMALL.split())
"""A pair of two of these tells nothing, and a tenth of the pairs that a complaint holds are such."""

_LETTERS = re.compile(r"[^\W\d_]+")
LABELS = tuple(CATEGORY_PHRASES)


@dataclass(frozen=True, slots=True)
class Featured:
    """A text with its words and pairs, and how many phrases of each category it holds."""

    example: Example
    grams: Counter[str]
    hits: Counter[str]
    capitalised: frozenset[str]
    plain: frozenset[str]


def featured(examples: Iterable[Example]) -> list[Featured]:
    """Reads every text the way the product does."""
    lexicon = Lexicon(CATEGORY_PHRASES)
    return [_featured(example, lexicon) for example in examples]


def _featured(example: Example, lexicon: Lexicon) -> Featured:
    reading = read(example.subject, example.text)
    # A run of words with single signs between: the model's pairs do not reach across more.
    runs = [run.split() for run in reading.normalised.split("  ")]
    distinct = {word for run in runs for word in run}
    grams = Counter(distinct.union(*(map(" ".join, pairwise(run)) for run in runs)))
    grams.update(stem(word) + STEM_MARK for word in distinct)
    # From the second word on, each word that follows the one before after nothing but a blank.
    spelt = re.findall(r"(?<=\w )[^\W_]+", reading.text)
    return Featured(
        example=example,
        grams=grams,
        hits=Counter(hit.label for hit in lexicon.find(reading.normalised)),
        capitalised=frozenset(word.lower() for word in spelt if word.istitle() and len(word) > 1),
        plain=frozenset(word for word in spelt if word.islower()),
    )


def stem(word: str) -> str:
    """The word without a common English ending, so that "leaks", "leaked" and "leaking" share what is learnt."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= STEM_LETTERS_MIN:
            return word[: -len(ending)]
    return word


def vocabulary_of(texts: Sequence[Featured]) -> tuple[Counter[str], list[str]]:
    """Words, pairs and stems with the number of texts that hold them; and the words to be listed by form.

    Nothing with digits or masks, no name, no empty word, no pair of small words, no single letter (many
    languages have it), no word of two letters that are not our own, nothing in fewer than five texts. A rarer form of a frequent stem is listed when it was written
    in lower case in at least three texts, as names are not.
    """
    documents = Counter(gram for text in texts for gram in text.grams)
    ours = Counter(gram for text in texts if text.example.source.startswith("written") for gram in text.grams)
    capitalised = Counter(word for text in texts for word in text.capitalised)
    plain = Counter(word for text in texts for word in text.plain)
    names = NAMES | {word for word, times in capitalised.items() if times > 2 * plain[word]} - PUBLIC_WORDS

    def ordinary(gram: str) -> bool:
        words = gram.removesuffix(STEM_MARK).split(" ")
        return all(
            _LETTERS.fullmatch(word)
            and "xx" not in word
            and word not in names
            and (len(word) > 2 or (len(word) == 2 and ours[word] >= WRITTEN_MIN))
            for word in words
        )

    def frequent(gram: str) -> bool:
        return documents[gram] >= DOCUMENTS_MIN or ours[gram] >= WRITTEN_MIN

    def telling(gram: str) -> bool:
        return gram not in empty and not (" " in gram and SMALL_WORDS.issuperset(gram.split(" ")))

    empty = EMPTY_WORDS | {stem(word) + STEM_MARK for word in EMPTY_WORDS}
    chosen = Counter(
        {gram: times for gram, times in documents.items() if frequent(gram) and ordinary(gram) and telling(gram)}
    )
    forms = [
        word
        for word in documents
        if " " not in word and not word.endswith(STEM_MARK) and ordinary(word) and word not in empty
        if word in chosen or ((plain[word] >= FORM_MIN or ours[word]) and stem(word) + STEM_MARK in chosen)
    ]
    return _at_most(chosen, len(forms)), sorted(forms)


def _at_most(chosen: Counter[str], forms: int) -> Counter[str]:
    """The same without the rarest pairs, where there are more rows than a model may have."""
    pairs = sorted((gram for gram in chosen if " " in gram), key=lambda gram: (-chosen[gram], gram))
    dropped = set(pairs[max(0, ROWS_MAX - forms) :])
    return Counter({gram: times for gram, times in chosen.items() if gram not in dropped})


def matrix_of(texts: Sequence[Featured], place: dict[str, int], rarity: np.ndarray) -> csr_matrix:
    columns: list[int] = []
    values: list[float] = []
    starts = [0]
    for text in texts:
        # In the order of the columns: sums must not depend on the order of a set, which no two processes share.
        known = sorted((place[gram], times) for gram, times in text.grams.items() if gram in place)
        here, times = [at for at, _ in known], np.array([count for _, count in known], dtype=float)
        row = rarity[here]
        columns += here
        values += (times * row / (np.sqrt((times * row * row).sum()) or 1.0)).tolist()
        starts.append(len(columns))
    return csr_matrix((values, columns, starts), shape=(len(texts), len(rarity)))


def hits_of(texts: Sequence[Featured]) -> np.ndarray:
    return np.array([[min(text.hits[label], HITS_CAP) / HITS_CAP for label in LABELS] for text in texts])
