"""One reading of a complaint says what the two separate readings say."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.categorise import Categoriser, read_complaint, read_signals
from services.intake.categorise.category_phrases import CATEGORY_PHRASES
from services.intake.categorise.reading import read, read_both
from services.intake.categorise.signal_phrases import EMOTION_PHRASES, FLAG_PHRASES

CATEGORISER = Categoriser.load()
PRODUCTS = ["Kettle", "Warranty Fraud Detector", "Urgent Fire Alarm"]
TOLD = ["My Warranty Fraud Detector", "never arrived,", "I am FURIOUS!!", "URGENT FIRE ALARM", "don’t", "refund…", "\n"]


@given(
    subject=st.text(max_size=40) | st.sampled_from(TOLD),
    description=st.text(max_size=300) | st.lists(st.sampled_from(TOLD), max_size=12).map(" ".join),
    product=st.none() | st.text(max_size=30) | st.sampled_from(PRODUCTS),
)
def test_category_and_signals_are_those_of_separate_readings(
    subject: str, description: str, product: str | None
) -> None:
    category, signals = read_complaint(CATEGORISER, subject, description, product=product)
    assert category == CATEGORISER.categorise(subject, description, product=product)
    assert signals == read_signals(subject, description)


def test_a_product_name_is_hidden_from_the_category_but_not_from_the_signals() -> None:
    category, signals = read_complaint(
        CATEGORISER, "", "The parcel with my Urgent Fire Alarm is late.", product="Urgent Fire Alarm"
    )
    assert category.name == "service_delivery"
    assert {"urgent", "safety"} <= {signal.name for signal in signals}


def test_a_text_without_the_product_name_is_cut_into_words_once() -> None:
    plain, blind = read_both("Late", "My parcel is late.", product="Extended Care Kettle")
    assert plain is blind


@given(st.text(max_size=200) | st.lists(st.sampled_from([*TOLD, "é", "_", "½", " "]), max_size=12).map("".join))
def test_words_are_runs_of_letters_digits_and_underscores_whatever_the_alphabet(text: str) -> None:
    reading = read("", text)
    spelt = [reading.excerpt(at, at + 1) for at in range(2, len(reading.words)) if reading.words[at]]
    own = [at for at in range(2, len(reading.words)) if reading.words[at] and reading.separator(at) not in "'’"]
    assert [re.sub(r".*['’]", "", word or "", flags=re.DOTALL) for word in spelt] == re.findall(r"\w+", text)
    assert all((reading.excerpt(at, at + 1) or "").lower() == reading.words[at] for at in own if text.isascii())


@pytest.mark.parametrize("label", [*EMOTION_PHRASES, *FLAG_PHRASES])
def test_no_signal_has_the_name_of_a_category(label: str) -> None:
    assert label not in CATEGORY_PHRASES
