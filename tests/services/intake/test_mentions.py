"""What a text mentions is offered with its place, told apart from what the dispute says already, and never taken over."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.db.engine import Database
from tests.services.intake.counter import Counter, a_counter

TEXT = (
    "You took €49.90 for order SO-7781 on 3 May 2026, and another 12.50 EUR. "
    "My card 4111 1111 1111 1111 was charged for the kettle twice."
)


@pytest.fixture
async def counter(db: Database) -> AsyncIterator[Counter]:
    async with a_counter(db) as opened:
        yield opened


async def mentioned(counter: Counter, **fields: Any) -> list[dict[str, Any]]:
    path = (await counter.file(**fields)).headers["location"]
    reply = await counter.client.get(f"{path}/mentions")
    assert reply.status_code == 200, reply.text
    items: list[dict[str, Any]] = reply.json()["items"]
    return items


async def test_amounts_dates_and_references_are_offered_with_their_places(counter: Counter) -> None:
    items = await mentioned(counter, subject="Overcharged", description=TEXT)
    for item in items:
        assert item["part"] == "description"
        if item["kind"] != "card":
            assert TEXT[item["start"] : item["end"]] == item["said"]
    told = {(item["kind"], item["value"]) for item in items}
    assert {("amount", "49.90"), ("amount", "12.50"), ("date", "2026-05-03"), ("reference", "SO-7781")} <= told


async def test_what_subject_and_description_both_say_is_offered_once(counter: Counter) -> None:
    items = await mentioned(counter, subject="€49.90 taken on 3 May, order SO-7781", description=TEXT)
    said = [(item["kind"], item["value"]) for item in items]
    assert len(said) == len(set(said))
    parts = {item["value"]: item["part"] for item in items}
    assert (parts["49.90"], parts["SO-7781"], parts["12.50"]) == ("subject", "subject", "description")


async def test_what_the_dispute_says_already_is_marked(counter: Counter) -> None:
    items = await mentioned(
        counter,
        description=TEXT,
        amount={"value": "49.90", "currency": "EUR"},
        order_reference="SO-7781",
        purchased_on="2026-05-03",
        product="kettle",
    )
    agrees = {item["agrees_with"]: item["said"] for item in items if item["agrees_with"]}
    assert set(agrees) == {"amount", "order_reference", "purchased_on", "product"}
    assert next(item for item in items if item["value"] == "12.50")["agrees_with"] is None


async def test_of_a_card_number_only_the_last_four_digits_are_told(counter: Counter) -> None:
    items = await mentioned(counter, description=TEXT)
    assert [(item["value"], item["said"]) for item in items if item["kind"] == "card"] == [("1111", "…1111")]
    assert "4111" not in str(items)


async def test_the_language_of_the_text_is_named(counter: Counter) -> None:
    text = "Sie haben mir die Rechnung zweimal abgebucht und niemand antwortet auf meine Nachrichten."
    path = (await counter.file(description=text)).headers["location"]
    assert (await counter.client.get(f"{path}/mentions")).json()["language"] == "de"


async def test_a_sign_agrees_only_with_a_currency_it_may_stand_for(counter: Counter) -> None:
    for currency, field in (("EUR", None), ("CAD", "amount")):
        items = await mentioned(
            counter, description="You took $49.90 from me.", amount={"value": "49.90", "currency": currency}
        )
        assert [item["agrees_with"] for item in items if item["kind"] == "amount"] == [field], currency
