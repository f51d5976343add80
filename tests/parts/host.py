"""One PostgreSQL and one RabbitMQ for a whole test run, started when the first test asks, whichever worker it is in.

The pytest process that was started by hand hosts the parts in a thread; it and the xdist workers reach them through a
loopback socket named in the environment. Whatever ends that process ends the parts too.
"""

import asyncio
import hmac
import json
import os
import secrets
import shutil
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Final

from tests.parts.databases import Databases
from tests.parts.scratch import make_scratch
from tests.parts.vhosts import VirtualHosts

ADDRESS: Final = "RECOURSE_TEST_PARTS"
REPLY_SECONDS_MAX: Final = 90.0


class PartUnavailableError(RuntimeError):
    """The host could not supply a part; the message is its reason."""


class PartsHost:
    """Serves `ask` until closed; costs nothing until asked."""

    def __init__(self) -> None:
        self._home = make_scratch()
        self._databases = Databases(self._home / "pg")
        self._vhosts = VirtualHosts(self._home / "mq")
        self._token = secrets.token_hex(16)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="parts", daemon=True)

    def open(self) -> None:
        self._thread.start()
        port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        os.environ[ADDRESS] = f"{port} {self._token}"

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._stop_parts(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        shutil.rmtree(self._home, ignore_errors=True)

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _stop_parts(self) -> None:
        self._server.close()
        await asyncio.gather(self._databases.close(), self._vhosts.close())
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            token, verb, argument = json.loads(await reader.readline())
            if hmac.compare_digest(token, self._token):
                writer.write(json.dumps(await self._answer(verb, argument)).encode() + b"\n")
                await writer.drain()
        finally:
            writer.close()

    async def _answer(self, verb: str, argument: str) -> dict[str, str]:
        verbs: dict[str, Callable[[str], Awaitable[str]]] = {
            "create database": self._databases.create,
            "drop database": self._databases.drop,
            "server": self._databases.server,
            "vhost": self._vhosts.take,
        }
        try:
            return {"value": await verbs[verb](argument)}
        except Exception as problem:  # noqa: BLE001 - told to the test that asked, which fails with it
            return {"problem": f"{type(problem).__name__}: {problem}"}


def ask(verb: str, argument: str = "") -> str:
    """The host's answer; raises PartUnavailableError with its reason if it has none."""
    port, token = os.environ[ADDRESS].split()
    with socket.create_connection(("127.0.0.1", int(port)), timeout=REPLY_SECONDS_MAX) as line:
        line.sendall(json.dumps([token, verb, argument]).encode() + b"\n")
        with line.makefile() as replies:
            reply: dict[str, str] = json.loads(replies.readline())
    if "problem" in reply:
        raise PartUnavailableError(f"{verb}: {reply['problem']}")
    return reply["value"]
