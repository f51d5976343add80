import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from tests.parts.proxy import FaultProxy


async def _shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers each line in capitals."""
    with contextlib.closing(writer), contextlib.suppress(ConnectionError):
        while line := await reader.readline():
            writer.write(line.upper())
            await writer.drain()


@pytest.fixture
async def proxy() -> AsyncIterator[FaultProxy]:
    server = await asyncio.start_server(_shout, "127.0.0.1", 0)
    async with FaultProxy(server.sockets[0].getsockname()[1]) as between:
        yield between
    server.close()


class Caller:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def say(self, line: bytes) -> bytes:
        self._writer.write(line)
        await self._writer.drain()
        return await asyncio.wait_for(self._reader.readline(), 0.3)


@contextlib.asynccontextmanager
async def _call(proxy: FaultProxy) -> AsyncIterator[Caller]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield Caller(reader, writer)
    finally:
        writer.transport.abort()


async def _is_reset(proxy: FaultProxy) -> bool:
    """Whether a new connection ends at once; where the reset strikes is a matter of microseconds."""
    try:
        async with _call(proxy) as caller:
            return await caller.say(b"hello\n") == b""
    except ConnectionError:
        return True


async def test_without_faults_everything_passes(proxy: FaultProxy) -> None:
    async with _call(proxy) as caller:
        assert await caller.say(b"hello\n") == b"HELLO\n"
        assert proxy.connections == 1


async def test_a_cut_resets_open_connections_and_new_ones_pass(proxy: FaultProxy) -> None:
    async with _call(proxy) as caller:
        await caller.say(b"hello\n")
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            await caller.say(b"again\n")
    async with _call(proxy) as caller:
        assert await caller.say(b"hello\n") == b"HELLO\n"


async def test_a_refusing_proxy_resets_new_connections_until_healed(proxy: FaultProxy) -> None:
    proxy.cut(refuse=True)
    assert await _is_reset(proxy)
    proxy.heal()
    async with _call(proxy) as caller:
        assert await caller.say(b"hello\n") == b"HELLO\n"


async def test_a_black_hole_swallows_without_telling(proxy: FaultProxy) -> None:
    async with _call(proxy) as caller:
        await caller.say(b"hello\n")
        proxy.black_hole()
        with pytest.raises(TimeoutError):
            await caller.say(b"again\n")
        assert proxy.eaten_bytes == len(b"again\n")


async def test_a_connection_is_reset_after_exactly_so_many_bytes(proxy: FaultProxy) -> None:
    proxy.to_client.reset_after_bytes = 3
    loop = asyncio.get_running_loop()
    with socket.create_connection(
        ("127.0.0.1", proxy.port)
    ) as line:  # a stream would forget what came before the reset
        line.setblocking(False)
        await loop.sock_sendall(line, b"hello\n")
        assert await loop.sock_recv(line, 100) == b"HEL"
        with pytest.raises(ConnectionResetError):
            await loop.sock_recv(line, 100)


async def test_the_request_arrives_and_its_reply_is_lost(proxy: FaultProxy) -> None:
    proxy.to_client.eat_after = b"commit"
    async with _call(proxy) as caller:
        assert await caller.say(b"insert\n") == b"INSERT\n"
        with pytest.raises(TimeoutError):
            await caller.say(b"commit\n")
        assert proxy.eaten_bytes == len(b"COMMIT\n")
    proxy.heal()
    async with _call(proxy) as caller:
        assert await caller.say(b"commit\n") == b"COMMIT\n"


async def test_a_delay_holds_what_passes(proxy: FaultProxy) -> None:
    proxy.to_client.delay_seconds = 0.1
    loop = asyncio.get_running_loop()
    async with _call(proxy) as caller:
        asked = loop.time()
        assert await caller.say(b"hello\n") == b"HELLO\n"
        assert loop.time() - asked >= 0.1
