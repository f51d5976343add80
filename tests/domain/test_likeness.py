"""Sketches tell how alike texts are: close to the truth, the same everywhere, and bounded in time and size."""

import csv
import gzip
import os
import random
import sys
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.likeness import (
    BANDS,
    BINS,
    RUN_WORDS,
    TEXT_CHARACTERS_MAX,
    Sketch,
    copied,
    held,
    likeness,
    near,
    sketch,
    words_of,
)
from shared.domain.passage import WORDS_MAX, common_passage
from tests.domain.likeness_pairs import measured, pairs

NAMES = ("Ada", "Bo", "Cy", "Di", "Ed")
SAMPLES = Path(os.environ.get("RECOURSE_SAMPLE_DATA", Path(__file__).parents[3] / "shared" / "data")) / "complaints"
WORDS = st.lists(st.sampled_from([f"word{n}" for n in range(300)]), min_size=0, max_size=250)
TEXT = "The kettle that I bought in your shop in May leaks at the handle and the water runs over the whole table."


def runs(text: str) -> set[tuple[str, ...]]:
    words = words_of(text)
    return set(zip(*(words[start:] for start in range(RUN_WORDS)), strict=False))


def truth(one: str, other: str) -> float:
    first, second = runs(one), runs(other)
    return len(first & second) / len(first | second) if first | second else 0.0


@given(st.text(max_size=600), st.text(max_size=600))
def test_any_text_has_a_sketch_of_one_size_and_likeness_is_a_share_that_does_not_ask_who_comes_first(
    one: str, other: str
) -> None:
    first, second = sketch("", one), sketch("", other)
    for made in (first, second):
        assert len(made.minima) == 2 * BINS
        assert len(made.bands) == (BANDS if made.runs else 0)
        assert all(-(1 << 31) <= band < 1 << 31 for band in made.bands)
    assert 0 <= likeness(first, second) == likeness(second, first) <= 1
    assert 0 <= held(first, second) <= 1
    assert likeness(first, first) == (1 if first.runs else 0)


@given(WORDS, st.integers(0, 1000), st.integers(0, 1000))
def test_the_estimate_is_near_the_truth(words: list[str], here: int, there: int) -> None:
    """Five standard errors at most; many bins of few runs are exact but for two runs in one bin."""
    one, other = (
        " ".join(words),
        " ".join([*words[: here % (len(words) + 1)], "new", *words[there % (len(words) + 1) :]]),
    )
    assert abs(likeness(sketch("", one), sketch("", other)) - truth(one, other)) <= 0.25


def test_over_many_pairs_the_estimate_has_no_bias_and_the_error_that_is_said() -> None:
    chance = random.Random(7)
    words = [f"word{n}" for n in range(4000)]
    errors = []
    for _ in range(400):
        text = chance.choices(words, k=150)
        share = chance.uniform(0.01, 0.2)
        other = [chance.choice(words) if chance.random() < share else word for word in text]
        one, two = " ".join(text), " ".join(other)
        errors.append(likeness(sketch("", one), sketch("", two)) - truth(one, two))
    assert abs(sum(errors) / len(errors)) < 0.006
    assert (sum(error * error for error in errors) / len(errors)) ** 0.5 < 0.045


def test_a_sketch_is_the_same_on_every_machine_and_in_every_version() -> None:
    """Sketches are stored: if these figures change, everything must be sketched anew."""
    made = sketch("Broken kettle", TEXT)
    assert made.runs == 22
    assert made.bands[:4] == GOLDEN_BANDS
    assert made.minima[:16].hex() == GOLDEN_MINIMA


def test_case_punctuation_numbers_and_line_ends_make_no_other_text() -> None:
    plain = "You took 49.90 from my account on 3 May and again on 5 May although I had cancelled."
    dressed = "YOU took 1,250.00 from my account,\r\non 14 May -- and again on 7 May; although I had cancelled!!!"
    assert likeness(sketch("", plain), sketch("", dressed)) == 1


