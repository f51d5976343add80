"""Before the desk opens: a key for everybody, an address for each sender of webhooks, and the hasty matrix."""

from collections.abc import Mapping
from typing import Any, Final

from services.launch.demo.api import Api
from services.launch.demo.doors import Endpoint

PEOPLE: Final = ("agent", "lead", "manager", "executive")
"""The role that acts for each tier, the front line first."""


async def open_desk(api: Api, matrix: Mapping[str, Any]) -> dict[str, Endpoint]:
    """Prepares everything as an administrator would; returns where webhooks of each sender are delivered.

    Raises:
        httpx.HTTPStatusError: the product refuses something of it.
    """
    reads, works = ["disputes:read"], ["disputes:read", "disputes:write", "cases:work"]
    await _person(api, "helpdesk", "integration", None, works[:2])
    await _person(api, "screen", "observer", None, reads)
    for tier, role in enumerate(PEOPLE, 1):
        await _person(api, role, role, tier, works)
    await _put_policy(api, matrix)
    return {sender: await _endpoint(api, sender) for sender in ("generic", "mime")}


async def _person(api: Api, name: str, role: str, tier: int | None, scopes: list[str]) -> None:
    body = {"name": f"Demo {name}", "role": role, "tier": tier}
    person = (await api.post("/v1/principals", body, by="admin")).raise_for_status().json()
    wanted = {"principal_id": person["id"], "name": "demo", "scopes": scopes}
    made = (await api.post("/v1/keys", wanted, by="admin")).raise_for_status().json()
    api.keys[name] = made["key"]


async def _endpoint(api: Api, sender: str) -> Endpoint:
    body = {"sender": sender, "name": f"Demo {sender}"}
    made = (await api.post("/v1/inbound-endpoints", body, by="admin")).raise_for_status().json()
    return Endpoint(made["path"], made["secret"])


async def _put_policy(api: Api, matrix: Mapping[str, Any]) -> None:
    present = (await api.ask("GET", "/v1/policies/escalation", by="admin")).raise_for_status()
    body = {"policy": matrix, "reason": "The days of the demo last seconds."}
    headers = {"if-match": present.headers["etag"]}
    (await api.ask("PUT", "/v1/policies/escalation", by="admin", json=body, headers=headers)).raise_for_status()
