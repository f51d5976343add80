"""Put a policy: a new version, checked as a whole before a dispute rests on it, and an older one brought back."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple

from shared.db import policies
from shared.db.engine import Tx
from shared.db.policies import Policy
from shared.domain.errors import NotFound
from shared.policy import matrix, regime_policy


class _Kind(NamedTuple):
    """How one policy is checked: its shape, its parts against each other, and the schema it is told by."""

    body: Callable[[Mapping[str, Any]], dict[str, Any]]
    parse: Callable[..., object]
    schema: Callable[[], dict[str, Any]]


_KINDS: Final[Mapping[str, _Kind]] = {
    matrix.NAME: _Kind(matrix.matrix_body, matrix.parse_matrix, matrix.matrix_schema),
    regime_policy.NAME: _Kind(regime_policy.regimes_body, regime_policy.parse_regimes, regime_policy.regimes_schema),
}
NAMES: Final = tuple(_KINDS)
"""The policies there are."""


async def put_policy(
    tx: Tx,
    name: str,
    body: Mapping[str, Any],
    *,
    expected: int,
    calendars: Collection[str],
    author: str,
    reason: str,
) -> Policy:
    """The new version. Running disputes keep the promises of the version that made them.

    Raises:
        NotFound: there is no such policy.
        PolicyFault: it does not hold together; the fault names the place in the document.
        StaleVersion: the newest version is not `expected`.
    """
    kind = _kind(name)
    checked = kind.body(body)
    kind.parse(checked, version=expected + 1, calendars=calendars)
    return await policies.put(tx, name, checked, author=author, reason=reason, expected=expected)


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a policy's body; raises NotFound."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_kind(name).schema()}


def check_known(name: str) -> None:
    """Raises NotFound unless there is such a policy."""
    _kind(name)


def check_name(name: str) -> None:
    """Raises NotFound unless the policy is the escalation matrix, which alone can be tried and migrated to."""
    if name != matrix.NAME:
        raise NotFound("policy", name)


def _kind(name: str) -> _Kind:
    if name not in _KINDS:
        raise NotFound("policy", name)
    return _KINDS[name]
