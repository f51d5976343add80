"""How a part of the product is replaced in this process, to kill it in the middle or to do without it."""

from typing import Any


def put(owner: Any, name: str, value: Any) -> None:
    """Gives a module or class another attribute for the rest of this process."""
    if not hasattr(owner, name):
        raise AttributeError(f"{owner.__name__} has no {name}: the product has changed, and so must this")
    setattr(owner, name, value)
