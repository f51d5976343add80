"""Webhooks by the Standard Webhooks specification 1.0: signed, thin, tried for days, never redirected."""

import asyncio
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import httpcore
from standardwebhooks import Webhook

from services.notify.channels.address_guard import AddressRefusedError, GuardedBackend, Resolve, resolve
from services.notify.channels.ports import Handed, Outcome, Parcel, Signal, Terms

SCHEDULE: Final[Sequence[timedelta]] = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=n) for n in (2, 5, 10, 14, 20, 24)),
)
"""The specification's example schedule; the first attempt is made at once."""

CONNECT_SECONDS_MAX: Final = 5.0
RESPONSE_BYTES_MAX: Final = 16 * 1024
"""A little of the answer is read so that the connection can be kept; nothing of it is."""

RETRY_AFTER_MAX: Final = timedelta(hours=24)
THROTTLING: Final = frozenset({429, 502, 503, 504})
GONE: Final = 410
USER_AGENT: Final = "Recourse-Webhooks/1"


class WebhookChannel:
    """POSTs events to integrations. `Parcel.address` is the endpoint's URL."""

    def __init__(
        self,
        *,
        seconds_max: float = 15.0,
        per_endpoint: int = 4,
        allow_private: bool = False,
        resolver: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._seconds_max = seconds_max
        self._allow_private = allow_private
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or ssl.create_default_context(),
            max_connections=200,
            max_keepalive_connections=50,
            keepalive_expiry=30.0,
            network_backend=GuardedBackend(allow_private=allow_private, resolver=resolver),
        )
        self.terms: Final = Terms(SCHEDULE, at_once=128, per_recipient=per_endpoint, seconds_max=seconds_max + 5)

    async def send(self, parcel: Parcel) -> Handed:
        """One POST. Success is 2xx alone; a redirect is a failure; 410 says to send nothing more."""
        assert isinstance(parcel.content, Signal)
        problem = self._unusable(parcel.address)
        if problem is not None:
            return Handed(Outcome.FAILED, problem)
        body = parcel.content.body.encode()
        headers = signed_headers(parcel.delivery_id.hex, parcel.at, parcel.content)
        try:
            async with asyncio.timeout(self._seconds_max):
                return await self._post(parcel, headers, body)
        except AddressRefusedError:
            return Handed(Outcome.FAILED, "the name leads to an address that is not public")
        except (TimeoutError, httpcore.TimeoutException):
            return Handed(Outcome.UNKNOWN, f"no answer within {self._seconds_max:g} s")
        except (httpcore.ConnectError, httpcore.UnsupportedProtocol) as error:
            return Handed(Outcome.FAILED, f"no connection: {_why(error)}")
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            return Handed(Outcome.UNKNOWN, f"the connection was lost: {type(error).__name__}")

    async def close(self) -> None:
        """Closes every connection."""
        await self._pool.aclose()

    def _unusable(self, url: str) -> str | None:
        parts = urlsplit(url)
        if not parts.hostname or parts.scheme not in ("https", "http"):
            return "the URL names no web address"
        if parts.scheme == "http" and not self._allow_private:
            return "the URL is not https"
        return None

    async def _post(self, parcel: Parcel, headers: dict[str, str], body: bytes) -> Handed:
        limits = {"connect": CONNECT_SECONDS_MAX, "read": self._seconds_max, "write": self._seconds_max, "pool": 5.0}
        async with self._pool.stream(
            "POST", parcel.address, headers=list(headers.items()), content=body, extensions={"timeout": limits}
        ) as response:
            await _drain(response)
        return _handed(response.status, dict(response.headers), parcel.at)


def signed_headers(name: str, at: datetime, signal: Signal) -> dict[str, str]:
    """The headers of one attempt: the same `webhook-id` each time, the time of this one, a signature by every secret."""
    whole_second = at.replace(microsecond=0)
    identifier = f"evt_{name}"
    signatures = " ".join(Webhook(secret).sign(identifier, whole_second, signal.body) for secret in signal.secrets)
    return {
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        "webhook-id": identifier,
        "webhook-timestamp": str(int(whole_second.timestamp())),
        "webhook-signature": signatures,
    }


async def _drain(response: httpcore.Response) -> None:
    """Reads and forgets; an answer longer than the limit costs its sender the connection."""
    size = 0
    async for chunk in response.aiter_stream():
        size += len(chunk)
        if size > RESPONSE_BYTES_MAX:
            return


def _handed(status: int, headers: dict[bytes, bytes], at: datetime) -> Handed:
    detail = f"answered {status}"
    if 200 <= status < 300:
        return Handed(Outcome.SENT, detail)
    if status == GONE:
        return Handed(Outcome.GONE, detail)
    asked = retry_after(headers.get(b"retry-after", headers.get(b"Retry-After", b"")), at)
    return Handed(Outcome.FAILED, detail, asked if status in THROTTLING else None)


def retry_after(value: bytes, now: datetime) -> timedelta | None:
    """What a Retry-After header asks for, in seconds or as a date, within a day; None when it says nothing usable."""
    text = value.decode("ascii", "replace").strip()
    if text.isdecimal() and len(text) <= 9:
        return min(timedelta(seconds=int(text)), RETRY_AFTER_MAX)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    asked = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
    return min(max(asked, timedelta()), RETRY_AFTER_MAX)


def _why(error: Exception) -> str:
    """The class of a connection's failure; the system's own words may name an address."""
    cause = error.__cause__ or error.__context__
    return type(cause or error).__name__
