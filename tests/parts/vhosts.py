"""A RabbitMQ of one's own for every test: one private node, many virtual hosts, made a batch at a time."""

import asyncio
import itertools
from pathlib import Path
from typing import Final

from tests.parts.rabbitmq import RabbitCluster

# rabbitmqctl costs more than half a second whatever it does, a virtual host a few hundredths.
BATCH: Final = 8
LOW: Final = 3
MAKE: Final = """
[begin
  rabbit_vhost:add(Name, <<"tests">>),
  rabbit_auth_backend_internal:set_permissions(<<"guest">>, Name, <<".*">>, <<".*">>, <<".*">>, <<"tests">>)
end || Name <- [{names}]].
"""


class VirtualHosts:
    """One node, started at the first request; nobody is given the same virtual host twice."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._cluster: RabbitCluster | None = None
        self._numbers = itertools.count(1)
        self._ready: list[str] = []
        self._one_at_a_time = asyncio.Lock()
        self._refill: asyncio.Task[None] | None = None

    async def take(self, _argument: str = "") -> str:
        """The AMQP URL of an empty virtual host."""
        if not self._ready:
            await self._fill()
        vhost = self._ready.pop(0)
        if len(self._ready) < LOW and (self._refill is None or self._refill.done()):
            self._refill = asyncio.create_task(self._fill())
        return (await self._running()).nodes[0].url(vhost)

    async def close(self) -> None:
        if self._refill is not None:
            self._refill.cancel()
            await asyncio.gather(self._refill, return_exceptions=True)
        if self._cluster is not None:
            await self._cluster.stop()

    async def _fill(self) -> None:
        async with self._one_at_a_time:
            if len(self._ready) >= LOW:
                return  # another request filled it meanwhile
            cluster = await self._running()
            names = [f"test-{next(self._numbers)}" for _ in range(BATCH)]
            quoted = ", ".join(f'<<"{name}">>' for name in names)
            answer = (await cluster.nodes[0].ctl("eval", MAKE.format(names=quoted))).strip()
            if answer.count("ok") != BATCH:
                raise RuntimeError(f"RabbitMQ did not make the virtual hosts: {answer}")
            self._ready += names

    async def _running(self) -> RabbitCluster:
        if self._cluster is None:
            self._home.mkdir(parents=True)
            cluster = RabbitCluster(1, self._home)
            await cluster.start()
            self._cluster = cluster
        return self._cluster
