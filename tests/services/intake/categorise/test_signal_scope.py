"""Whose words they are and whether they are meant: negations, quotations, what others said, and what only sounds alike."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.categorise import FLAGS, read_signals
from services.intake.categorise import reading as reading_module


def names(text: str) -> set[str]:
    return {signal.name for signal in read_signals("", text)}


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("I am not going to sue, I want my money back.", "legal_threat"),
        ("I have no intention of taking legal action.", "legal_threat"),
        ("I am not going to sue, but I will leave a review.", "legal_threat"),
        ("I won't go to the ombudsman, but I would like an apology.", "regulator"),
        ("A lawyer is not needed here.", "legal_threat"),
        ("Nobody has talked about lawyers so far.", "legal_threat"),
        ("There was never any danger, only noise.", "safety"),
        ("This isn't urgent.", "urgent"),
        ("I won't go to the ombudsman for that.", "regulator"),
        ("I have not contacted you before.", "repeat_contact"),
    ],
)
def test_what_is_negated_raises_no_flag(text: str, flag: str) -> None:
    assert flag not in names(text)


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("Not only will I cancel, I will also sue you.", "legal_threat"),
        ("I won't hesitate to take you to court.", "legal_threat"),
        ("I have no choice but to call a lawyer.", "legal_threat"),
        ("I don't want to have to involve my solicitor.", "legal_threat"),
        ("If you do not refund me I will sue you.", "legal_threat"),
        ("If you do not answer, I will go to the ombudsman.", "regulator"),
        ("I wasn't going to sue you, but now I will.", "legal_threat"),
        ("I don't want to call a lawyer, but I will if I must.", "legal_threat"),
        ("I did not want to go to court, but now I will have to.", "legal_threat"),
        ("I was not going to call a lawyer, but after this I will find one.", "legal_threat"),
        ("Do you think I should sue?", "legal_threat"),
        ("If it is not repaired by tomorrow I shall move out.", "urgent"),
        ("I am no expert. It is dangerous.", "safety"),
    ],
)
def test_a_negation_of_something_else_silences_nothing(text: str, flag: str) -> None:
    assert flag in names(text)


@pytest.mark.parametrize(
    "text",
    [
        'The driver said "I\'ll sue you" when I asked for his name.',
        "The driver said \u201cI will sue you\u201d and left.",
        "Your letter reads: 'we will take you to court'. I paid on the 3rd.",
        "You wrote:\n> You may go to the ombudsman or to a court.\nPlease send the credit.",
        "The agency threatens to sue me.",
        "Your agent said he would call a journalist.",
    ],
)
def test_what_others_said_or_wrote_is_no_threat_of_the_customers(text: str) -> None:
    assert names(text).isdisjoint({"legal_threat", "regulator", "media"})


def test_the_customers_own_words_count_in_quotation_marks_too() -> None:
    assert "legal_threat" in names('I told him "I will sue you" and I meant it.')


def test_an_insult_counts_although_it_is_quoted() -> None:
    assert "discrimination" in names('The guard said "go back where you came from".')


def test_a_danger_counts_whoever_names_it() -> None:
    assert "safety" in names("Your engineer said that the boiler is dangerous.")


def test_two_apostrophes_close_a_quotation_too() -> None:
    assert "legal_threat" in names("They marked it \" verified '' and so I will sue you, whatever \" closed '' means.")


def test_the_size_of_a_screen_opens_no_quotation() -> None:
    assert "safety" in names('The 27" screen caught fire next to the 30" one.')


@pytest.mark.parametrize(
    "text",
    [
        "Your driver was angry.",
        "He said that he is furious.",
        "I was furious at first, but it was sorted out in a minute.",
        "No worries, take your time.",
        "My daughter cried with joy.",
    ],
)
def test_a_feeling_of_somebody_else_or_one_that_is_over_is_not_the_customers(text: str) -> None:
    assert read_signals("", text)[0].name == "calm"


@pytest.mark.parametrize(
    "text",
    [
        "The fire stick stopped playing films.",
        "Your legal department answered kindly.",
        "The regulator valve does not fit.",
        "The pressure regulator of the stove leaks.",
        "I work as a solicitor and bought the blue kettle.",
        "I saw your advert on Facebook and bought the lamp.",
        "Press the button twice.",
        "The court shoes have a loose heel.",
        "You disabled my account.",
        "I am dying to try it.",
        "The emergency exit sign is unlit.",
        "The price blew up in price at the checkout.",
    ],
)
def test_wordings_that_only_sound_like_a_sign_raise_none(text: str) -> None:
    assert names(text).isdisjoint(FLAGS)


def test_financial_hardship_is_told_from_vulnerability_and_lack_of_food_is_both() -> None:
    assert names("I lost my job and can't afford the premium.") & {"vulnerable", "hardship"} == {"hardship"}
    assert names("I am registered blind.") & {"vulnerable", "hardship"} == {"vulnerable"}
    assert {"vulnerable", "hardship"} <= names("We cannot afford food this week.")


def test_initials_are_not_shouted() -> None:
    assert read_signals("", "I sent the form to EOS CCA LLC on Monday.")[0].name == "calm"


@pytest.mark.parametrize("text", ["", " ", "\n\n", "...", "\u200b"])
def test_an_empty_text_shows_nothing(text: str) -> None:
    (only,) = read_signals(text, text)
    assert only.name == "calm"


def test_evidence_is_in_the_customers_own_spelling_and_short() -> None:
    found = {signal.name: signal.evidence for signal in read_signals("", "I WILL Sue You. It CAUGHT   fire, ASAP!")}
    assert found["legal_threat"] in {"WILL Sue", "Sue You"}
    assert all(len(evidence) <= 80 for evidence in found.values())


NEUTRAL = (
    "The invoice has the number 4711.",
    "I bought it in May.",
    "The colour is green.",
    "Kind regards.",
    "Please find the photograph attached.",
)
TELLING = (
    "I will sue you.",
    "The charger caught fire.",
    "I am registered blind.",
    "I lost my job.",
    "I have written to the ombudsman.",
    "I will post this on Facebook.",
    "Please answer today, we fly tomorrow.",
    "This is my third email.",
    "I was refused because I am black.",
    "I am furious.",
)


@given(
    told=st.lists(st.sampled_from(TELLING), min_size=1, max_size=4),
    neutral=st.sampled_from(NEUTRAL),
    at=st.integers(min_value=0, max_value=4),
)
def test_a_neutral_sentence_more_never_removes_a_flag(told: list[str], neutral: str, at: int) -> None:
    before = names(" ".join(told))
    assert before <= names(" ".join([*told[:at], neutral, *told[at:]]))


@pytest.mark.parametrize(
    "unit",
    [
        "he said 'not fire 'sue you \" ",
        '"I will sue" fire stick fire ',
        "\n> not the ombudsman",
        " 'a b'c'd'e ",
        "not a lawyer no fire ",
        "your agent was angry he says furious ",
    ],
)
def test_time_grows_no_faster_than_the_text(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the limit on what is read lifted; twice the work for each doubling would be 8 times, its square 64."""
    monkeypatch.setattr(reading_module, "TEXT_LIMIT_CHARACTERS", 10**9)
    short = unit * (20_000 // len(unit))
    assert _seconds(short * 8) <= 32 * _seconds(short) + 0.02


def _seconds(text: str) -> float:
    """The processor time of the best of three readings: what others do on the machine is not counted."""
    taken = []
    for _ in range(3):
        begun = time.process_time()
        read_signals("", text)
        taken.append(time.process_time() - begun)
    return min(taken)


def test_thanks_are_no_reproach_however_loud() -> None:
    assert read_signals("", "The fridge is lovely, thank you!!")[0].name == "calm"
    assert read_signals("", "Where is my fridge!!")[0].name == "frustrated"


@pytest.mark.parametrize(
    "text",
    ["This is the third time I am contacting you about this.", "I already spoke with Xenia, who promised a credit."],
)
def test_who_writes_again_is_known_to_do_so(text: str) -> None:
    assert "repeat_contact" in names(text)
