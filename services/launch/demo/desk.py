"""The helpdesk, its agents and its customers, as the product's API sees them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from services.launch.demo.api import PATIENCE_SECONDS, Api
from services.launch.demo.doors import Endpoint, delivery, link_to
from services.launch.demo.scenario import Case

POLL_SECONDS: Final = 0.2
LETTER_SECONDS: Final = 12.0

T = TypeVar("T")


class DemoBroken(Exception):
    """The product did not do what the scenario waits for; says what."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An action that the product refused, by the code of its problem."""

    code: str
    detail: str


class Desk:
    """What people do with disputes. `letters` is the folder to which the product writes its mail."""

    def __init__(self, api: Api, letters: Path, endpoints: Mapping[str, Endpoint]) -> None:
        self._api = api
        self._letters = letters
        self._endpoints = endpoints

    async def get(self, path: str, *, by: str = "screen", **query: Any) -> dict[str, Any]:
        """What a GET answers; raises httpx.HTTPStatusError."""
        return await self._api.get(path, by=by, **query)

    async def act(self, dispute_id: str, verb: str, *, by: str, **body: Any) -> Refused | None:
        """An action on a dispute; None when done. Raises httpx.HTTPStatusError for what no scenario expects."""
        reply = await self._api.post(f"/v1/disputes/{dispute_id}/{verb}", body, by=by)
        if reply.status_code in (403, 409):
            problem = reply.json()
            return Refused(problem["code"], problem["detail"])
        reply.raise_for_status()
        return None

    async def file(self, case: Case) -> str:
        """Files a case through its door; returns the dispute's id."""
        if case.door == "api":
            filed = await self._api.post("/v1/disputes", case.body(), by="helpdesk")
            return str(filed.raise_for_status().json()["id"])
        endpoint = self._endpoints[case.door]
        sent = delivery(case, endpoint)
        reply = await self._api.ask("POST", endpoint.path, by=None, content=sent.body, headers=sent.headers)
        delivery_id = reply.raise_for_status().json()["id"]
        return await until(lambda: self._became(delivery_id), f"the {case.door} delivery becomes a dispute")

    async def answer_in_portal(self, case: Case, *, solved: bool) -> None:
        """The customer opens the link in the follow-up letter and presses the button.

        Nothing when no letter comes for some seconds: on a busy machine silence may close the case before it is written.
        """
        look, deadline = partial(link_to, case.email, self._letters), time.monotonic() + LETTER_SECONDS
        while (link := await asyncio.to_thread(look)) is None:
            if time.monotonic() > deadline:
                return
            await asyncio.sleep(POLL_SECONDS)
        answer = {"answer": "solved", "rating": "5"} if solved else {"answer": "not_solved", "rating": "2"}
        (await self._api.ask("POST", link, by=None, data=answer)).raise_for_status()

    async def _became(self, delivery_id: str) -> str | None:
        found = await self.get(f"/v1/inbound-deliveries/{delivery_id}", by="admin")
        dispute_id: str | None = found["dispute_id"]
        return dispute_id


async def until(look: Callable[[], Awaitable[T | None]], wanted: str) -> T:
    """The first answer that is not None; raises DemoBroken when there is none for too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = await look()
        if found is not None:
            return found
        await asyncio.sleep(POLL_SECONDS)
    raise DemoBroken(f"Waited {PATIENCE_SECONDS:g} s in vain until {wanted}.")
