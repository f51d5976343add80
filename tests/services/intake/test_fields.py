"""The kinds of field bodies are made of."""

import pytest
from email_validator import validate_email
from hypothesis import assume, example, given
from hypothesis import strategies as st

from services.intake import email_address as plain
from services.intake.api.countries import COUNTRIES
from services.intake.email_address import email_address

ALMOST = st.from_regex(r"[a-z0-9._+-]{1,12}@[a-z0-9.-]{1,16}\.(com|org|net)", fullmatch=True)


@given(ALMOST)
@example("a@b.com")
@example("a..b@example.org")
@example(".a@example.org")
@example("a.@example.org")
@example("a@-b.com")
@example("a@b-.com")
@example("a@xn--a.com")
def test_the_short_way_takes_only_what_the_library_takes(address: str) -> None:
    assume(plain._PLAIN_EMAIL.fullmatch(address))
    known = validate_email(address, check_deliverability=False, test_environment=True)
    assert known.normalized.lower() == email_address(address)


@pytest.mark.parametrize("address", ["ada@example.org", "a.b+c@mail.example.co.uk", "üser@bücher.example", "x@y.test"])
def test_sound_addresses_are_taken_in_lower_case(address: str) -> None:
    assert email_address(address.upper()) == address


@pytest.mark.parametrize("address", ["", "ada", "@example.org", "ada@", "a b@example.org", "a@b", "a@[127.0.0.1]"])
def test_others_are_not(address: str) -> None:
    with pytest.raises(ValueError, match="e-mail"):
        email_address(address)


def test_every_country_is_two_letters_and_there_are_all_of_them() -> None:
    assert len(COUNTRIES) == 249
    assert all(len(each) == 2 and each.isupper() for each in COUNTRIES)
