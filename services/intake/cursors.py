"""Opaque cursors: where a list goes on, signed so that nobody makes one and bound to the filters it was given for."""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from services.intake.problems import Fault, Problem
from shared.db.search import Place
from shared.runtime.sealing import Sealer

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_PLACE_BYTES: Final = 24


def write(sealer: Sealer, place: Place, filters: str) -> str:
    """The cursor of a place in a list with these filters."""
    packed = ((place.received_at - _EPOCH) // _MICROSECOND).to_bytes(8, "big", signed=True) + place.id.bytes
    return f"{base64.urlsafe_b64encode(packed).decode()}.{sealer.tag('cursor', packed + filters.encode())}"


def read(sealer: Sealer, cursor: str, filters: str) -> Place:
    """The place that a cursor names.

    Raises:
        Problem: `invalid_cursor`: not ours, changed, or of a list with other filters.
    """
    text, _, tag = cursor.partition(".")
    try:
        packed = base64.urlsafe_b64decode(text.encode("ascii"))
    except (binascii.Error, UnicodeEncodeError):
        packed = b""
    if len(packed) != _PLACE_BYTES or not sealer.holds("cursor", packed + filters.encode(), tag):
        detail = "Not a cursor of this list; send it with the filters it came with, or begin without one."
        raise Problem("invalid_cursor", detail, (Fault(detail, parameter="cursor"),))
    at = int.from_bytes(packed[:8], "big", signed=True)
    return Place(_EPOCH + at * _MICROSECOND, UUID(bytes=packed[8:]))
