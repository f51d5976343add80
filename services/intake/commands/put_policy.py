"""Put a policy: a new version, checked as a whole before a dispute rests on it, and an older one brought back."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from shared.db import policies
from shared.db.engine import Tx
from shared.db.policies import Policy
from shared.domain.errors import NotFound
from shared.policy.matrix import NAME, matrix_body, matrix_schema, parse_matrix

NAMES: Final = (NAME,)
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
    check_name(name)
    checked = matrix_body(body)
    parse_matrix(checked, version=expected + 1, calendars=calendars)
    return await policies.put(tx, name, checked, author=author, reason=reason, expected=expected)


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a policy's body; raises NotFound."""
    check_name(name)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **matrix_schema()}


def check_name(name: str) -> None:
    """Raises NotFound unless there is such a policy."""
    if name not in NAMES:
        raise NotFound("policy", name)
