"""A reply leaves in one piece, and a long one whole."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from starlette.types import Receive, Scope, Send

from shared.runtime.one_write import HELD_BYTES_MAX, OneWrite
from shared.runtime.serve import HttpServer
from shared.runtime.stop import Stop

LONG = 40 * HELD_BYTES_MAX


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http", "it needs no start and no end"
    size = LONG if scope["path"] == "/long" else 200
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % size)]})
    for begun in range(0, size, 1000):
        chunk = b"x" * min(1000, size - begun)
        await send({"type": "http.response.body", "body": chunk, "more_body": begun + 1000 < size})


class Reader(asyncio.Protocol):
    """Notes what arrives, piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.ended = asyncio.get_running_loop().create_future()
        self.enough: Callable[[bytes], bool] = lambda _: False

    def data_received(self, data: bytes) -> None:
        self.pieces.append(data)
        if self.enough(b"".join(self.pieces)) and not self.ended.done():
            self.ended.set_result(None)

    def connection_lost(self, _exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


@pytest.fixture
async def server() -> AsyncIterator[HttpServer]:
    opened, stop = HttpServer(app), Stop()
    running = asyncio.create_task(opened.run(stop))
    await opened.ready()
    yield opened
    stop.request("the test is over")
    await running


@asynccontextmanager
async def asked(server: HttpServer, request: str) -> AsyncIterator[Reader]:
    transport, reader = await asyncio.get_running_loop().create_connection(Reader, server.host, server.port)
    try:
        transport.write(request.encode())
        yield reader
    finally:
        transport.close()


async def test_head_and_body_of_a_short_reply_are_one_piece(server: HttpServer) -> None:
    async with asked(server, "GET / HTTP/1.1\r\nhost: test\r\n\r\n") as reader, asyncio.timeout(10):
        reader.enough = lambda data: data.endswith(b"x" * 200)
        await reader.ended
    assert len(reader.pieces) == 1


async def test_what_is_held_is_sent_before_the_connection_closes(server: HttpServer) -> None:
    async with (
        asked(server, "GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n") as reader,
        asyncio.timeout(10),
    ):
        await reader.ended
    assert b"".join(reader.pieces).endswith(b"\r\n\r\n" + b"x" * 200)


class Wire(asyncio.Transport):
    """Notes what is handed to the operating system."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def is_closing(self) -> bool:
        return False


async def test_no_more_than_the_bound_is_held_back() -> None:
    wire = Wire()
    joined = OneWrite(wire)
    joined.write(b"x" * HELD_BYTES_MAX)
    assert wire.sent == []
    joined.write(b"x")
    assert [len(each) for each in wire.sent] == [HELD_BYTES_MAX + 1]


async def test_a_long_reply_arrives_whole(server: HttpServer) -> None:
    request = "GET /long HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n"
    async with asked(server, request) as reader, asyncio.timeout(20):
        await reader.ended
    assert len(b"".join(reader.pieces).partition(b"\r\n\r\n")[2]) == LONG
