"""Identifiers that sort by the time they were made, so that new rows land together in an index (RFC 9562, version 7)."""

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """A new version 7 UUID: 48 bits of Unix milliseconds, 74 random bits. Its time is a hint, never a fact."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    head, tail = random >> 68 & 0xFFF, random & 0x3FFF_FFFF_FFFF_FFFF
    return UUID(int=milliseconds << 80 | 0x7 << 76 | head << 64 | 0b10 << 62 | tail)
