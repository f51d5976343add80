"""A complaint in another language is named as such, read as far as it can be, and given to a person."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.db.engine import Database
from tests.services.intake.counter import FILED, Counter, a_counter

GERMAN = "Sie haben mir den Betrag zweimal von meinem Konto abgebucht und niemand antwortet auf meine Nachrichten."
POLISH = "Zamówiłem czajnik trzy tygodnie temu i nadal go nie otrzymałem, a nikt nie odpowiada na moje wiadomości."


@pytest.fixture
async def counter(db: Database) -> AsyncIterator[Counter]:
    async with a_counter(db) as opened:
        yield opened


async def filed(counter: Counter, **fields: Any) -> dict[str, Any]:
    """What filing answers, and what the dispute then says of itself."""
    reply = await counter.file(**fields)
    assert reply.status_code == 201, reply.text
    whole: dict[str, Any] = (await counter.client.get(reply.headers["location"])).json()
    assert whole["category"]["language"] == reply.json()["category"]["language"]
    return whole


async def test_german_is_read_by_phrases_and_a_person_decides(counter: Counter) -> None:
    told = await filed(counter, subject="Doppelte Abbuchung", description=GERMAN)
    assert (told["category"]["name"], told["category"]["language"]) == ("billing_error", "de")
    assert told["category"]["needs_person"] is True


async def test_another_language_is_named_and_a_person_decides(counter: Counter) -> None:
    told = await filed(counter, subject="Zamówienie", description=POLISH)
    assert (told["category"]["language"], told["category"]["needs_person"]) == ("pl", True)


async def test_the_customers_language_is_that_of_the_text_unless_it_is_given(counter: Counter) -> None:
    assert (await filed(counter, description=GERMAN))["customer"]["language"] == "de"
    given = await filed(counter, description=GERMAN, customer=FILED["customer"] | {"language": "fr"})
    assert (given["customer"]["language"], given["category"]["language"]) == ("fr", "de")


async def test_a_text_too_short_to_tell_is_answered_in_english(counter: Counter) -> None:
    told = await filed(counter, subject="Hm", description="ok")
    assert (told["customer"]["language"], told["category"]["language"]) == ("en", "und")
