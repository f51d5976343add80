"""In German, French and Spanish too: what is negated, and what only sounds like a sign, raises no flag."""

import pytest

from services.intake.categorise import Categoriser, read_complaint

CATEGORISER = Categoriser.load()


def flags(text: str, language: str) -> set[str]:
    category, signals = read_complaint(CATEGORISER, "", text)
    assert category.language == language
    return {signal.name for signal in signals[1:]}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ich will keinen Anwalt einschalten, ich möchte nur mein Geld.", "de"),
        ("Ich gehe nicht zum Anwalt, ich warte auf Ihre Antwort.", "de"),
        ("Das Gerät ist nicht gefährlich, es ist nur sehr laut.", "de"),
        ("Wir kommen ohne Anwalt aus, denke ich, wenn Sie zahlen.", "de"),
        ("Je ne veux pas prendre d'avocat, je veux une réponse.", "fr"),
        ("L'appareil n'est pas dangereux, il est seulement bruyant.", "fr"),
        ("On peut régler cela sans avocat, je pense que vous le savez.", "fr"),
        ("No quiero llamar a un abogado, solo quiero mi dinero.", "es"),
        ("El aparato no es peligroso, solo hace mucho ruido.", "es"),
        ("Podemos arreglarlo sin abogados, solo quiero mi dinero.", "es"),
    ],
)
def test_what_is_negated_raises_no_flag(text: str, language: str) -> None:
    assert flags(text, language).isdisjoint({"legal_threat", "safety"})


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Wenn Sie nicht zahlen, gehe ich zum Anwalt.", "de"),
        ("Ich bin nicht zufrieden und gehe jetzt zum Anwalt.", "de"),
        ("Keine Antwort, kein Geld: mein Anwalt meldet sich bei Ihnen.", "de"),
        ("Dann sehen wir uns eben vor Gericht, das ist mir jetzt egal.", "de"),
        ("Ich erstatte Anzeige bei der Polizei, wenn das so weitergeht.", "de"),
        ("Vous ne répondez pas, mon avocat vous écrira donc.", "fr"),
        ("Je ne suis pas content et je vais saisir mon avocat.", "fr"),
        ("No contestan mis correos y demandaré a la tienda.", "es"),
        ("Como no me devuelven el dinero, pondré una denuncia.", "es"),
    ],
)
def test_a_negation_of_something_else_silences_nothing(text: str, language: str) -> None:
    assert "legal_threat" in flags(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Das Gericht war kalt und die Suppe auch, wir haben eine Stunde gewartet.", "de"),
        ("Die Anzeige auf dem Display zeigt nichts mehr an.", "de"),
        ("La factura de la luz no es correcta, mi consumo es mucho menor.", "es"),
    ],
)
def test_a_dish_a_display_and_a_consumption_are_no_threat(text: str, language: str) -> None:
    assert flags(text, language).isdisjoint({"legal_threat", "regulator"})


def test_who_turns_to_the_office_for_consumers_is_noticed() -> None:
    text = "Voy a reclamar en la oficina municipal de consumo si no me devuelven el dinero."
    assert "regulator" in flags(text, "es")


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("Die Milch war schon vor dem Datum sauer und der Joghurt auch.", "calm"),
        ("Es tut mir leid, aber die Rechnung stimmt nicht mit dem Angebot überein.", "calm"),
        ("Ich bin wirklich sauer, weil das Paket nicht gekommen ist.", "angry"),
        ("Ich bin es leid, auf meine Lieferung zu warten.", "frustrated"),
    ],
)
def test_sour_milk_is_no_anger_and_an_excuse_no_reproach(text: str, emotion: str) -> None:
    _, (first, *_) = read_complaint(CATEGORISER, "", text)
    assert first.name == emotion


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Die Bewertung der Kunden war gut, darum habe ich bestellt, und jetzt ist es kaputt.", "de"),
        ("Meine Zeitung wird seit Wochen nicht geliefert, und niemand antwortet.", "de"),
        ("Ich habe die Frist von 14 Tagen eingehalten und den Artikel zurückgeschickt.", "de"),
        ("Le journal n'est pas livré le dimanche, et je vous demande de répondre rapidement.", "fr"),
        ("J'ai acheté la presse à ail chez vous et elle est déjà cassée.", "fr"),
        ("La plainte que je vous ai envoyée est restée sans réponse.", "fr"),
        ("La prensa de ajo se rompió el primer día, contesten cuanto antes.", "es"),
        ("Mi periódico no ha llegado desde hace tres semanas.", "es"),
        ("Estoy suscrito a su periódico y no ha llegado desde hace tres semanas.", "es"),
        ("Je suis abonnée à votre journal et il n'est pas arrivé.", "fr"),
        ("Ich habe in der Presse von Ihnen gelesen und darum bestellt.", "de"),
    ],
)
def test_a_newspaper_a_review_read_and_a_wish_for_speed_are_no_sign(text: str, language: str) -> None:
    assert flags(text, language).isdisjoint({"media", "urgent", "legal_threat"})


@pytest.mark.parametrize(
    ("text", "language", "flag"),
    [
        ("Ich werde eine schlechte Bewertung schreiben, das ist mir zu viel.", "de", "media"),
        ("Ich wende mich mit dieser Sache an die Presse.", "de", "media"),
        ("Ich setze Ihnen eine letzte Frist, dann ist es vorbei.", "de", "urgent"),
        ("Je vais contacter la presse et les journaux de la région.", "fr", "media"),
        ("Je vais porter plainte contre votre magasin.", "fr", "legal_threat"),
        ("Voy a contarlo a la prensa y a todos mis amigos.", "es", "media"),
    ],
)
def test_what_is_announced_in_another_language_is_noticed(text: str, language: str, flag: str) -> None:
    assert flag in flags(text, language)
