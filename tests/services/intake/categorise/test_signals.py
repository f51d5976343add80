"""What a text shows of the customer's state and of special risks, in the customer's words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.categorise import EMOTIONS, FLAGS, read_signals
from services.intake.categorise.reading import in_plain_letters

EMOTION_TABLE = [
    ("Could you tell me when the invoice will be sent?", "calm"),
    ("The parcel has not arrived yet. Kind regards.", "calm"),
    ("I'm not angry, I only want to know what happened.", "calm"),
    ("I am worried that the next payment will be taken too.", "worried"),
    ("My mother is afraid to use the blanket now.", "worried"),
    ("I'm really concerned about who has my details.", "worried"),
    ("This is ridiculous, how many times must I explain it?", "frustrated"),
    ("Very disappointed, I am fed up with waiting.", "frustrated"),
    ("Where is my order???", "frustrated"),
    ("I am furious. You are thieves.", "angry"),
    ("Absolutely disgusted by the way you treat people.", "angry"),
    ("It is a farce and NOBODY EVER LISTENS to me", "angry"),
    ("This is unacceptable!!!", "angry"),
    ("I can't sleep any more because of this.", "distressed"),
    ("I am desperate and don't know what to do.", "distressed"),
    ("I was in tears after the call, please help me.", "distressed"),
    ("I am angry and at my wits' end, I cannot cope.", "distressed"),
    ("I'm not happy with that.", "frustrated"),
    ("Not very impressed.", "frustrated"),
    ("I felt humiliated in front of everybody.", "frustrated"),
    ("Slow clap.", "frustrated"),
    ("Congratulations on losing my parcel once more.", "frustrated"),
    ("Oh great, the other half has come off too.", "frustrated"),
    ("Are you kidding me?", "frustrated"),
    ("Congratulations on the award!", "calm"),
    ("If you are not satisfied you get your money back, the advert says.", "calm"),
    ("The contractor had not satisfied the terms.", "calm"),
    ("I am seriously considering the larger one.", "calm"),
    ("You are a bunch of cowboys.", "angry"),
]

FLAG_TABLE = [
    ("I am 84 years old and live alone.", "vulnerable"),
    ("My husband has just died and I have to sort this out.", "vulnerable"),
    ("I use a wheelchair and could not get in.", "vulnerable"),
    ("She is having chemotherapy.", "vulnerable"),
    ("We can't afford food this week because you took it twice.", "vulnerable"),
    ("You will hear from my solicitor.", "legal_threat"),
    ("I will take you to court if need be.", "legal_threat"),
    ("My next step is a small claims case.", "legal_threat"),
    ("The charger caught fire in the night.", "safety"),
    ("I got an electric shock from the tap.", "safety"),
    ("My son was injured when the swing came down.", "safety"),
    ("There was a smell of gas in the kitchen after your visit.", "safety"),
    ("I will post this on Facebook for all to see.", "media"),
    ("A journalist is already interested in my story.", "media"),
    ("I'm going to leave a bad review everywhere.", "media"),
    ("My next letter goes to the ombudsman.", "regulator"),
    ("I have reported you to trading standards.", "regulator"),
    ("The attorney general will get a copy.", "regulator"),
    ("Your doorman sent us away because of our skin colour.", "discrimination"),
    ("I was treated worse because I am deaf.", "discrimination"),
    ("A racist remark was made at the counter.", "discrimination"),
    ("Please answer today, we fly tomorrow.", "urgent"),
    ("It's urgent.", "urgent"),
    ("We have no heating and a baby in the house.", "urgent"),
    ("This is my third email about it.", "repeat_contact"),
    ("I have called several times.", "repeat_contact"),
    ("I already wrote to you in May.", "repeat_contact"),
    ("My daughter has asthma.", "vulnerable"),
    ("Our youngest is asthmatic.", "vulnerable"),
    ("We are skipping meals.", "vulnerable"),
    ("We are skipping meals.", "hardship"),
    ("My account is overdrawn now.", "hardship"),
    ("My son is covered in bites from the bed.", "safety"),
    ("My daughter swallowed a magnet.", "safety"),
    ("There was mould in the baby formula.", "safety"),
    ("The plug has turned brown.", "safety"),
    ("The fire service had to come.", "safety"),
    ("I was shocked by the toaster.", "safety"),
    ("The chicken was pink inside and all of us were ill the next day.", "safety"),
    ("I was sick after eating your soup.", "safety"),
    ("The handle came off with boiling water in the pot.", "safety"),
    ("Why was my white flatmate asked for no deposit?", "discrimination"),
    ("They refused to serve black customers.", "discrimination"),
    ("Please come today.", "urgent"),
    ("I have sent the certificate three times.", "repeat_contact"),
    ("I told your shop and they laughed.", "repeat_contact"),
    ("I have cancelled by phone and by post.", "repeat_contact"),
]

NOTHING_SPECIAL = [
    "The kettle stopped working after two weeks.",
    "Nobody was hurt and it is not dangerous.",
    "My parcel went to the tennis court next door.",
    "The app crashes when I open it.",
    "I saw your offer on Facebook and ordered the lamp.",
    "Press the button and nothing happens.",
    "I do not need a lawyer.",
    "The invoice is for the wrong amount.",
    "I would like to exchange the coat for a larger one.",
    "I bought it in 2024 and paid 84 euros.",
    "He shocked me with his rudeness, and I was shocked by the bill.",
    "They refused to exchange the black shoes.",
    "The screen turned black.",
    "The police told me to keep the receipt.",
    "I reported it to the police.",
    "You closed my account and kept the money.",
    "A reminder came yesterday for a bill that is paid.",
    "Their insurer keeps writing to me.",
    "Please find the photo I took today.",
    "The plug is black and I ordered white.",
]


@pytest.mark.parametrize(("text", "emotion"), EMOTION_TABLE)
def test_the_emotion_is_read_from_the_words(text: str, emotion: str) -> None:
    assert read_signals("", text)[0].name == emotion


@pytest.mark.parametrize(("text", "flag"), FLAG_TABLE)
def test_a_risk_is_flagged_with_the_words_that_show_it(text: str, flag: str) -> None:
    found = {signal.name: signal.evidence for signal in read_signals("", text)}
    assert flag in found
    assert found[flag] in text


@pytest.mark.parametrize("text", NOTHING_SPECIAL)
def test_an_ordinary_text_raises_no_flag(text: str) -> None:
    assert [signal for signal in read_signals("", text) if signal.name in FLAGS] == []


def test_a_negation_in_the_sentence_before_does_not_silence_a_warning() -> None:
    assert "safety" in {signal.name for signal in read_signals("", "I am not stupid. Dangerous things must go.")}


def test_a_whole_text_in_capitals_is_a_habit_and_masks_are_not_shouting() -> None:
    assert read_signals("", "THE CAR WAS BROUGHT TO THE DEALER AND RETURNED")[0].name == "calm"
    assert read_signals("", "I wrote to XXXX XXXX XXXX on Monday about the order")[0].name == "calm"


def test_the_subject_is_read_too() -> None:
    assert "urgent" in {signal.name for signal in read_signals("URGENT", "The lift is stuck.")}


@given(subject=st.text(max_size=60), description=st.text(max_size=600))
def test_any_text_shows_exactly_one_emotion_and_each_flag_at_most_once(subject: str, description: str) -> None:
    signals = read_signals(subject, description)
    names = [signal.name for signal in signals]
    assert names[0] in EMOTIONS
    assert len(set(names)) == len(names)
    assert set(names[1:]) <= set(FLAGS)
    seen = in_plain_letters(subject), in_plain_letters(description)
    assert all(any(signal.evidence in text for text in seen) for signal in signals)
    assert all(len(signal.evidence) <= 80 for signal in signals)
