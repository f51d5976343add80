"""A frozen value with other facts: what `dataclasses.replace` is for dataclasses, for the structs made on every path."""

from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

V = TypeVar("V", bound=Struct)


def altered(value: V, **facts: object) -> V:
    """A copy with these other facts; `__post_init__` is run again.

    Raises:
        TypeError: the class has no such field.
    """
    return replace(value, **facts)
