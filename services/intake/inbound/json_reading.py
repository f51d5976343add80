"""JSON from outside, read leniently: a thing of another type than expected is as good as absent."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

NOTHING: Final[Mapping[str, Any]] = {}


def object_in(body: bytes) -> Mapping[str, Any] | None:
    """The object that the bytes hold; None for everything else."""
    try:
        value = orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def inner(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object under a name, or an empty one."""
    found = value.get(name)
    return found if isinstance(found, dict) else NOTHING


def listed(value: Mapping[str, Any], name: str, most: int = 200) -> list[Mapping[str, Any]]:
    """The objects in the list under a name, at most so many."""
    found = value.get(name)
    return [each for each in found[:most] if isinstance(each, dict)] if isinstance(found, list) else []


def text(value: Mapping[str, Any], name: str) -> str:
    """The text under a name, or an empty one."""
    found = value.get(name)
    return found if isinstance(found, str) else ""


def number(value: Mapping[str, Any], name: str) -> int:
    """The whole number under a name, or 0."""
    found = value.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 2**53 else 0
