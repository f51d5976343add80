"""The language of a complaint is named, or left open."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.finding.evaluate import complaints_by_language, language_scores
from services.intake.categorise.language_words import WORDS
from services.intake.categorise.languages import UNDETERMINED, language_of
from services.intake.categorise.reading import normalised

SAID = {
    "en": "My parcel never arrived and nobody answers.",
    "de": "Mein Paket ist nie angekommen und niemand antwortet.",
    "fr": "Mon colis n'est jamais arrivé et personne ne répond.",
    "es": "Mi paquete nunca llegó y nadie contesta.",
    "it": "Il mio pacco non è mai arrivato e nessuno risponde.",
    "nl": "Mijn pakket is nooit aangekomen en niemand antwoordt.",
    "pt": "A minha encomenda nunca chegou e ninguém responde.",
    "pl": "Moja paczka nigdy nie dotarła i nikt nie odpowiada.",
    "ru": "Моя посылка так и не пришла, и никто не отвечает.",
    "uk": "Моя посилка так і не прийшла, і ніхто не відповідає.",
    "el": "Το δέμα μου δεν έφτασε ποτέ και κανείς δεν απαντά.",
    "ja": "荷物がまだ届いていません。",
    "zh": "我的包裹一直没有收到。",
    "ko": "택배가 아직 도착하지 않았습니다.",
    "ar": "لم تصل طلبيتي حتى الآن.",
    "he": "החבילה שלי לא הגיעה.",
    "th": "พัสดุของฉันยังไม่มาถึง",
    "hi": "मेरा पार्सल अभी तक नहीं आया।",
}


@pytest.mark.parametrize("code", SAID)
def test_a_plain_sentence_tells_its_language(code: str) -> None:
    assert language_of(normalised(SAID[code])).code == code


@pytest.mark.parametrize(
    "text", ["", " ", "ok", "???", "12345 678", "XXXX XXXX", "Nokia 3310", "https://example.org/a/b"]
)
def test_too_little_to_tell_is_left_open(text: str) -> None:
    language = language_of(normalised(text))
    assert (language.code, language.certainty) == (UNDETERMINED, 0.0)


@pytest.mark.parametrize(("one", "other"), [("en", "de"), ("fr", "es"), ("de", "fr"), ("nl", "en")])
def test_a_text_in_two_languages_is_left_open(one: str, other: str) -> None:
    assert language_of(normalised(f"{SAID[one]} {SAID[other]}")).code == UNDETERMINED


def test_capitals_and_missing_accents_change_nothing_for_a_sentence_of_some_length() -> None:
    assert language_of(normalised(SAID["de"].upper())).code == "de"
    assert language_of(normalised("Ma commande n est jamais arrivee et personne ne repond a mes mails")).code == "fr"


@given(st.text())
def test_any_text_is_answered_with_a_known_code(text: str) -> None:
    for each in (text, normalised(text)):
        language = language_of(each)
        assert language.code in {*WORDS, "ja", "zh", "ko", "ar", "fa", "ur", "he", "hi", "th", UNDETERMINED}
        assert 0.0 <= language.certainty <= 1.0
        assert (language.certainty > 0) == (language.code != UNDETERMINED)


@pytest.mark.parametrize("unit", ["a ", "the die le ", "é", "字", "ب", "\u200b", "x"])
def test_a_megabyte_takes_no_longer_than_a_page(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    language_of(text[:2_000])
    start = time.process_time()
    language_of(text)
    assert time.process_time() - start < 0.05


def test_the_written_texts_are_told_as_the_documents_say() -> None:
    texts = complaints_by_language("languages.toml", "foreign.toml")
    assert all(len(texts[code]) >= 20 for code in ("en", "de", "fr", "es", "it", "nl", "pt", "pl"))
    scores = language_scores("languages.toml", "foreign.toml", "languages_later.toml")
    for code in ("en", "de", "fr", "es", "it", "nl", "pt", "pl"):
        assert scores[code].precision >= 0.95, code
        assert scores[code].recall >= 0.85, code
    assert sum(score.wrong for score in scores.values()) <= 5
