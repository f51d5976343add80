"""Ports on this machine: free ones, and whether a broker answers on one."""

import asyncio
import itertools
import socket
from typing import Final

AMQP_HELLO: Final = b"AMQP\x00\x00\x09\x01"


async def speaks_amqp(port: int) -> bool:
    """Whether a broker on loopback answers the protocol header with its first frame."""
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(AMQP_HELLO)
                return await reader.read(1) == b"\x01"
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


_given: set[int] = set()


def free_port() -> int:
    """A loopback port that is free now and was not given before by this process."""
    for _ in itertools.repeat(None, 100):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port
    raise RuntimeError("no free loopback port")
