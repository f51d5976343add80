"""A real SMTP server in a process of its own that keeps what it is sent and misbehaves on request.

Run as a module it prints its two ports and serves until its input closes. `SmtpSink` is the test's end of it.
"""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from dataclasses import asdict, dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final, Literal

Behaviour = Literal[
    "accept",
    "refuse recipient",  # 550 at RCPT: for ever
    "defer recipient",  # 451 at RCPT: try again later
    "refuse message",  # 554 after DATA
    "defer message",  # 452 after DATA
    "hang",  # no answer after DATA
    "drop",  # connection closed after DATA, message lost
    "keep and drop",  # message kept, connection closed before the answer: the sender cannot know
]
REPLIES: Final = {
    "refuse recipient": "550 5.1.1 no such mailbox",
    "defer recipient": "451 4.3.0 try again later",
    "refuse message": "554 5.6.0 message refused",
    "defer message": "452 4.3.1 mailbox full",
}
ROOT: Final = Path(__file__).resolve().parents[2]
MESSAGE_BYTES_MAX: Final = 20_000_000
ASK_SECONDS_MAX: Final = 10.0


@dataclass(frozen=True, slots=True)
class Received:
    """One message that the server took responsibility for, or kept before it dropped the line."""

    sender: str
    recipients: tuple[str, ...]
    raw: str

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw.encode("utf-8", "surrogateescape"), policy=policy.default)


class SmtpSink:
    """Starts the server process; `close` ends it. Recipients are matched whole or, without an @, by local part."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.parts.smtp_sink"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port, self._control = (int(word) for word in self._process.stdout.readline().split())

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def answer(self, recipient: str, behaviour: Behaviour, *, times: int | None = None) -> None:
        """From now on, or for the next `times` messages, treat mail to `recipient` this way."""
        self._ask({"do": "answer", "recipient": recipient, "behaviour": behaviour, "times": times})

    def messages(self, recipient: str | None = None) -> list[Received]:
        """Everything kept since the last `clear`, oldest first; only that to `recipient` if given."""
        kept = [Received(**{**entry, "recipients": tuple(entry["recipients"])}) for entry in self._ask({"do": "list"})]
        return [entry for entry in kept if recipient is None or recipient in entry.recipients]

    def clear(self) -> None:
        """Forget messages and behaviours; let go of connections that hang."""
        self._ask({"do": "clear"})

    def close(self) -> None:
        self._process.communicate(timeout=ASK_SECONDS_MAX)

    def _ask(self, question: dict[str, object]) -> list[dict[str, Any]]:
        with socket.create_connection(("127.0.0.1", self._control), timeout=ASK_SECONDS_MAX) as line:
            line.sendall(json.dumps(question).encode() + b"\n")
            with line.makefile() as replies:
                answer: list[dict[str, Any]] = json.loads(replies.readline())
        return answer


@dataclass(slots=True)
class _Rule:
    behaviour: str
    times: int | None


class _Sink:
    """The server's side; aiosmtpd calls `handle_*`."""

    def __init__(self) -> None:
        self._kept: list[Received] = []
        self._rules: dict[str, _Rule] = {}
        self._cleared = asyncio.Event()

    def _behaviour(self, recipient: str, stage: str) -> str:
        """The rule for `recipient` if it speaks at this stage; a rule with a count is used up by speaking."""
        rule = self._rules.get(recipient) or self._rules.get(recipient.split("@", maxsplit=1)[0])
        if rule is None or rule.times == 0 or rule.behaviour.endswith("recipient") != (stage == "recipient"):
            return "accept"
        if rule.times is not None:
            rule.times -= 1
        return rule.behaviour

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        behaviour = self._behaviour(address, "recipient")
        if behaviour in REPLIES:
            return REPLIES[behaviour]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        behaviours = [self._behaviour(recipient, "message") for recipient in envelope.rcpt_tos]
        worst = next((behaviour for behaviour in behaviours if behaviour != "accept"), "accept")
        if worst in ("accept", "keep and drop"):
            raw = envelope.original_content.decode("utf-8", "surrogateescape")
            self._kept.append(Received(envelope.mail_from, tuple(envelope.rcpt_tos), raw))
        if worst == "hang":
            await self._cleared.wait()
        if worst in ("hang", "drop", "keep and drop"):
            server.transport.abort()
        return REPLIES.get(worst, "250 2.0.0 kept")

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            question = json.loads(await reader.readline())
            writer.write(json.dumps(self._obey(question)).encode() + b"\n")
            await writer.drain()

    def _obey(self, question: dict[str, Any]) -> list[dict[str, Any]]:
        if question["do"] == "answer":
            self._rules[question["recipient"]] = _Rule(question["behaviour"], question["times"])
        elif question["do"] == "clear":
            self._kept.clear()
            self._rules.clear()
            self._cleared.set()
            self._cleared = asyncio.Event()
        return [asdict(entry) for entry in self._kept] if question["do"] == "list" else []


async def _serve() -> None:
    from aiosmtpd.smtp import SMTP

    sink = _Sink()
    loop = asyncio.get_running_loop()
    mail = await loop.create_server(
        lambda: SMTP(sink, enable_SMTPUTF8=True, data_size_limit=MESSAGE_BYTES_MAX, loop=loop), "127.0.0.1", 0
    )
    control = await asyncio.start_server(sink.control, "127.0.0.1", 0, limit=MESSAGE_BYTES_MAX)
    sys.stdout.write(f"{mail.sockets[0].getsockname()[1]} {control.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)  # until the test's end closes, in whatever way it ends


if __name__ == "__main__":
    asyncio.run(_serve())
