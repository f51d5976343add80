"""Bounds the request body, declared or streamed, and says so in a problem."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.runtime.problem import problem_messages
from shared.runtime.traces import current_trace_id

BODY_BYTES_MAX: Final = 1024 * 1024
_DRAIN_SECONDS: Final = 5.0
_DRAIN_BYTES_MAX: Final = 64 * 1024 * 1024


class BodyTooLargeError(Exception):
    """More bytes came than the path allows; the limit itself answers, whatever the application makes of it."""


class BodyLimit:
    """Answers 413 with a problem when a body is longer than allowed, by its Content-Length or by what really comes.

    `by_path` maps path prefixes to their own limits in bytes; the longest matching prefix counts.
    """

    def __init__(self, app: ASGIApp, *, body_bytes_max: int = BODY_BYTES_MAX, by_path: Mapping[str, int]) -> None:
        self._app = app
        self._default = body_bytes_max
        self._by_path = sorted(by_path.items(), key=lambda item: -len(item[0]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared, waits = _declared(scope)
        if declared == 0:
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        if declared is not None and declared > limit:
            await _refuse(scope, receive, send, limit=limit, drain=not waits)
            return
        body = _CountedBody(receive, send, limit)
        try:
            await self._app(scope, body.receive, body.send)
        except BodyTooLargeError:
            if body.replied:
                raise  # half a reply is out: only closing the connection is honest
        if body.exceeded and not body.replied:
            await _refuse(scope, receive, send, limit=limit, drain=True)

    def _limit(self, path: str) -> int:
        for prefix, limit in self._by_path:
            if path.startswith(prefix):
                return limit
        return self._default


class _CountedBody:
    """Counts what the application reads; once too much has come, the application's own answer is dropped."""

    __slots__ = ("_limit", "_receive", "_received", "_send", "exceeded", "replied")

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive = receive
        self._send = send
        self._limit = limit
        self._received = 0
        self.exceeded = False
        self.replied = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            if self._received > self._limit:
                self.exceeded = True
                raise BodyTooLargeError
        return message

    async def send(self, message: Message) -> None:
        if self.exceeded and not self.replied:
            return
        self.replied = True
        await self._send(message)


def _declared(scope: Scope) -> tuple[int | None, bool]:
    """The declared length (None when streamed, 0 when there is no body) and whether the client waits for our word."""
    length, streamed, waits = 0, False, False
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = int(value) if value.isdigit() else 0
        elif name == b"transfer-encoding":
            streamed = True
        elif name == b"expect":
            waits = True
    return (None if streamed else length), waits


async def _refuse(scope: Scope, receive: Receive, send: Send, *, limit: int, drain: bool) -> None:
    if drain:
        await _drain(receive, _DRAIN_BYTES_MAX)
    messages = problem_messages(
        413,
        slug="body-too-large",
        title="Body too large",
        detail=f"The body may have at most {limit} bytes here.",
        instance=scope["path"],
        extra={"trace_id": current_trace_id(), "body_bytes_max": limit},
        headers=((b"connection", b"close"),),
    )
    for message in messages:
        await send(message)


async def _drain(receive: Receive, bytes_max: int) -> None:
    """Reads a bounded rest: a client still sending when the connection closes never sees the answer."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while bytes_max > 0:
                message = await receive()
                bytes_max -= len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body"):
                    return
