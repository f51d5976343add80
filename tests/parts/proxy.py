"""A bad network: a TCP proxy on loopback whose faults the test switches on and off while connections run."""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

CHUNK_BYTES: Final = 65_536
CONNECT_SECONDS_MAX: Final = 5.0
# Linger on, zero seconds: close sends RST instead of FIN.
RESET: Final = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Faults:
    """What happens to one direction of every connection; change it at any time.

    `black_hole` takes bytes and drops them, `stall` takes none so that the sender's buffers fill, `delay_seconds` holds
    each chunk, `reset_after_bytes` passes that many bytes per connection and then resets it, `eat_after` starts
    dropping when these bytes have passed in the *other* direction: the request arrives, the reply is lost.
    """

    black_hole: bool = False
    stall: bool = False
    delay_seconds: float = 0.0
    reset_after_bytes: int | None = None
    eat_after: bytes | None = None


@dataclass(eq=False, slots=True)
class _Connection:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    eating: set[str] = field(default_factory=set)
    # The end of what has passed in each direction, so that a trigger split over two chunks is still seen.
    tails: dict[str, bytes] = field(default_factory=dict)

    def reset(self) -> None:
        for writer in (self.client, self.server):
            plug = writer.get_extra_info("socket")
            if plug is not None and not writer.transport.is_closing():
                with contextlib.suppress(OSError):
                    plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()


class FaultProxy:
    """Passes everything to `host`:`port` until told otherwise. `async with` starts and stops it.

    `to_server` and `to_client` are the faults of the two directions. `eaten_bytes` counts what was dropped.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._target = (host, port)
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._refusing = False
        self._changed = asyncio.Event()
        self.to_server = Faults()
        self.to_client = Faults()
        self.eaten_bytes = 0
        self.accepted = 0

    @property
    def port(self) -> int:
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def connections(self) -> int:
        """How many are open now."""
        return len(self._connections)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.cut()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self, *, refuse: bool = False) -> None:
        """Reset every open connection; with `refuse`, new ones too until `heal`."""
        self._refusing = refuse or self._refusing
        for connection in tuple(self._connections):
            connection.reset()

    def black_hole(self) -> None:
        """Both directions swallow everything and tell nobody, as when a machine or a route is gone."""
        self.to_server.black_hole = self.to_client.black_hole = True

    def heal(self) -> None:
        """No faults from now on. Bytes already eaten stay eaten, so such a connection is best cut."""
        self.to_server, self.to_client = Faults(), Faults()
        self._refusing = False
        for connection in self._connections:
            connection.eating.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            async with asyncio.timeout(CONNECT_SECONDS_MAX):
                far_reader, far_writer = await asyncio.open_connection(*self._target)
        except (OSError, TimeoutError):
            writer.transport.abort()
            self._tasks.discard(task)
            return
        connection = _Connection(writer, far_writer)
        self._connections.add(connection)
        if self._refusing:
            connection.reset()
        try:
            await self._pump_both(connection, reader, far_reader)
        finally:
            self._connections.discard(connection)
            self._tasks.discard(task)
            connection.client.close()
            connection.server.close()

    async def _pump_both(self, connection: _Connection, near: asyncio.StreamReader, far: asyncio.StreamReader) -> None:
        await asyncio.gather(
            self._pump(connection, near, connection.server, "to_server"),
            self._pump(connection, far, connection.client, "to_client"),
        )

    async def _pump(
        self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str
    ) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while chunk := await self._read(reader, way):
                faults: Faults = getattr(self, way)
                if faults.delay_seconds:
                    await asyncio.sleep(faults.delay_seconds)
                self._look_for_trigger(connection, chunk, way)
                if faults.black_hole or way in connection.eating:
                    self.eaten_bytes += len(chunk)
                    continue
                limit = faults.reset_after_bytes
                writer.write(chunk if limit is None else chunk[: max(0, limit - passed)])
                passed += len(chunk)
                await writer.drain()
                if limit is not None and passed >= limit:
                    connection.reset()
                    return
            if not getattr(self, way).black_hole and writer.can_write_eof():
                writer.write_eof()

    async def _read(self, reader: asyncio.StreamReader, way: str) -> bytes:
        while getattr(self, way).stall:  # noqa: ASYNC110 - a switch that plain code flips
            await asyncio.sleep(0.01)
        return await reader.read(CHUNK_BYTES)

    def _look_for_trigger(self, connection: _Connection, chunk: bytes, way: str) -> None:
        other = "to_client" if way == "to_server" else "to_server"
        trigger: bytes | None = getattr(self, other).eat_after
        if trigger is None:
            return
        seen = connection.tails.get(way, b"") + chunk
        if trigger in seen:
            connection.eating.add(other)
        connection.tails[way] = seen[-len(trigger) + 1 :] if len(trigger) > 1 else b""
