"""The whole product over real complaints, mails and webhook bodies that lie outside the repository.

`python -m benchmarks.real_input --url http://127.0.0.1:8000 --key <admin key> --data ../shared/data` files every complaint
of `complaints/*.csv.gz` and sends every body of `fixtures/{email,slack,postmark}/dev` through its webhook. Prints what
became of them; nothing that anybody wrote is printed or kept. Ends with 1 when any answer was a 5xx.
"""

import argparse
import asyncio
import base64
import csv
import gzip
import hmac
import itertools
import secrets
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

CONCURRENCY: Final = 16
BATCH: Final = 200
TRIES_MAX: Final = 20
TEXT_LENGTH_MAX: Final = 20_000
SETTLED_SECONDS_MAX: Final = 300.0
FOLDERS: Final = {"email": "mime", "slack": "slack", "postmark": "postmark"}


@dataclass
class Tally:
    """What was seen."""

    statuses: Counter[int] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    needs_person: int = 0
    filed: int = 0
    retried: int = 0

    def take(self, told: dict[str, Any]) -> None:
        """One dispute that was filed."""
        self.filed += 1
        self.categories[told["category"]["name"]] += 1
        self.needs_person += told["category"]["needs_person"]


class Caller:
    """Calls the API, waits where it is told to, and counts every answer."""

    def __init__(self, client: httpx.AsyncClient, key: str) -> None:
        self._client = client
        self._key = {"authorization": f"Bearer {key}"}
        self.tally = Tally()

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer; 429 and 503 are asked again after the time they name."""
        more.setdefault("headers", self._key)
        for _ in range(TRIES_MAX):
            reply = await self._client.request(method, path, **more)
            self.tally.statuses[reply.status_code] += 1
            if reply.status_code not in (429, 503):
                break
            self.tally.retried += 1
            await asyncio.sleep(float(reply.headers.get("retry-after", "1")))
        return reply


def complaints(data: Path, limit: int | None) -> Iterator[dict[str, Any]]:
    """The bodies to file, at most `limit` from each file."""
    for path in sorted((data / "complaints").glob("*.csv.gz")):
        source = path.name.split(".")[0].replace("_", "-")
        with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
            for n, row in enumerate(itertools.islice(csv.DictReader(lines), limit)):
                text = (row.get("text") or "").strip()[:TEXT_LENGTH_MAX]
                if text:
                    yield body_of(f"{source}-{n}", text, row)


def body_of(name: str, text: str, row: dict[str, Any]) -> dict[str, Any]:
    """A dispute as the API takes it, of a customer of its own."""
    body = {
        "customer": {"name": f"Customer {name}", "email": f"{name}@real-input.test"},
        "subject": (text.splitlines()[0][:80].strip() or "complaint").replace("\t", " "),
        "description": text,
        "channel": "import",
        "metadata": {"source": name},
    }
    product = " ".join((row.get("product") or "").split())[:200]
    return body | ({"product": product} if product else {})


async def file_singly(caller: Caller, bodies: Iterable[dict[str, Any]]) -> None:
    """One request for each complaint, sixteen at a time."""

    async def lane(waiting: Iterator[dict[str, Any]]) -> None:
        for body in waiting:
            reply = await caller.call("POST", "/v1/disputes", json=body)
            if reply.status_code == 201:
                caller.tally.take(reply.json())

    shared = iter(bodies)
    await asyncio.gather(*(lane(shared) for _ in range(CONCURRENCY)))


async def file_in_batches(caller: Caller, bodies: Iterable[dict[str, Any]]) -> None:
    """Through the batch endpoint, one request after another."""
    waiting = iter(bodies)
    while batch := list(itertools.islice(waiting, BATCH)):
        reply = await caller.call("POST", "/v1/disputes/batch", json={"disputes": batch})
        for item in reply.json()["items"] if reply.status_code == 200 else ():
            if item["status"] == 201:
                caller.tally.take(item["dispute"])
            else:
                caller.tally.statuses[item["status"]] += 1


async def endpoint(caller: Caller, sender: str) -> dict[str, Any]:
    """A new endpoint with its secret."""
    body = {"sender": sender, "name": "real input"}
    if sender == "slack":
        body["secret"] = secrets.token_hex(16)
    reply = await caller.call("POST", "/v1/inbound-endpoints", json=body)
    reply.raise_for_status()
    told: dict[str, Any] = reply.json()
    return told


def signed(sender: str, secret: str, body: bytes) -> dict[str, str]:
    """The headers that make a body authentic."""
    if sender == "slack":
        at = str(int(time.time()))
        seal = hmac.digest(secret.encode(), f"v0:{at}:".encode() + body, "sha256").hex()
        return {"x-slack-request-timestamp": at, "x-slack-signature": f"v0={seal}"}
    if sender == "postmark":
        return {"authorization": "Basic " + base64.b64encode(secret.encode()).decode()}
    return {"authorization": f"Bearer {secret}", "content-type": "message/rfc822"}


async def deliver(caller: Caller, data: Path, folder: str) -> Counter[str]:
    """Sends every body of a folder and waits until all are settled; returns what became of them."""
    sender = FOLDERS[folder]
    mouth = await endpoint(caller, sender)
    outcomes: Counter[str] = Counter()
    for path in sorted((data / "fixtures" / folder / "dev").iterdir()):
        if path.name.endswith(".meta.json") or not path.is_file():
            continue
        body = path.read_bytes()
        reply = await caller.call("POST", mouth["path"], content=body, headers=signed(sender, mouth["secret"], body))
        told = reply.json() if reply.status_code == 200 else {}
        if told.get("status") != "stored":
            outcomes[told.get("status", "handshake" if "challenge" in told else f"answered {reply.status_code}")] += 1
    await settled(caller, mouth["id"])
    async for delivery in listed(caller, mouth["id"]):
        outcomes[delivery["state"]] += 1
    return outcomes


async def settled(caller: Caller, endpoint_id: str) -> None:
    """Waits until no delivery of the endpoint waits."""
    deadline = time.monotonic() + SETTLED_SECONDS_MAX
    while time.monotonic() < deadline:
        path = f"/v1/inbound-deliveries?state=stored&limit=1&endpoint_id={endpoint_id}"
        if not (await caller.call("GET", path)).json()["items"]:
            return
        await asyncio.sleep(0.5)


async def listed(caller: Caller, endpoint_id: str) -> AsyncIterator[dict[str, Any]]:
    """Every delivery of the endpoint."""
    cursor = ""
    while True:
        path = f"/v1/inbound-deliveries?limit=100&endpoint_id={endpoint_id}{cursor}"
        page = (await caller.call("GET", path)).json()
        for item in page["items"]:
            yield item
        if not page["has_more"]:
            return
        cursor = f"&cursor={page['next_cursor']}"


def tell(title: str, counts: Counter[Any]) -> None:
    print(title)
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        print(f"  {name!s:24} {count:8}")


async def measure(arguments: argparse.Namespace) -> int:
    data: Path = arguments.data
    async with httpx.AsyncClient(base_url=arguments.url, timeout=60) as client:
        caller = Caller(client, arguments.key)
        began = time.perf_counter()
        file_all = file_in_batches if arguments.batch else file_singly
        await file_all(caller, complaints(data, arguments.limit))
        seconds = time.perf_counter() - began
        tally = caller.tally
        print(f"filed {tally.filed} complaints in {seconds:.1f} s: {tally.filed / seconds:.0f} a second")
        tell("by category", tally.categories)
        if tally.filed:
            print(f"needs a person: {tally.needs_person / tally.filed:.1%}")
        for folder in FOLDERS:
            if (data / "fixtures" / folder / "dev").is_dir():
                tell(f"deliveries of {folder}", await deliver(caller, data, folder))
    tell("answers by status", tally.statuses)
    print(f"asked again after 429 or 503: {tally.retried}")
    return 1 if any(status >= 500 for status in tally.statuses) else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--key", required=True, help="an API key with the scope admin")
    parser.add_argument("--data", type=Path, default=Path("..") / "shared" / "data")
    parser.add_argument("--limit", type=int, help="at most so many complaints of each file")
    parser.add_argument("--batch", action="store_true", help="file through the batch endpoint")
    return asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
