"""Phrases compiled into one tree of words and found in a single walk over a text.

Notation: words are separated by blanks, alternatives by `|`, `..` lets up to four other words stand between,
and `@name` is a named list of alternatives. An apostrophe parts words, so "didn't" is the two words "didn t".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress, count
from typing import Any, NamedTuple

from services.intake.categorise.reading import pairs_of

GAP_WORDS = 4
_GAP = ".."
_END = "\n"

NOT = "not|t|never|cannot|cant|didnt|dont|doesnt|wont|isnt|hasnt|havent|wasnt|without"
"""Negating words; "t" is what is left of a contracted "not"."""

_LISTS: Mapping[str, str] = {
    "@not": NOT,
    "@my": "my|our|her|his|their|the|a|this|that|these|those|any|an|your",
    "@nobody": "nobody|noone|nobody s",
    "@charged": "charged|charge|charging|charges|billed|bill|billing|debited|invoiced|deducted",
    "@parcel": "parcel|package|order|delivery|shipment|item|items|parcels|packages|orders|luggage|letter|box",
}

# A node holds words -> nodes, and under two signs that are no words: the node after a gap, the labels that end here.
_Node = dict[str, Any]


class Hit(NamedTuple):
    """One phrase found: its label, the index of its first word and of the word after its last."""

    label: str
    first: int
    after: int


class PhraseTree:
    """Finds every phrase of a set; the work is bounded by the number of words times the depth of the tree."""

    __slots__ = ("_after_gap", "_alone", "_openings", "_root")

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        root: _Node = {}
        for label, lines in phrases.items():
            for line in lines:
                _plant(root, _parse(line), label)
        self._root: _Node = _merged(root, {})
        # Most words lead nowhere. These tell so without a step into the tree.
        self._alone = frozenset(word for word, node in self._root.items() if _END in node)
        self._after_gap = {word: frozenset(node[_GAP]) for word, node in self._root.items() if _GAP in node}
        self._openings = frozenset(
            f"{word} {next_word}" for word, node in self._root.items() for next_word in node.keys() - {_END, _GAP}
        )

    def find(self, words: list[str], pairs: Sequence[str] | None = None) -> list[Hit]:
        """Every phrase found, in the order of its first word; `pairs` are the words' `pairs_of`, where at hand."""
        pairs = pairs_of(words) if pairs is None else pairs
        starts = {*compress(count(), map(self._openings.__contains__, pairs)), *self._open(words)}
        root = self._root
        return [
            Hit(label, at, after) for at in sorted(starts) for label, after in _walk(root[words[at]], words, at + 1)
        ]

    def _open(self, words: list[str]) -> Iterator[int]:
        """Where a phrase may begin whatever the next word: one of a single word, or one that goes on after a gap."""
        distinct, alone, after_gap = set(words), self._alone, self._after_gap
        gapped = [word for word in after_gap.keys() & distinct if not after_gap[word].isdisjoint(distinct)]
        if single := (alone & distinct).union(gapped):
            for at in compress(count(), map(single.__contains__, words)):
                word = words[at]
                if word in alone or not after_gap[word].isdisjoint(words[at + 1 : at + 2 + GAP_WORDS]):
                    yield at


def _parse(line: str) -> list[list[str]]:
    for name, words in _LISTS.items():
        line = line.replace(name, words)
    return [element.split("|") for element in line.split()]


def _plant(root: _Node, elements: list[list[str]], label: str) -> None:
    nodes = [root]
    for alternatives in elements:
        nodes = [node.setdefault(word, {}) for node in nodes for word in alternatives]
    for node in nodes:
        labels: list[str] = node.setdefault(_END, [])
        if label not in labels:
            labels.append(label)


def _merged(node: _Node, known: dict[frozenset[tuple[str, object]], _Node]) -> _Node:
    """The same tree with equal branches kept once: a tenth of the memory, and more of it in the processor's cache."""
    branches = {word: _merged(below, known) if word != _END else below for word, below in node.items()}
    mark = frozenset((word, tuple(below) if word == _END else id(below)) for word, below in branches.items())
    return known.setdefault(mark, branches)


def _walk(node: _Node, words: Sequence[str], at: int) -> Iterator[tuple[str, int]]:
    stack = [(node, at)]
    end = len(words)
    while stack:
        node, at = stack.pop()
        for label in node.get(_END, ()):
            yield label, at
        if at < end and (child := node.get(words[at])) is not None:
            stack.append((child, at + 1))
        gap = node.get(_GAP)
        if gap is not None and not gap.keys().isdisjoint(words[at : at + GAP_WORDS + 1]):
            reach = range(at, min(at + GAP_WORDS + 1, end))
            stack += [(child, later + 1) for later in reach if (child := gap.get(words[later])) is not None]
