"""What a complaint is about: the answer, its confidence, its reasons."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.categorise import CATEGORIES, FINANCIAL_CATEGORIES, Categorisation, Categoriser
from services.intake.categorise.lexicon import shipped_lexicon
from services.intake.categorise.reading import TEXT_LIMIT_CHARACTERS, in_plain_letters, normalised, read

CATEGORISER = Categoriser.load()

TOLD = [
    ("Charged twice", "You charged my card twice for one order and nobody answers my mails.", "billing_error"),
    ("", "The electricity bill for June is wrong, it has a late fee although I paid on time.", "billing_error"),
    ("Overcharged", "I was quoted 40 and the invoice says 65.", "billing_error"),
    ("", "I don't recognise this payment on my card, it was not me.", "unauthorised_charge"),
    ("Fraud", "Someone used my card without my permission to order from your shop.", "unauthorised_charge"),
    ("", "My account was hacked and a stranger ordered a camera.", "unauthorised_charge"),
    ("Parcel late", "My parcel has not arrived, the tracking has been stuck for a week.", "service_delivery"),
    ("", "The technician never came for the appointment and the internet is still down.", "service_delivery"),
    ("Wrong item", "You delivered the wrong size and one item is missing from the box.", "service_delivery"),
    ("", "Nobody answers my emails and on the phone the agent hung up on me.", "communication"),
    ("Rude", "Your shop assistant was rude and dismissive to my mother.", "communication"),
    ("", "I was promised a call back three times and never heard from anyone.", "communication"),
    ("Kettle broke", "The kettle stopped working after two weeks.", "product_quality"),
    ("", "The washing machine leaks and makes a burning smell.", "product_quality"),
    ("", "The zip of the jacket broke on the first day, very poor quality.", "product_quality"),
    ("Warranty refused", "It is under guarantee until May and you refuse to repair it.", "warranty"),
    ("", "I want to return the shoes and exchange them, you rejected the return.", "warranty"),
    ("", "My warranty claim for the fridge was denied.", "warranty"),
    ("", "Are you open on Sunday and do you ship to Malta?", "other"),
    ("", "I lost my job and cannot afford the payments, is there a hardship plan?", "other"),
    ("", "Please delete my account and tell me what personal data you hold.", "other"),
]


@pytest.mark.parametrize(("subject", "description", "category"), TOLD)
def test_a_plain_complaint_is_filed_where_a_person_would_file_it(subject: str, description: str, category: str) -> None:
    assert CATEGORISER.categorise(subject, description).name == category


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My parcel never arrived and nobody answers my mails.", "service_delivery"),
        ("I was charged twice and support ignores me.", "billing_error"),
        ("You refuse my warranty claim and the agent was rude.", "warranty"),
        ("Where is my parcel? I wrote five times, no reply.", "service_delivery"),
    ],
)
def test_silence_comes_second_to_what_it_is_about(text: str, name: str) -> None:
    answer = CATEGORISER.categorise("", text)
    assert (answer.name, answer.secondary) == (name, ("communication",))


@pytest.mark.parametrize(
    "text", ["My parcel never arrived.", "It has not turned up yet.", "The sofa was never delivered."]
)
def test_what_never_came_is_noticed_as_a_phrase(text: str) -> None:
    hits = shipped_lexicon().find(normalised(text))
    assert "service_delivery" in {hit.label for hit in hits}


def test_a_complaint_with_two_matters_names_the_second_as_secondary() -> None:
    answer = CATEGORISER.categorise(
        "Charged twice", "You charged my card twice for one order and nobody answers my mails."
    )
    assert answer.name == "billing_error"
    assert "communication" in answer.secondary
    assert "charged my card twice" in answer.reasons


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\0",
        "?!",
        "12345",
        "日本語のテストです",
        "Жалоба на товар",
        "🙂🙂🙂",
        "qwx zzkp vrrt",
        "la borsa è rotta ieri sera",
    ],
)
def test_a_text_it_cannot_read_goes_to_a_person(text: str) -> None:
    answer = CATEGORISER.categorise("", text)
    assert answer.needs_person


@pytest.mark.parametrize("text", ["", "?!", "日本語のテストです"])
def test_without_a_known_word_nothing_is_claimed(text: str) -> None:
    answer = CATEGORISER.categorise("", text)
    assert (answer.confidence, answer.reasons, answer.secondary) == (0.0, (), ())


@pytest.mark.parametrize(
    "text", ["The kettle broke after two days.", "My parcel is late.", "You refused my warranty claim."]
)
def test_a_plain_shop_complaint_needs_nobody_to_sort_it(text: str) -> None:
    assert not CATEGORISER.categorise("", text).needs_person


def test_the_answer_is_a_frozen_value() -> None:
    answer = CATEGORISER.categorise("", "The kettle broke.")
    with pytest.raises(AttributeError):
        answer.name = "other"  # type: ignore[misc]  # the point of the test


@given(subject=st.text(max_size=60), description=st.text(max_size=600), product=st.none() | st.text(max_size=30))
def test_any_text_gets_a_well_formed_answer(subject: str, description: str, product: str | None) -> None:
    _check(CATEGORISER.categorise(subject, description, product=product), subject, description)


@given(
    words=st.lists(
        st.sampled_from(
            [
                "my",
                "İstanbul",
                "card",
                "was",
                "charged",
                "twice",
                "Warranty",
                "REFUSED",
                "don't",
                "didn’t",
                "return",
                "it,",
                "broke!",
                "nobody",
                "answers",
                ".",
                "\n",
            ]
        ),
        max_size=40,
    ),
    cut=st.integers(0, 40),
)
def test_reasons_are_the_customers_own_words(words: list[str], cut: int) -> None:
    subject, description = " ".join(words[:cut]), " ".join(words[cut:])
    _check(CATEGORISER.categorise(subject, description), subject, description)


def _check(answer: Categorisation, subject: str, description: str) -> None:
    assert answer.name in CATEGORIES
    assert 0.0 <= answer.confidence <= 1.0
    assert len(answer.reasons) <= 8
    assert len(set(answer.reasons)) == len(answer.reasons)
    seen = in_plain_letters(subject), in_plain_letters(description)
    assert all(reason and any(reason in text for text in seen) for reason in answer.reasons)
    assert set(answer.secondary) <= set(CATEGORIES) - {answer.name, "other"}


def test_what_lies_beyond_the_limit_is_not_read() -> None:
    filler = "word " * (TEXT_LIMIT_CHARACTERS // 5)
    assert CATEGORISER.categorise("", filler) == CATEGORISER.categorise(
        "", filler + "charged twice fraud warranty " * 9000
    )
    assert len(read("x" * 50_000, "y" * 50_000).text) == TEXT_LIMIT_CHARACTERS


def test_the_words_of_a_product_name_are_no_evidence() -> None:
    text = "About my Warranty Fraud Detector: the parcel is late."
    blind = CATEGORISER.categorise("", text, product="Warranty Fraud Detector")
    assert blind.name == "service_delivery"
    assert not any("Fraud" in reason or "Warranty" in reason for reason in blind.reasons)


def test_a_product_name_that_sounds_like_a_matter_leads_to_no_category() -> None:
    text = "Is the Warranty Refund Guard for sale in Malta?"
    assert CATEGORISER.categorise("", text).name == "warranty"
    assert CATEGORISER.categorise("", text, product="Warranty Refund Guard").name == "other"


def test_the_financial_pack_has_two_more_categories() -> None:
    text = "A debt collector keeps calling me about a debt I do not owe, please send validation of the debt."
    financial = Categoriser(CATEGORISER.model, financial=True)
    assert financial.categorise("", text).name == "debt_collection"
    assert CATEGORISER.categorise("", text).name in CATEGORIES
    assert set(FINANCIAL_CATEGORIES) - set(CATEGORIES) == {"data_records", "debt_collection"}


def test_the_same_text_always_gets_the_same_answer() -> None:
    """A new process hashes strings differently; the answer must not notice."""
    program = (
        "from services.intake.categorise import Categoriser\n"
        "print(Categoriser.load().categorise('Late', 'My parcel never came, nobody answers, I want my money back.'))"
    )
    root = Path(__file__).parents[4]
    answers = {
        subprocess.run(
            [sys.executable, "-c", program], cwd=root, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(answers) == 1


def test_no_training_library_is_needed_to_answer() -> None:
    program = (
        "import sys\n"
        "from services.intake.categorise import Categoriser, read_signals\n"
        "Categoriser.load().categorise('', 'The kettle broke.'); read_signals('', 'It broke!!')\n"
        "print(sorted({'numpy', 'scipy', 'sklearn', 'torch', 'pandas'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[4]
    printed = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, check=True, text=True)
    assert printed.stdout.strip() == "[]"
