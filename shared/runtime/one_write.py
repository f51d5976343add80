"""A connection whose reply leaves in one piece: what is written in one turn of the loop is sent at its end.

The server writes head and body one after the other. Sent one by one they would be two packets, two calls of the operating
system here, and two wake-ups there.
"""

import asyncio
from typing import Any, Final

HELD_BYTES_MAX: Final = 64 * 1024
"""More than this is not held back, so that a long reply is felt by whoever writes it."""


class OneWrite(asyncio.Transport):
    """The transport of a connection with its writes joined, as far as a server of HTTP uses one."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._held: list[bytes] = []
        self._bytes = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Sends at the end of this turn, or at once when much is held."""
        if not self._held:
            self._loop.call_soon(self._send)
        self._held.append(bytes(data))
        self._bytes += len(data)
        if self._bytes > HELD_BYTES_MAX:
            self._send()

    def _send(self) -> None:
        if self._held and not self._transport.is_closing():
            self._transport.write(b"".join(self._held))
        self._held = []
        self._bytes = 0

    def close(self) -> None:
        """Sends what is held, then closes."""
        self._send()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether the connection closes."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What is known of the connection."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Takes nothing in."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Takes in again."""
        self._transport.resume_reading()
