"""What every event has in common."""

from typing import ClassVar

from msgspec import Struct


class Event(Struct, frozen=True, kw_only=True, gc=False):
    """Something that happened to one dispute."""

    type: ClassVar[str]
    version: ClassVar[int] = 1
