"""Phrases compiled into one tree of words and found in a single walk over a text.

Notation: words are separated by blanks, alternatives by `|`, `..` lets up to four other words stand between,
and `@name` is a named list of alternatives. An apostrophe parts words, so "didn't" is the two words "didn t".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

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
_PAST_THE_END = " "


class Hit(NamedTuple):
    """One phrase found: its label, the index of its first word and of the word after its last."""

    label: str
    first: int
    after: int


class PhraseTree:
    """Finds every phrase of a set; the work is bounded by the number of words times the depth of the tree."""

    __slots__ = ("_root",)

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        self._root: _Node = {}
        for label, lines in phrases.items():
            for line in lines:
                _plant(self._root, _parse(line), label)

    def find(self, words: Sequence[str]) -> list[Hit]:
        """Every phrase found, in the order of its first word."""
        root = self._root
        padded = [*words, _PAST_THE_END]
        starts = [at for at, word in enumerate(words) if word in root]
        return [
            Hit(label, at, after)
            for at in starts
            # Most first words lead nowhere; seeing that here saves the walk.
            if padded[at + 1] in (node := root[words[at]]) or _GAP in node or _END in node
            for label, after in _walk(node, words, at + 1)
        ]


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


def _walk(node: _Node, words: Sequence[str], at: int) -> Iterator[tuple[str, int]]:
    stack = [(node, at)]
    count = len(words)
    while stack:
        node, at = stack.pop()
        for label in node.get(_END, ()):
            yield label, at
        if at < count and (child := node.get(words[at])) is not None:
            stack.append((child, at + 1))
        if (gap := node.get(_GAP)) is not None:
            reach = range(at, min(at + GAP_WORDS + 1, count))
            stack += [(child, later + 1) for later in reach if (child := gap.get(words[later])) is not None]
