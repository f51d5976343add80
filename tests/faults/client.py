"""Customers and agents: they file, write, ask for more and resolve; they retry with the same key, and remember."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from tests.faults.house import ADMIN_KEY

GIVE_UP_SECONDS: Final = 60.0
RETRY_SECONDS: Final = 0.15
TRY_AGAIN: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


@dataclass(slots=True)
class Log:
    """What the clients were promised. Keys are the subjects, so that the checker can find them in the database."""

    sent: set[str] = field(default_factory=set)
    filed: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    resolved: set[str] = field(default_factory=set)
    wishes: int = 0
    retries: int = 0
    replayed: int = 0
    surprises: list[str] = field(default_factory=list)


class Desk:
    """A helpdesk with a few agents at a time."""

    def __init__(self, port: int, rng: random.Random, *, log: Log | None = None) -> None:
        self._rng = rng
        self.log = log or Log()
        self._client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            headers={"authorization": f"Bearer {ADMIN_KEY}"},
            timeout=20,
            limits=httpx.Limits(max_connections=32),
        )
        self._later: set[asyncio.Task[None]] = set()
        self._number = 0

    async def close(self) -> None:
        await self._client.aclose()

    async def load(self, count: int, *, at_once: int = 8, pause: float = 0.0, **shares: float) -> None:
        """Files `count` disputes, `at_once` side by side; `shares` are those of `message`, `wish` and `resolve`."""
        await self._at_once(count, at_once, lambda: self.one(pause, **shares))

    async def until(self, stop: asyncio.Event, *, at_once: int = 3, pause: float = 0.3, **shares: float) -> None:
        """Files until told to stop."""

        async def agent() -> None:
            while not stop.is_set():
                await self.one(pause, **shares)

        await asyncio.gather(*(agent() for _ in range(at_once)))
        await self.finish()

    async def finish(self) -> None:
        """Waits for what the agents still had to do."""
        while self._later:
            await asyncio.gather(*tuple(self._later))

    async def one(self, pause: float = 0.0, **shares: float) -> None:
        """One dispute, and what may be done about it soon after."""
        dispute_id = await self.file()
        if dispute_id is None:
            return
        doing: dict[str, Callable[[str], Awaitable[None]]] = {
            "message": self.write,
            "wish": self.wish,
            "resolve": self.resolve,
        }
        for name, work in doing.items():
            if self._rng.random() < shares.get(name, 0.0):
                self._soon(work, dispute_id, self._rng.uniform(0.3, 9.0 if name == "resolve" else 1.5))
        await asyncio.sleep(pause)

    async def file(self) -> str | None:
        self._number += 1
        key = f"key-{self._number}-{self._rng.getrandbits(40):010x}"
        self.log.sent.add(key)
        body = {
            "customer": {"name": "Robin Example", "email": f"{key}@customer.example"},
            "subject": key,
            "description": "I was charged twice for the same order and want the second payment back.",
        }
        reply = await self._post("/v1/disputes", body, key)
        if reply is None:
            return None
        self.log.filed[key] = reply["id"]
        return str(reply["id"])

    async def write(self, dispute_id: str) -> None:
        key = f"message-{self._rng.getrandbits(64):016x}"
        body = {"direction": "in", "body": key, "channel": "api"}
        if await self._post(f"/v1/disputes/{dispute_id}/messages", body, key) is not None:
            self.log.messages[key] = dispute_id

    async def wish(self, dispute_id: str) -> None:
        key = f"wish-{self._rng.getrandbits(64):016x}"
        if await self._post(f"/v1/disputes/{dispute_id}/escalate", {"reason": "Asked for."}, key, also=(409,)):
            self.log.wishes += 1

    async def resolve(self, dispute_id: str) -> None:
        key = f"resolve-{self._rng.getrandbits(64):016x}"
        body = {"outcome": "upheld", "explanation": "The second payment was given back."}
        if await self._post(f"/v1/disputes/{dispute_id}/resolve", body, key) is not None:
            self.log.resolved.add(dispute_id)

    async def _post(self, path: str, body: dict[str, Any], key: str, also: tuple[int, ...] = ()) -> Any:
        """The reply to a request that is sent until it is answered; None when it was refused for good."""
        deadline = asyncio.get_running_loop().time() + GIVE_UP_SECONDS
        last = ""
        while asyncio.get_running_loop().time() < deadline:
            try:
                reply = await self._client.post(path, json=body, headers={"idempotency-key": key})
            except httpx.HTTPError as error:
                last = type(error).__name__
            else:
                if reply.is_success:
                    self.log.replayed += "idempotent-replayed" in reply.headers
                    return reply.json()
                last = f"{reply.status_code} {reply.text[:200]}"
                if reply.status_code in also and "in_flight" not in reply.text:
                    return None
                if reply.status_code not in TRY_AGAIN:
                    break
            self.log.retries += 1
            await asyncio.sleep(RETRY_SECONDS * (1 + self._rng.random()))
        self.log.surprises.append(f"{path}: {last}")
        return None

    def _soon(self, work: Callable[[str], Awaitable[None]], dispute_id: str, seconds: float) -> None:
        async def later() -> None:
            await asyncio.sleep(seconds)
            await work(dispute_id)

        task = asyncio.create_task(later())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _at_once(self, count: int, at_once: int, work: Callable[[], Awaitable[None]]) -> None:
        left = iter(range(count))

        async def agent() -> None:
            for _ in left:
                await work()

        await asyncio.gather(*(agent() for _ in range(at_once)))
        await self.finish()
