"""German, French and Spanish complaints get a category by phrases, and always a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.finding.evaluate import foreign_scores
from services.intake.categorise import CATEGORIES, EMOTIONS, FLAGS
from services.intake.categorise.foreign import FOREIGN_LANGUAGES, foreign_category, foreign_hits
from services.intake.categorise.phrases_de import CATEGORIES_DE, SIGNALS_DE
from services.intake.categorise.phrases_es import CATEGORIES_ES, SIGNALS_ES
from services.intake.categorise.phrases_fr import CATEGORIES_FR, SIGNALS_FR
from services.intake.categorise.reading import Reading, read
from services.intake.categorise.signals import signals_in


def look(text: str, language: str) -> tuple[Reading, list[tuple[str, str]]]:
    reading = read("", text)
    hits = foreign_hits(reading.normalised, language)
    return reading, [(hit.label, reading.text[hit.start : hit.end]) for hit in hits]


@pytest.mark.parametrize(
    ("text", "language", "category"),
    [
        ("Mir wurde der Betrag doppelt abgebucht.", "de", "billing_error"),
        ("Das Gerät hat noch Garantie.", "de", "warranty"),
        ("Mon colis n'est jamais arrivé.", "fr", "service_delivery"),
        ("L'écran est cassé.", "fr", "product_quality"),
        ("Hay un cargo que no reconozco.", "es", "unauthorised_charge"),
        ("Nadie responde a mis correos.", "es", "communication"),
    ],
)
def test_a_plain_complaint_is_sorted_by_its_phrases_and_shown_to_a_person(
    text: str, language: str, category: str
) -> None:
    reading = read("", text)
    answer = foreign_category(reading, foreign_hits(reading.normalised, language))
    assert (answer.name, answer.needs_person) == (category, True)
    assert answer.reasons
    assert all(reason in text for reason in answer.reasons)


def test_without_a_phrase_nothing_is_claimed() -> None:
    reading = read("", "Ein Satz über das Wetter.")
    answer = foreign_category(reading, foreign_hits(reading.normalised, "de"))
    assert (answer.name, answer.confidence, answer.needs_person, answer.reasons) == ("other", 0.0, True, ())


@pytest.mark.parametrize(
    ("with_accents", "without", "language"),
    [
        ("Rückerstattung fehlt", "Rueckerstattung fehlt", "de"),
        ("Rückerstattung fehlt", "Ruckerstattung fehlt", "de"),
        ("falsche Größe", "falsche Groesse", "de"),
        ("prélèvement frauduleux", "prelevement frauduleux", "fr"),
        ("garantía", "garantia", "es"),
    ],
)
def test_accents_may_be_left_out(with_accents: str, without: str, language: str) -> None:
    labels = [{label for label, _ in look(text, language)[1]} for text in (with_accents, without)]
    assert labels[0] == labels[1] != set()


def test_what_nobody_answers_is_second_to_the_matter_itself() -> None:
    reading = read("", "Mein Paket ist nicht angekommen, niemand antwortet, keine Reaktion, nur Warteschleife.")
    answer = foreign_category(reading, foreign_hits(reading.normalised, "de"))
    assert (answer.name, answer.secondary) == ("service_delivery", ("communication",))


def test_signals_are_found_with_their_places() -> None:
    _, hits = look("Das ist gefährlich, ich gehe zum Anwalt.", "de")
    assert ("safety", "gefährlich") in hits
    assert ("legal_threat", "Anwalt") in hits


@pytest.mark.parametrize(
    ("text", "language", "flags"),
    [
        ("Ich bin 81 und verstehe die Rechnung nicht.", "de", {"vulnerable"}),
        ("Seit ich arbeitslos bin, kann ich die Raten nicht mehr bezahlen.", "de", {"hardship"}),
        ("Die Heizung ist ausgefallen, kommen Sie bitte heute noch.", "de", {"urgent"}),
        ("Ich bin 81 Kilometer gefahren.", "de", set()),
        ("Es sind 81 Euro, und ich habe es heute gesehen.", "de", set()),
        ("J'ai 78 ans et je n'y comprends rien.", "fr", {"vulnerable"}),
        ("Je suis au chômage et je ne peux plus payer les mensualités.", "fr", {"hardship"}),
        ("Rappelez-moi aujourd'hui, nous sommes sans chauffage.", "fr", {"urgent"}),
        ("J'ai reçu aujourd'hui un colis vide.", "fr", set()),
        ("Tengo 82 años y vivo sin ascensor.", "es", {"vulnerable"}),
        ("Estoy en paro y no puedo pagar la cuota, ¿puedo aplazarla?", "es", {"hardship"}),
        ("Estamos sin calefacción, vengan hoy.", "es", {"urgent"}),
        ("Hoy recibí un paquete vacío de 75 euros.", "es", set()),
    ],
)
def test_age_want_and_haste_are_flags_of_their_own_in_each_language(text: str, language: str, flags: set[str]) -> None:
    reading = read("", text)
    signals = signals_in(reading, foreign_hits(reading.normalised, language), language=language)
    assert {signal.name for signal in signals[1:]} == flags


@pytest.mark.parametrize("language", ["en", "it", "und", ""])
def test_other_languages_have_no_phrases_here(language: str) -> None:
    assert foreign_hits(" garantie garantía ", language) == []


@pytest.mark.parametrize("categories", [CATEGORIES_DE, CATEGORIES_FR, CATEGORIES_ES])
def test_every_category_has_phrases_in_every_language(categories: dict[str, object]) -> None:
    assert set(categories) == set(CATEGORIES)


@pytest.mark.parametrize("signals", [SIGNALS_DE, SIGNALS_FR, SIGNALS_ES])
def test_every_signal_listed_is_one_the_product_knows(signals: dict[str, object]) -> None:
    assert set(signals) <= {*EMOTIONS, *FLAGS}


@given(st.text(), st.sampled_from(FOREIGN_LANGUAGES))
def test_any_text_is_answered_and_every_place_is_true(text: str, language: str) -> None:
    reading = read("", text)
    hits = foreign_hits(reading.normalised, language)
    answer = foreign_category(reading, hits)
    assert answer.needs_person
    assert all(0 <= hit.start < hit.end <= len(reading.text) for hit in hits)
    assert all(reason in reading.text for reason in answer.reasons)


def test_the_written_texts_are_sorted_as_the_documents_say() -> None:
    for (code, half), score in foreign_scores().items():
        assert score.precision >= 0.9, (code, half)
        assert score.recall >= 0.7, (code, half)


def test_what_speaks_for_a_category_that_is_not_in_use_counts_as_other() -> None:
    reading = read("", "Das Gerät hat noch Garantie.")
    answer = foreign_category(reading, foreign_hits(reading.normalised, "de"), within=("billing_error", "other"))
    assert (answer.name, answer.secondary, answer.needs_person) == ("other", (), True)
