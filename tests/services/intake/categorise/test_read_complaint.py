"""One reading of a complaint says what the two separate readings say."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.intake.categorise import Categoriser, read_complaint, read_signals
from services.intake.categorise.categories import ENGLISH
from services.intake.categorise.category_phrases import CATEGORY_PHRASES
from services.intake.categorise.languages import UNDETERMINED
from services.intake.categorise.reading import in_plain_letters, normalised, read, read_both, shape_of
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
    if category.language not in (ENGLISH, UNDETERMINED):  # other languages are not read by the model
        assert category.needs_person
        return
    assert replace(category, language=ENGLISH) == CATEGORISER.categorise(subject, description, product=product)
    assert signals == read_signals(subject, description)


def test_a_text_in_another_language_goes_to_a_person_however_sure_its_english_part_is() -> None:
    text = "Buongiorno, vorrei sapere perché la vostra ditta non risponde e quando arriva: the kettle broke and stopped working."
    alone = CATEGORISER.categorise("", text)
    category, _ = read_complaint(CATEGORISER, "", text)
    assert not alone.needs_person
    assert (category.language, category.name, category.needs_person) == ("it", alone.name, True)


def test_a_product_name_is_hidden_from_the_category_but_not_from_the_signals() -> None:
    category, signals = read_complaint(
        CATEGORISER, "", "The parcel with my Urgent Poison Remover is late.", product="Urgent Poison Remover"
    )
    assert category.name == "service_delivery"
    assert {"urgent", "safety"} <= {signal.name for signal in signals}


def test_a_text_without_the_product_name_is_searched_once() -> None:
    plain, blind = read_both("Late", "My parcel is late.", product="Extended Care Kettle")
    assert plain is blind


@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from([*TOLD, "é", "_", "½", "İ", "ß", "€", "日"]), max_size=12).map("".join)
)
def test_what_is_searched_has_one_sign_for_each_of_the_text(text: str) -> None:
    searched = normalised(text)
    assert len(searched) == len(text) + 2
    assert searched[0] == searched[-1] == " "
    for sign, letter in zip(text, searched[1:-1].replace("ς", "σ"), strict=True):
        assert letter == (
            " " if re.fullmatch(r"[\W_]", sign) else sign.lower().replace("ς", "σ") if len(sign.lower()) == 1 else sign
        )


@given(st.text(max_size=200) | st.lists(st.sampled_from([*TOLD, "1", "é", " "]), max_size=12).map("".join))
def test_words_are_counted_and_digits_noticed(text: str) -> None:
    searched = normalised(text)
    assert shape_of(searched).words == len(searched.split())
    assert shape_of(searched).digits == any("0" <= letter <= "9" for letter in searched)


def test_an_excerpt_begins_with_a_whole_word() -> None:
    reading = read("", "I can't sleep")
    start = reading.text.index("t sleep")
    assert reading.excerpt(start, len(reading.text)) == "can't sleep"
    assert reading.excerpt(0, len(reading.text)) == reading.text
    assert read("Late", "again").excerpt(0, 9) is None


@pytest.mark.parametrize("label", [*EMOTION_PHRASES, *FLAG_PHRASES])
def test_no_signal_has_the_name_of_a_category(label: str) -> None:
    assert label not in CATEGORY_PHRASES


OWN = "The parcel never came, where is my order?"
ANSWER = "> Your warranty claim was refused.\n> You were charged twice.\n"


def test_a_model_is_measured_and_taught_on_what_filing_reads_of_a_mail() -> None:
    text = f"{OWN}\n\n{ANSWER}"
    assert CATEGORISER.categorise("", text) == read_complaint(CATEGORISER, "", text)[0]


@pytest.mark.parametrize(
    "written",
    [
        "You ch\u200barged my c\u00adard twi\ufeffce",  # signs without a width
        "\uff39\uff4f\uff55 \uff43\uff48\uff41\uff52\uff47\uff45\uff44 my card \uff54\uff57\uff49\uff43\uff45",
        "You \U0001d41c\U0001d421\U0001d41a\U0001d42b\U0001d420\U0001d41e\U0001d41d my card twice",
        "You c\u0336h\u0336a\u0336r\u0336g\u0336e\u0336d\u0336 my card twice",  # struck through
    ],
)
def test_a_word_is_read_as_everybody_sees_it(written: str) -> None:
    category, _ = read_complaint(CATEGORISER, "", f"{written} for one order.")
    assert category == read_complaint(CATEGORISER, "", "You charged my card twice for one order.")[0]


def test_an_accent_written_apart_from_its_letter_belongs_to_it() -> None:
    apart = "J'ai e\u0301te\u0301 de\u0301bite\u0301 deux fois pour la me\u0302me commande."
    category, _ = read_complaint(CATEGORISER, "", apart)
    assert category == read_complaint(CATEGORISER, "", "J'ai été débité deux fois pour la même commande.")[0]
    assert category.language == "fr"


def test_letters_of_other_scripts_keep_their_accents() -> None:
    assert in_plain_letters("\u0438\u0306 \u0435\u0308 \u0456\u0308") == "\u0439 \u0451 \u0457"


@pytest.mark.parametrize("text", [f"{OWN}\n\n{ANSWER}", f"{ANSWER}\n{OWN}"])
def test_what_is_quoted_from_a_mail_says_nothing_of_the_category(text: str) -> None:
    alone, _ = read_complaint(CATEGORISER, "", OWN)
    category, _ = read_complaint(CATEGORISER, "", text)
    assert (category.name, category.confidence, category.secondary) == (alone.name, alone.confidence, alone.secondary)
    assert all(reason in OWN for reason in category.reasons)


def test_a_text_that_is_little_but_a_quotation_is_read_with_it() -> None:
    category, _ = read_complaint(CATEGORISER, "", "See below.\n> You charged my card twice for one order.")
    assert category.name == "billing_error"


def test_beside_a_quotation_every_place_stays_true() -> None:
    text = f"> The charger caught fire.\n> Café, naïve.\nYou charged my card twice, I am FURIOUS. {OWN}"
    category, signals = read_complaint(CATEGORISER, "", text)
    assert category.reasons
    assert all(reason in text and "charger" not in reason for reason in category.reasons)
    assert ("angry", "FURIOUS") in {(signal.name, signal.evidence) for signal in signals}
