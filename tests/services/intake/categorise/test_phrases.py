"""Phrases are found where they stand, and the work grows no faster than the text."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.categorise.category_phrases import CATEGORY_PHRASES
from services.intake.categorise.lexicon import Lexicon, shipped_lexicon
from services.intake.categorise.phrases import ALTERNATIVES_MAX, GAP_WORDS, Hit, PhraseError, elements, patterns
from services.intake.categorise.reading import normalised
from services.intake.categorise.signal_phrases import EMOTION_PHRASES, FLAG_PHRASES

ALL = {**CATEGORY_PHRASES, **EMOTION_PHRASES, **FLAG_PHRASES}


def found(lexicon: Lexicon, text: str) -> list[tuple[str, str]]:
    return [(hit.label, text[hit.start : hit.end]) for hit in lexicon.find(normalised(text))]


def test_words_alternatives_and_gaps_are_matched() -> None:
    lexicon = Lexicon({"late": ["parcel|box .. late", "very late"]})
    assert found(lexicon, "The Box, it came far too LATE!") == [("late", "Box, it came far too LATE")]
    assert found(lexicon, "very late") == [("late", "very late")]
    assert found(lexicon, "late box") == []


def test_a_gap_spans_at_most_four_words() -> None:
    lexicon = Lexicon({"x": ["a .. b"]})
    assert found(lexicon, " ".join(["a", *["w"] * GAP_WORDS, "b"])) == [("x", "a w w w w b")]
    assert found(lexicon, " ".join(["a", *["w"] * (GAP_WORDS + 1), "b"])) == []


def test_a_gap_may_be_empty_and_a_phrase_may_have_several() -> None:
    lexicon = Lexicon({"x": ["a .. b c .. d"]})
    assert found(lexicon, "a b c d") == [("x", "a b c d")]
    assert found(lexicon, "a - 1 - b c; 2 3 4 5 d") == [("x", "a - 1 - b c; 2 3 4 5 d")]
    assert found(lexicon, "a b 1 c d") == []


def test_each_ending_belongs_to_the_nearest_beginning() -> None:
    lexicon = Lexicon({"x": ["a .. b"]})
    assert found(lexicon, "a 1 a 2 b b 1 2 3 4 b") == [("x", "a 2 b"), ("x", "a 2 b b")]


def test_one_label_may_stand_in_several_mappings() -> None:
    lexicon = Lexicon({"late": ["very late"]}, {"late": ["viel zu spät"], "rude": ["very late"]})
    assert lexicon.labels == {"late", "rude"}
    assert found(lexicon, "Very late") == [("late", "Very late"), ("rude", "Very late")]
    assert found(lexicon, "Das ist viel zu spät.") == [("late", "viel zu spät")]


def test_a_lexicon_of_no_phrases_finds_nothing() -> None:
    assert found(Lexicon(), "anything at all") == []
    assert found(Lexicon({"empty": []}), "anything at all") == []


@pytest.mark.parametrize("line", ["", "..", "a ..", ".. a", "a .. .. b", " ".join(["a|b|c|d|e|f|g|h|i|j"] * 4)])
def test_a_line_that_stands_for_nothing_or_for_too_much_is_refused(line: str) -> None:
    with pytest.raises(PhraseError):
        Lexicon({"x": [line]})
    assert ALTERNATIVES_MAX < 10_000


@pytest.mark.parametrize(("label", "line"), [(label, line) for label, lines in ALL.items() for line in lines])
def test_every_listed_phrase_is_found_in_its_own_words(label: str, line: str) -> None:
    said = " ".join(words[-1] for part in elements(line) for words in part)
    assert Hit(label, 0, len(said)) in shipped_lexicon().find(normalised(said))


@pytest.mark.parametrize("line", [line for lines in ALL.values() for line in lines])
def test_every_word_of_a_phrase_is_one_a_text_can_have(line: str) -> None:
    for part in elements(line):
        for wording in patterns(part):
            assert normalised(wording.strip()) == wording


words = st.sampled_from(["a", "b", "c", "d", "b c", "x", "y"])


@given(st.lists(words, max_size=40), st.lists(st.sampled_from([" ", ", ", " - ", "\n\n"]), min_size=40, max_size=40))
def test_a_gapped_phrase_is_found_wherever_its_parts_stand_near_enough(said: list[str], signs: list[str]) -> None:
    text = "".join(word + sign for word, sign in zip(said, signs, strict=False))
    lexicon = Lexicon({"x": ["a .. d", "a .. b c"]})
    bare = text.split()
    ends = set()
    for at, word in enumerate(text.replace(",", " ").replace("-", " ").split()):
        earlier = text.replace(",", " ").replace("-", " ").split()[max(0, at - GAP_WORDS - 1) : at]
        if word == "d" and "a" in earlier:
            ends.add(at)
    hits = [hit for hit in lexicon.find(normalised(text)) if text[hit.end - 1] == "d"]
    assert len(hits) == len(ends)
    assert len(bare) >= len(hits)
    assert all(text[hit.start] == "a" for hit in hits)


PLACES = (("a", "b", "c", "d", "e"), ("f", "g", "h", "i"), ("k", "l", "m", "n"), ("o", "p", "q", "r", "s"))


@given(
    st.lists(st.sampled_from([word for words in PLACES for word in words]), max_size=24),
    st.lists(st.sampled_from([" ", ", ", "-"]), min_size=24, max_size=24),
)
def test_a_phrase_of_too_many_wordings_to_write_out_is_found_in_each_of_them(said: list[str], signs: list[str]) -> None:
    lexicon = Lexicon({"x": [" ".join(map("|".join, PLACES))]})
    assert len(lexicon.patterns) < math.prod(map(len, PLACES))
    text = "".join(word + sign for word, sign in zip(said, signs, strict=False))
    literal = re.compile("[ -]".join("[" + "".join(words) + "]" for words in PLACES))
    assert [(hit.start, hit.end) for hit in lexicon.find(normalised(text))] == [
        found.span() for found in literal.finditer(text)
    ]


class _Counting(str):
    """A normalised text that counts the signs that are copied out of it."""

    __slots__ = ()
    copied = 0

    def __getitem__(self, place: object) -> str:
        cut = super().__getitem__(place)  # type: ignore[index]  # whatever a string accepts
        type(self).copied += len(cut)
        return cut


UNITS = [
    "not ",
    "charged my ",
    "i never ",
    "no no one ",
    "how many times ",
    "charged " + "x " * 9,
    "twice " * 9 + "charged ",
]


@pytest.mark.parametrize("unit", UNITS)
def test_the_work_grows_in_proportion_to_the_text(unit: str) -> None:
    def work(times: int) -> int:
        _Counting.copied = 0
        hits = shipped_lexicon().find(_Counting(normalised(unit * times)))
        return _Counting.copied + len(hits)

    assert work(800) <= 8.5 * work(100) + 100


@pytest.mark.parametrize("line", ["the|my .. kettle", "kettle .. the|my"])
def test_a_phrase_is_found_by_its_rarest_part_whichever_that_is(line: str) -> None:
    lexicon = Lexicon({"x": [line]})
    assert lexicon.patterns == (" kettle ",)
    text = "the 1 kettle 2 my"
    assert found(lexicon, text) == [("x", "the 1 kettle" if line.startswith("the") else "kettle 2 my")]


def test_the_words_of_a_part_stand_beside_each_other() -> None:
    lexicon = Lexicon({"x": ["kettle .. not my fault", "not my fault .. toaster"]})
    assert found(lexicon, "kettle: not my fault") == [("x", "kettle: not my fault")]
    assert found(lexicon, "not my fault - toaster") == [("x", "not my fault - toaster")]
    assert found(lexicon, "kettle not, my fault; not my, fault toaster") == []


def test_a_gap_reaches_no_further_than_a_line_or_two_of_text() -> None:
    lexicon = Lexicon({"x": ["kettle .. the", "the .. toaster"]})
    assert len(found(lexicon, "kettle " + "x" * 40 + " the " + "x" * 40 + " toaster")) == 2
    assert found(lexicon, "kettle " + "x" * 400 + " the " + "x" * 400 + " toaster") == []


def test_a_list_that_does_not_exist_is_refused() -> None:
    assert found(Lexicon({"x": ["@nobody came"]}), "Nobody came") == [("x", "Nobody came")]
    with pytest.raises(PhraseError, match="@nothing"):
        Lexicon({"x": ["@nothing came"]})
