"""Whatever is put where in a matrix, it is read or refused with a place that leads somewhere; it never breaks."""

import copy
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.errors import PolicyFault
from shared.policy.matrix import matrix_body, matrix_faults, parse_matrix
from shared.policy.matrix_advice import advice

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "escalation-six-tiers.toml"
BODY = matrix_body(tomllib.loads(EXAMPLE.read_text(encoding="utf-8")))
Path_ = tuple[str | int, ...]


def paths(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    if path:
        yield path
    members: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from paths(member, (*path, key))


PATHS = sorted(paths(BODY), key=str)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["escalate", "remind", "amount > 5", "3 business days", "desk", "Ann", "2027-01-01", "1e9", "EUR"]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PATHS), VALUES), min_size=1, max_size=3))
def test_any_value_anywhere_is_read_or_refused(changes: list[tuple[Path_, Any]]) -> None:
    body: Any = copy.deepcopy(BODY)
    for path, value in changes:
        with suppress(KeyError, IndexError, TypeError):
            at = body
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = value
    faults = matrix_faults(body)
    if faults:
        with pytest.raises(PolicyFault) as fault:
            parse_matrix(body, version=1)
        assert str(fault.value) in {str(each) for each in faults}
        return
    advice(parse_matrix(body, version=1))
    assert matrix_body(matrix_body(body)) == matrix_body(body)
