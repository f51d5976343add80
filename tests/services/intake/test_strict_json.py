"""JSON read strictly, held against the standard library."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.problems import Problem
from services.intake.strict_json import DEPTH_MAX, loads

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
REFUSED = object()
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=30,
)


def read_or_refused(body: bytes) -> Any:
    """What was read, or REFUSED; any other error is the reader's fault."""
    try:
        return loads(body)
    except Problem:
        return REFUSED


@given(value=VALUES, ascii_only=st.booleans())
def test_sound_json_is_read_as_the_standard_library_reads_it(*, value: Any, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert loads(body) == json.loads(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_nothing_else(body: bytes) -> None:
    value = read_or_refused(body)
    if value is not REFUSED:
        assert value == json.loads(body.decode())
        assert not (isinstance(value, float) and not math.isfinite(value))


@given(st.text(st.sampled_from('[]{}",:\\u0d8 1a'), max_size=60))
def test_any_jumble_of_json_signs_is_read_or_refused(text: str) -> None:
    read_or_refused(text.encode())


@pytest.mark.parametrize("depth", [1, DEPTH_MAX])
def test_nesting_up_to_the_limit_is_read(depth: int) -> None:
    assert loads(b"[" * depth + b"]" * depth) is not None


def test_nesting_beyond_the_limit_is_refused() -> None:
    depth = DEPTH_MAX + 1
    with pytest.raises(Problem, match="malformed_json"):
        loads(b"[" * depth + b"]" * depth)


def test_brackets_inside_texts_and_many_side_by_side_are_not_nesting() -> None:
    body = json.dumps([{"text": "[" * 500 + '"\\' + "{" * 500}] * 100).encode()
    assert len(loads(body)) == 100
