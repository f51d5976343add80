"""Phrases are found where they stand, and the work grows no faster than the text."""

from collections.abc import Mapping
from typing import Any

import pytest

from services.intake.categorise.category_phrases import CATEGORY_PHRASES
from services.intake.categorise.phrases import GAP_WORDS, Hit, PhraseTree
from services.intake.categorise.reading import read
from services.intake.categorise.signal_phrases import EMOTION_PHRASES, FLAG_PHRASES

ALL = {**CATEGORY_PHRASES, **EMOTION_PHRASES, **FLAG_PHRASES}


def test_words_alternatives_and_gaps_are_matched() -> None:
    tree = PhraseTree({"late": ["parcel|box .. late", "very late"]})
    assert tree.find(["the", "box", "came", "far", "too", "late"]) == [Hit("late", 1, 6)]
    assert tree.find(["very", "late"]) == [Hit("late", 0, 2)]
    assert tree.find(["late", "box"]) == []


def test_a_gap_spans_at_most_four_words() -> None:
    tree = PhraseTree({"x": ["a .. b"]})
    assert tree.find(["a", *["w"] * GAP_WORDS, "b"]) == [Hit("x", 0, GAP_WORDS + 2)]
    assert tree.find(["a", *["w"] * (GAP_WORDS + 1), "b"]) == []


@pytest.mark.parametrize(("label", "line"), [(label, line) for label, lines in ALL.items() for line in lines])
def test_every_listed_phrase_is_found_in_its_own_words(label: str, line: str) -> None:
    tree = PhraseTree({label: [line]})
    words = line.replace("@not", "not").replace("@charged", "charged").replace("@parcel", "parcel")
    words = words.replace("@nobody", "nobody").replace("@my", "my").replace(" .. ", " ")
    said = [element.split("|")[-1] for element in words.split()]
    assert any(hit.label == label and hit.first == 0 for hit in tree.find(said))


@pytest.mark.parametrize("line", [line for lines in ALL.values() for line in lines])
def test_every_word_of_a_phrase_is_one_the_reader_can_yield(line: str) -> None:
    for element in line.replace("..", " ").split():
        for word in element.split("|"):
            assert word.startswith("@") or read("", word).words[-1] == word


class _CountingNode(dict[str, Any]):
    looks = 0

    def get(self, key: str, default: Any = None) -> Any:
        type(self).looks += 1
        return super().get(key, default)


def _counting(node: Mapping[str, Any]) -> _CountingNode:
    return _CountingNode({word: _counting(below) if isinstance(below, dict) else below for word, below in node.items()})


@pytest.mark.parametrize("unit", ["not ", "charged my ", "i never ", "no no one ", "how many times "])
def test_the_work_grows_in_proportion_to_the_text(unit: str) -> None:
    tree = PhraseTree(ALL)
    tree._root = _counting(tree._root)

    def looks(times: int) -> int:
        _CountingNode.looks = 0
        tree.find((unit * times).split())
        return _CountingNode.looks

    assert looks(800) <= 8.5 * looks(100) + 100
