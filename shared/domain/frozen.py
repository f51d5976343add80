"""A frozen value with other facts: what `dataclasses.replace` is for dataclasses, for the structs made on every path."""

from msgspec.structs import replace as altered

__all__ = ["altered"]
