"""Mail by SMTP: a few kept connections, and an answer that tells for now from for ever."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTP

from services.notify.channels.mime import House, compose, on_the_wire
from services.notify.channels.ports import Handed, Letter, Outcome, Parcel, Terms

SCHEDULE: Final[Sequence[timedelta]] = (
    *(timedelta(seconds=n) for n in (2, 10, 60)),
    *(timedelta(minutes=n) for n in (5, 15, 30)),
    *(timedelta(hours=n) for n in (1, 2, 4, 6, 8)),
)
"""Twelve attempts in some twenty-two hours: a mail server's bad day is survived, a promise a day late is not kept."""

CONNECT_SECONDS_MAX: Final = 10.0
IDLE_SECONDS_MAX: Final = 30.0
MESSAGES_PER_CONNECTION_MAX: Final = 200
PERMANENT: Final = range(500, 600)


def options(url: str) -> Mapping[str, Any]:
    """What a mail server's URL says, in aiosmtplib's words.

    Raises:
        ValueError: `starttls` or `verify` has a value that means nothing.
    """
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    tls = parts.scheme == "smtps"
    starttls = {"auto": None, "required": True, "never": False}
    chosen = query.get("starttls", "auto")
    if chosen not in starttls or query.get("verify", "true") not in ("true", "false"):
        raise ValueError("A mail server's URL takes starttls=auto|required|never and verify=true|false.")
    return {
        "hostname": parts.hostname,
        "port": parts.port or (465 if tls else 587 if starttls[chosen] else 25),
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "use_tls": tls,
        "start_tls": False if tls else starttls[chosen],
        "validate_certs": query.get("verify") != "false",
    }


@dataclass(slots=True)
class _Line:
    """One open connection, how much it has carried and since when it rests."""

    client: SMTP
    carried: int = 0
    rested_at: float = 0.0

    @property
    def fit(self) -> bool:
        fresh = time.monotonic() - self.rested_at < IDLE_SECONDS_MAX
        return self.client.is_connected and fresh and self.carried < MESSAGES_PER_CONNECTION_MAX


class EmailChannel:
    """Hands mail to one server. `address` must be one that `Parcel` carries for a person."""

    def __init__(self, url: str, house: House, *, connections: int = 8, reply_seconds_max: float = 20.0) -> None:
        self._house = house
        self._options = {**options(url), "timeout": reply_seconds_max, "local_hostname": house.domain}
        self._free: list[_Line] = []
        self._slots = asyncio.Semaphore(connections)
        seconds_max = CONNECT_SECONDS_MAX + 3 * reply_seconds_max
        self.terms: Final = Terms(SCHEDULE, at_once=connections, per_recipient=1000, seconds_max=seconds_max)

    async def send(self, parcel: Parcel) -> Handed:
        """One mail to one recipient. A connection that the server closed meanwhile is replaced once."""
        assert isinstance(parcel.content, Letter)
        try:
            mail = compose(parcel, parcel.content, self._house)
            recipient = on_the_wire(parcel.address)
        except ValueError:
            return Handed(Outcome.REFUSED, "the address cannot be used")
        envelope = _Envelope(self._house.bounces_to(parcel, parcel.content), recipient, mail)
        async with self._slots:
            used = await self._try_kept(envelope)
            return used if used is not None else await self._try_fresh(envelope)

    async def close(self) -> None:
        """Says goodbye on every resting connection."""
        lines, self._free = self._free, []
        await asyncio.gather(*(_goodbye(line.client) for line in lines))

    async def _try_kept(self, envelope: "_Envelope") -> Handed | None:
        """The answer on a kept connection; None when there is none that still lives."""
        while self._free:
            line = self._free.pop()
            if not line.fit:
                line.client.close()
                continue
            handed = await self._carry(line, envelope)
            if handed.outcome is not Outcome.FAILED or line.client.is_connected or envelope.began:
                return handed
        return None

    async def _try_fresh(self, envelope: "_Envelope") -> Handed:
        client = SMTP(**self._options)
        try:
            await client.connect(timeout=CONNECT_SECONDS_MAX)
        except aiosmtplib.SMTPAuthenticationError as error:
            return Handed(Outcome.FAILED, f"the mail server refuses our name: {error.code}")
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return Handed(Outcome.FAILED, f"no connection to the mail server: {type(error).__name__}")
        return await self._carry(_Line(client), envelope)

    async def _carry(self, line: _Line, envelope: "_Envelope") -> Handed:
        line.carried += 1
        whole = False
        try:
            handed = await envelope.hand_over(line.client)
            whole = line.client.is_connected and (handed.outcome is Outcome.SENT or await _rewound(line.client))
        finally:
            if whole:
                line.rested_at = time.monotonic()
                self._free.append(line)
            else:
                line.client.close()
        return handed


class _Envelope:
    """One SMTP transaction; remembers whether the message itself had begun to travel."""

    def __init__(self, sender: str, recipient: str, mail: bytes) -> None:
        self._sender, self._recipient, self._mail = sender, recipient, mail
        self._utf8 = not recipient.isascii()
        self.began = False

    async def hand_over(self, client: SMTP) -> Handed:
        try:
            return await self._transaction(client)
        except aiosmtplib.SMTPResponseException as error:
            # The server's own words may quote the address, so only its codes are kept.
            outcome = Outcome.REFUSED if error.code in PERMANENT and not _about_us(error) else Outcome.FAILED
            return Handed(outcome, f"the mail server answered {error.code} {_enhanced(error.message)}".rstrip())
        except (aiosmtplib.SMTPException, OSError) as error:
            lost = Outcome.UNKNOWN if self.began else Outcome.FAILED
            return Handed(lost, f"the connection was lost: {type(error).__name__}")

    async def _transaction(self, client: SMTP) -> Handed:
        encoding = "utf-8" if self._utf8 else "ascii"
        if self._utf8 and not client.supports_extension("smtputf8"):
            return Handed(Outcome.REFUSED, "the mail server cannot carry this address")
        flags = ["SMTPUTF8", "BODY=8BITMIME"] if self._utf8 else []
        await client.mail(self._sender, options=flags, encoding=encoding)
        await client.rcpt(self._recipient, encoding=encoding)
        self.began = True
        reply = await client.data(self._mail)
        return Handed(Outcome.SENT, f"the mail server answered {reply.code}")


def _about_us(error: aiosmtplib.SMTPResponseException) -> bool:
    """Whether a 5xx is about our connection, not about this mail: refused senders and logins are mended by operators."""
    return isinstance(
        error, aiosmtplib.SMTPSenderRefused | aiosmtplib.SMTPAuthenticationError | aiosmtplib.SMTPHeloError
    )


def _enhanced(message: str) -> str:
    """The enhanced status code (RFC 3463) that a reply begins with."""
    word = message.partition(" ")[0]
    return word if len(word) <= 9 and word.replace(".", "").isdigit() and word.count(".") == 2 else ""


async def _rewound(client: SMTP) -> bool:
    """Clears what a refused message left behind, so that the connection can be used again."""
    try:
        await client.rset()
    except (aiosmtplib.SMTPException, OSError):
        return False
    return True


async def _goodbye(client: SMTP) -> None:
    try:
        await client.quit(timeout=1.0)
    except (aiosmtplib.SMTPException, OSError):
        client.close()
