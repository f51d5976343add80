"""A quick copy is the same as the standard library's."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.frozen import altered
from tests.builders import MONDAY_NINE, a_dispute


@given(st.fixed_dictionaries({}, optional={"tier": st.integers(1, 9), "handler": st.text(), "sequence": st.integers()}))
def test_a_copy_is_what_replace_would_make_and_leaves_the_original_alone(facts: dict[str, object]) -> None:
    dispute = a_dispute(received_at=MONDAY_NINE)
    untouched = replace(dispute)
    assert altered(dispute, **facts) == replace(dispute, **facts)  # type: ignore[arg-type] # whatever hypothesis gives
    assert dispute == untouched


def test_a_fact_that_the_value_does_not_have_is_refused() -> None:
    with pytest.raises(KeyError):
        altered(a_dispute(), colour="red")
