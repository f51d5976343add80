"""Filing at a steady rate beside something else, on the same database: what a storm of timers leaves of the door."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from benchmarks.filing import filing
from benchmarks.stage import Client, door

CLIENTS: Final = 16
_NUMBERS: Final = count(1)


@dataclass
class Filed:
    """What the customers saw: seconds from when each request was to be sent, so that waiting for one's turn counts."""

    seconds: list[float] = field(default_factory=list)
    failures: int = 0

    def __str__(self) -> str:
        if not self.seconds:
            return "nothing filed"
        late = sorted(self.seconds)
        p99 = late[min(len(late) - 1, int(0.99 * len(late)))]
        return f"{len(late)} filed beside, p50 {late[len(late) // 2] * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, {self.failures} failed"


@dataclass(frozen=True)
class Beside:
    """A door on a database, and how many disputes a second are filed through it."""

    port: int
    per_second: float

    @contextlib.asynccontextmanager
    async def filing(self) -> AsyncIterator[Filed]:
        """Files as long as the block lasts."""
        filed, begun = Filed(), time.monotonic()
        clients = [asyncio.create_task(self._file(filed, begun, number)) for number in range(CLIENTS)]
        try:
            yield filed
        finally:
            for client in clients:
                client.cancel()
            await asyncio.gather(*clients, return_exceptions=True)

    async def _file(self, filed: Filed, begun: float, number: int) -> None:
        client = await Client.connect(self.port)
        with contextlib.closing(client):
            for turn in count():
                at = begun + (turn * CLIENTS + number) / self.per_second
                await asyncio.sleep(max(0.0, at - time.monotonic()))
                status, _ = await client.send("POST", "/v1/disputes", filing(next(_NUMBERS)))
                filed.seconds.append(time.monotonic() - at)
                filed.failures += status != 201


@contextlib.asynccontextmanager
async def a_door(url: str, per_second: float) -> AsyncIterator[Beside | None]:
    """A door on this database; none when nothing is to be filed."""
    if not per_second:
        yield None
        return
    async with door(url.replace("postgresql+asyncpg", "postgresql")) as port:
        yield Beside(port, per_second)
