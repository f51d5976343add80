"""The world outside: a channel that answers as told, and an HTTP server that receives webhooks and misbehaves."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson

from services.notify.channels.ports import Handed, Outcome, Parcel, Terms

SCHEDULE = (timedelta(seconds=10), timedelta(minutes=5))
SENT = Handed(Outcome.SENT, "taken")


class AnsweringChannel:
    """Answers every parcel by a function; keeps what it was given."""

    terms = Terms(SCHEDULE, at_once=50, per_recipient=50, seconds_max=20.0)

    def __init__(self, answer: Callable[[Parcel], Handed] | None = None) -> None:
        self.answer = answer
        self.parcels: list[Parcel] = []
        self.closed = False

    async def send(self, parcel: Parcel) -> Handed:
        self.parcels.append(parcel)
        return SENT if self.answer is None else self.answer(parcel)

    async def close(self) -> None:
        self.closed = True


@dataclass(frozen=True, slots=True)
class Hook:
    """One request a receiver got."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        told: dict[str, Any] = orjson.loads(self.body)
        return told


@dataclass
class Receiver:
    """A helpdesk's HTTP server. `replies` maps a path to the head of its answer; `hanging` paths never answer."""

    port: int = 0
    hooks: list[Hook] = field(default_factory=list)
    replies: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    hanging: set[str] = field(default_factory=set)
    connections: int = 0
    open: int = 0
    open_most: int = 0

    def url(self, path: str = "/hooks") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[Hook]:
        return [hook for hook in self.hooks if hook.path == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError), contextlib.closing(writer):
            while True:
                await self._one(reader, writer)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.rstrip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        path = first.split(" ")[1]
        self.hooks.append(Hook(path, headers, body))
        self.open += 1
        self.open_most = max(self.open, self.open_most)
        try:
            if path in self.hanging:
                await asyncio.Event().wait()
        finally:
            self.open -= 1
        reply = self.bodies.get(path, b"ok")
        status = self.replies.get(path, "200 OK")
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(reply)}\r\n\r\n".encode() + reply)
        await writer.drain()


@contextlib.asynccontextmanager
async def a_receiver() -> AsyncIterator[Receiver]:
    """A receiver on a loopback port of its own."""
    receiver = Receiver()
    lines: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        lines.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await receiver.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)
