"""Money is exact, never negative, never absurd, and always in a currency that exists."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import InvalidValue
from shared.domain.money import AMOUNT_MAX, MINOR_DIGITS, Money


@pytest.mark.parametrize(
    ("value", "currency", "field"),
    [
        ("1", "XXQ", "/amount/currency"),
        ("1", "eur", "/amount/currency"),
        ("-0.01", "EUR", "/amount/value"),
        ("NaN", "EUR", "/amount/value"),
        ("Infinity", "EUR", "/amount/value"),
        ("1e400", "EUR", "/amount/value"),
        ("1000000000000.01", "EUR", "/amount/value"),
        ("0.001", "EUR", "/amount/value"),
        ("0.1", "JPY", "/amount/value"),
        ("ten", "EUR", "/amount/value"),
        ("", "EUR", "/amount/value"),
    ],
)
def test_what_is_no_amount_is_refused_by_the_name_of_its_field(value: str, currency: str, field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        Money.of(value, currency)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("value", "currency", "shown"),
    [
        ("49.9", "EUR", "49.90"),
        ("5", "JPY", "5"),
        ("1.5", "KWD", "1.500"),
        ("49.9000", "EUR", "49.90"),
        ("0", "GBP", "0.00"),
    ],
)
def test_an_amount_is_shown_with_its_currencys_digits(value: str, currency: str, shown: str) -> None:
    assert Money.of(value, currency).value == shown


@given(st.sampled_from(sorted(MINOR_DIGITS)), st.integers(min_value=0, max_value=10**15))
def test_every_amount_of_whole_smallest_coins_survives_being_shown_and_read(currency: str, coins: int) -> None:
    amount = Decimal(coins).scaleb(-MINOR_DIGITS[currency])
    if amount > AMOUNT_MAX:
        return
    shown = Money.of(f"{amount:f}", currency).value
    assert Money.of(shown, currency).amount == amount
