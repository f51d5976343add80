"""A value with other facts is a new value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict

from shared.domain.frozen import altered
from tests.builders import MONDAY_NINE, a_dispute


@given(st.fixed_dictionaries({}, optional={"tier": st.integers(1, 9), "handler": st.text(), "sequence": st.integers()}))
def test_a_copy_has_the_other_facts_and_all_the_rest_and_leaves_the_original_alone(facts: dict[str, object]) -> None:
    dispute = a_dispute(received_at=MONDAY_NINE)
    before = asdict(dispute)
    assert asdict(altered(dispute, **facts)) == before | facts
    assert asdict(dispute) == before


def test_a_fact_that_the_value_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError):
        altered(a_dispute(), colour="red")


def test_a_fact_cannot_be_changed_in_place() -> None:
    with pytest.raises(AttributeError):
        a_dispute().tier = 3  # type: ignore[misc] # the very thing that must not work
