"""Similar decided disputes: which of them are like a case and why, and which words find them cheaply.

Nothing here is learnt. The weights are stated, and add up to 1: what the texts say 0.6, the same category 0.12 and issue
0.08, a like amount 0.1, the same product 0.05, class of customer 0.03 and jurisdiction 0.02.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Final, NamedTuple
from uuid import UUID

from msgspec import Struct

from shared.domain.lifecycle import Outcome

TEXT, CATEGORY, ISSUE, AMOUNT, PRODUCT, CUSTOMER_CLASS, JURISDICTION = 0.6, 0.12, 0.08, 0.1, 0.05, 0.03, 0.02
LIKENESS_MIN: Final = 0.05
"""Texts less alike than this are no match, whatever else agrees."""
LIKENESS_ALONE_MIN: Final = 0.2
"""From here on texts are alike enough to match across categories."""
AMOUNT_FACTOR_MAX: Final = 2.0
"""Amounts are called similar up to this factor."""
SHARED_SHOWN_MAX: Final = 5
LOOKUPS_MAX: Final = 24
FOUND_AT_ONCE_MAX: Final = 300
"""Rows that one lookup is chosen to find, and may find at most."""
FOUND_MAX: Final = 1_200
_PAIRED_MAX: Final = 8
_FEW: Final = 1_000
"""With fewer documents than this, words are weighed as if there were so many; else nothing would be telling."""
_USUAL_WORTH: Final = 5.0
"""The worth of a word that the case does not have: one in 150 disputes, about the middle of a complaint's words."""


class Case(Struct, frozen=True, kw_only=True, gc=False):
    """The dispute that precedents are sought for. `amount` is in the base currency.

    `words` maps each of its words, as the index writes them, to what it is worth; `spelled` to how the customer wrote it.
    """

    words: Mapping[str, float]
    spelled: Mapping[str, str]
    category: str
    issue: str | None
    product: str | None
    amount: float | None
    customer_class: str
    jurisdiction: str | None


class Past(Struct, frozen=True, kw_only=True, gc=False):
    """A decided dispute. `share` is what was given as a share of what was disputed; `rating` is 1 to 5."""

    id: UUID
    reference: str
    words: Sequence[str]
    category: str
    issue: str | None
    product: str | None
    amount: float | None
    customer_class: str
    jurisdiction: str | None
    outcome: Outcome
    remedy: str | None
    share: float | None
    days: float
    reopened: bool
    overturned: bool
    rating: int | None


class Match(NamedTuple):
    """A decided dispute that is like the case, how much from 0 to 1, and why in words."""

    past: Past
    score: float
    likeness: float
    reasons: tuple[str, ...]


class Lookup(NamedTuple):
    """Words that must all be there, and what finding them says."""

    words: tuple[str, ...]
    worth: float


def worth(documents: float, total: float) -> float:
    """What a word says that so many of all the documents have: the logarithm of how rare it is; never below 0."""
    return max(0.0, math.log((max(total, _FEW) + 1) / (documents + 0.5)))


def lookups(documents: Mapping[str, float], total: float) -> list[Lookup]:
    """The questions to the index, rare words first, that together find about `FOUND_MAX` rows at most.

    A word that too many have is asked for together with one or two others. That words go together more often than by
    chance is why each answer is cut off besides.
    """
    rarest = sorted(documents, key=lambda word: (documents[word], word))
    chosen: list[Lookup] = []
    left = float(FOUND_MAX)
    common: list[str] = []
    for word in rarest:
        if documents[word] > FOUND_AT_ONCE_MAX:
            common.append(word)
        elif len(chosen) < LOOKUPS_MAX and left > 0:
            chosen.append(Lookup((word,), worth(documents[word], total)))
            left -= documents[word]
    for each in _together(common[:_PAIRED_MAX], documents, total):
        if len(chosen) >= LOOKUPS_MAX or left <= 0:
            break
        chosen.append(Lookup(each, sum(worth(documents[word], total) for word in each)))
        left -= _expected(each, documents, total)
    return chosen


def _together(words: Sequence[str], documents: Mapping[str, float], total: float) -> Iterable[tuple[str, ...]]:
    """Pairs that few enough have by chance, else threes; the last resort is all of them at once."""
    fitting = [
        each
        for size in (2, 3)
        for each in combinations(words, size)
        if _expected(each, documents, total) <= FOUND_AT_ONCE_MAX
    ]
    if not fitting and words:
        return [tuple(words)]
    return sorted(fitting, key=lambda each: (len(each), -_expected(each, documents, total)))


def _expected(words: Iterable[str], documents: Mapping[str, float], total: float) -> float:
    share = math.prod(documents[word] / max(total, 1.0) for word in words)
    return share * total


def ranked(case: Case, pasts: Iterable[Past]) -> list[Match]:
    """Those that match, the most alike first. Equal ones keep their order."""
    found = (_match(case, past) for past in pasts)
    return sorted((each for each in found if each is not None), key=lambda each: -each.score)


def likeness(words: Mapping[str, float], other: Iterable[str]) -> tuple[float, list[str]]:
    """How alike two texts are, from 0 to 1, and the words they share, the most telling first.

    It is the cosine of the texts as sets of words weighted by their worth; what the other's remaining words are worth is
    assumed to be usual.
    """
    others = set(other)
    shared = sorted((word for word in words if word in others), key=lambda word: (-words[word], word))
    common = sum(words[word] ** 2 for word in shared)
    if not common:
        return 0.0, []
    rest = (len(others) - len(shared)) * _USUAL_WORTH**2
    norm = math.sqrt(sum(each**2 for each in words.values())) * math.sqrt(common + rest)
    return min(1.0, common / norm), shared


def _match(case: Case, past: Past) -> Match | None:
    alike, shared = likeness(case.words, past.words)
    if alike < LIKENESS_MIN or (past.category != case.category and alike < LIKENESS_ALONE_MIN):
        return None
    told = [case.spelled.get(word, word) for word in shared[:SHARED_SHOWN_MAX]]
    score, reasons = TEXT * alike, [f"both texts say: {', '.join(told)}"]
    for weight, name, mine, theirs in (
        (CATEGORY, "category", case.category, past.category),
        (ISSUE, "issue", case.issue, past.issue),
        (PRODUCT, "product", _plain(case.product), _plain(past.product)),
        (CUSTOMER_CLASS, "class of customer", case.customer_class, past.customer_class),
        (JURISDICTION, "jurisdiction", case.jurisdiction, past.jurisdiction),
    ):
        if mine is not None and mine == theirs:
            score += weight
            reasons.append(f"same {name}: {mine}")
    near = amount_likeness(case.amount, past.amount)
    if near > 0:
        score += AMOUNT * near
        reasons.append("similar amount")
    return Match(past, score, alike, tuple(reasons))


def _plain(text: str | None) -> str | None:
    return None if text is None else text.strip().casefold()


def amount_likeness(one: float | None, other: float | None) -> float:
    """1 for equal amounts, falling with their ratio's logarithm to 0 at a factor of 2; 0 when one is not known."""
    if not one or not other:
        return 0.0
    return max(0.0, 1 - abs(math.log(one / other)) / math.log(AMOUNT_FACTOR_MAX))
