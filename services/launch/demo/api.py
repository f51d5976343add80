"""Calls to the product's API as a good client makes them: by somebody, patiently, and never twice with effect."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

import httpx

PATIENCE_SECONDS: Final = 45.0
REST_SECONDS: Final = 0.5
BUSY: Final = (429, 503)


class Api:
    """The API as several callers see it; `keys` maps each caller to the text of its key."""

    def __init__(self, http: httpx.AsyncClient, keys: dict[str, str]) -> None:
        self._http = http
        self.keys = keys

    async def get(self, path: str, *, by: str, **query: Any) -> dict[str, Any]:
        """What a GET answers; raises httpx.HTTPStatusError."""
        found: dict[str, Any] = (await self.ask("GET", path, by=by, params=query)).raise_for_status().json()
        return found

    async def post(self, path: str, body: Any, *, by: str) -> httpx.Response:
        """The answer to a POST, which has its effect once however often it had to be repeated."""
        return await self.ask("POST", path, by=by, json=body, headers={"idempotency-key": str(uuid4())})

    async def ask(
        self, method: str, path: str, *, by: str | None, headers: Mapping[str, str] | None = None, **content: Any
    ) -> httpx.Response:
        """The answer; asked again while the product says that it is busy, for 45 seconds at most.

        Raises:
            httpx.TransportError: there was no answer at all, to the last.
        """
        sent = {**(headers or {}), **({} if by is None else {"authorization": f"Bearer {self.keys[by]}"})}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                reply = await self._http.request(method, path, headers=sent, **content)
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
            else:
                if reply.status_code not in BUSY or time.monotonic() > deadline:
                    return reply
            await asyncio.sleep(REST_SECONDS)