@given(st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=11))
def test_short_texts_are_near_duplicates_of_nothing(words: list[str]) -> None:
    made = sketch("", " ".join(words))
    assert not near(made, made)
    assert not copied(made, made)


def test_a_text_in_a_much_longer_one_is_not_called_a_copy_on_the_word_of_a_few_bins() -> None:
    long = sketch("", " ".join(f"word{n}" for n in range(3000)))
    assert not copied(sketch("", TEXT), long)


@pytest.mark.parametrize(
    "text",
    ["a " * 600_000, "x" * 1_000_000, "\u202e\u200b" * 300_000, "🙂" * 300_000, "ab1" * 400_000, "\0" * 500_000],
)
def test_a_huge_text_is_looked_at_to_its_bound_only(text: str) -> None:
    assert sketch("", text) == sketch("", text[:TEXT_CHARACTERS_MAX])


def test_on_the_written_pairs_nearness_is_as_precise_and_as_complete_as_the_docs_say() -> None:
    found = [(each, *each.sketches()) for each in pairs()]
    assert len(found) >= 150
    between_customers = measured([(near(one, other), each.same) for each, one, other in found])
    of_one_customer = measured([(copied(one, other), each.same) for each, one, other in found])
    assert (between_customers.precision, round(between_customers.recall, 2)) == (1, 0.82)
    assert (of_one_customer.precision, round(of_one_customer.recall, 2)) == (1, 0.94)


def test_near_pairs_of_the_written_ones_share_a_band_so_that_the_index_finds_them() -> None:
    of_near = [(one, other) for one, other in (each.sketches() for each in pairs()) if near(one, other)]
    found = sum(any(map(int.__eq__, one.bands, other.bands)) for one, other in of_near)
    assert found / len(of_near) >= 0.95


def real_texts(most: int) -> Sequence[str]:
    file = SAMPLES / "cfpb.csv.gz"
    if not file.exists():
        pytest.skip("there are no sample complaints here")
    csv.field_size_limit(sys.maxsize)
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [row["text"] for row in csv.DictReader(lines)][:most]


def test_on_complaints_of_others_edited_by_chance_nearness_holds_as_well() -> None:
    """One word in twenty replaced, numbers changed and a signature added: still near; two strangers' complaints: hardly."""
    texts, chance = real_texts(700), random.Random(5)
    vocabulary = [word for text in texts[:50] for word in words_of(text)]
    same, bands, asked = 0, 0, 0
    for text in texts:
        words = [chance.choice(vocabulary) if chance.random() < 0.05 else word for word in words_of(text)]
        one, other = sketch("", text), sketch("", " ".join(words) + " kind regards from me and my family")
        if one.runs >= 40:
            asked += 1
            same += near(one, other)
            bands += any(map(int.__eq__, one.bands, other.bands))
    assert same / asked > 0.97
    assert bands / asked > 0.97
    strangers: list[tuple[Sketch, Sketch]] = list(combinations([sketch("", text) for text in texts[:250]], 2))
    assert sum(near(*both) for both in strangers) / len(strangers) < 0.0005


def test_the_passage_that_five_texts_share_is_told_without_their_numbers_and_names() -> None:
    texts = [f"Dear Sir, I am {name}. {TEXT} My order is {n}. {name}" for n, name in enumerate(NAMES)]
    passage = common_passage(texts)
    assert passage == words_line(TEXT) + " my order is #"
    assert common_passage(texts[:4]) is None
    assert common_passage([*texts, "Something else entirely, in other words and of another matter."]) is None
    assert common_passage(["Please pay me back."] * 5) is None


def test_a_long_passage_is_cut() -> None:
    long = " ".join(f"word{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(100))
    passage = common_passage([long] * 5)
    assert passage is not None
    assert passage.endswith(" …")
    assert len(passage.split()) == WORDS_MAX + 1


def words_line(text: str) -> str:
    return " ".join(words_of(text))


GOLDEN_BANDS = (1717588697, -850067834, 1715695487, 115551296)
GOLDEN_MINIMA = "ad950000000000000000000011520000"
