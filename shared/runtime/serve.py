"""Uvicorn as one task among ours: it hears our stop, not signals, and never ends the process by itself."""

import asyncio
import contextlib
import math
import os
import socket
from collections.abc import Iterator, Sequence
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from shared.runtime.one_write import OneWrite
from shared.runtime.seats import Acceptor, Seats
from shared.runtime.stop import Stop

LISTENING_FD: Final = "RECOURSE_LISTENING_FD"
"""Names the descriptor of a socket that listens already, where a parent shares its port among several processes."""

SEAT: Final = "RECOURSE_SEAT"
"""Names the descriptor of the seats of these processes, and after a colon the place of this one."""

BACKLOG: Final = 2048


class ServeError(Exception):
    """The server could not start: the application's own start failed."""


class HttpServer:
    """Serves an ASGI application until the stop is requested.

    The port is bound at once (OSError when taken; 0 picks a free one) or inherited from a parent that listens on it, so
    `port` is known before the first request and connections wait in the backlog until the application has started. More than `connections_max` connections or
    requests at once are answered 503. Forwarding headers are believed only from `trusted_proxies` (addresses or
    networks).
    """

    def __init__(
        self,
        app: ASGIApp,
        host: str = "127.0.0.1",
        *,
        port: int = 0,
        keep_alive_seconds: int = 15,
        connections_max: int = 1000,
        trusted_proxies: Sequence[str] = (),
    ) -> None:
        seat = os.environ.pop(SEAT, None)
        self._socket: Final = _inherited() or listening(host, port)
        self.host: Final = host
        self.port: Final[int] = self._socket.getsockname()[1]
        options: dict[str, Any] = {"forwarded_allow_ips": list(trusted_proxies)} if trusted_proxies else {}
        config = uvicorn.Config(
            app,
            host=host,
            port=self.port,
            http=_Connection,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(trusted_proxies),
            backlog=BACKLOG,
            timeout_keep_alive=keep_alive_seconds,
            limit_concurrency=connections_max,
            reset_contextvars=True,
            **options,
        )
        self._server: Final = _Server(config) if seat is None else _SharingServer(config, self._socket, seat)

    async def run(self, stop: Stop) -> None:
        """Serves; on a stop takes no more connections and finishes requests within the grace. Raises ServeError."""
        serving = asyncio.ensure_future(self._serve())
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            # Uvicorn's own limit comes a little before ours, so that it can still close what it cut off.
            self._server.config.timeout_graceful_shutdown = max(1, math.floor(stop.remaining_seconds) - 1)
            self._server.should_exit = True
            await serving
        finally:
            stopping.cancel()
            serving.cancel()

    async def ready(self) -> None:
        """Returns when the application has started and requests are answered."""
        await self._server.serving.wait()

    def close(self) -> None:
        """Gives the port back when `run` was never called."""
        self._socket.close()

    async def _serve(self) -> None:
        try:
            await self._server.serve(sockets=[self._socket])
        except SystemExit as error:
            raise ServeError("the application did not start") from error
        finally:
            self._socket.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serving: Final = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves the signals to the process, which drains every task and not this one alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.serving.set()


class _SharingServer(_Server):
    """One of several processes at the same socket: it takes connections by turns with the others."""

    def __init__(self, config: uvicorn.Config, bound: socket.socket, seat: str) -> None:
        super().__init__(config)
        descriptor, _, place = seat.partition(":")
        self._bound = bound
        self._seats = Seats(int(descriptor))
        self._place = int(place)
        os.close(int(descriptor))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([])
        acceptor = Acceptor(self._bound, self._seats, self._place, self._protocol)
        acceptor.task.add_done_callback(self._ended)
        self.servers.append(acceptor)  # type: ignore[arg-type] # closed and awaited like a server of the loop

    def _protocol(self, acceptor: Acceptor) -> "_Seated":
        return _Seated(acceptor, self.config, self.server_state, self.lifespan.state)

    def _ended(self, _task: asyncio.Task[None]) -> None:
        self.should_exit = True  # asked to, or by an error, which is raised where it is awaited


class _Connection(HttpToolsProtocol):
    """A connection that sends a reply in one piece."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as the class above has it
        super().connection_made(OneWrite(transport))


class _Seated(_Connection):
    """A connection that counts."""

    def __init__(
        self, acceptor: Acceptor, config: uvicorn.Config, server_state: ServerState, app_state: dict[str, Any]
    ) -> None:
        super().__init__(config, server_state, app_state)
        self._acceptor = acceptor

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as above
        super().connection_made(transport)
        self._acceptor.hold(len(self.connections))

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._acceptor.hold(len(self.connections))


def _inherited() -> socket.socket | None:
    """The parent's socket, for the first server of this process."""
    number = os.environ.pop(LISTENING_FD, None)
    return None if number is None else socket.socket(fileno=int(number))


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens on the address; port 0 picks a free one. Raises OSError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(BACKLOG)
        bound.setblocking(False)
    except BaseException:
        bound.close()
        raise
    return bound
