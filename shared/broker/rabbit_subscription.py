"""One queue's deliveries: gathered into batches, handed over, settled many at a time."""

import asyncio
import contextlib
import itertools
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final
from uuid import UUID

from aiormq.abc import AbstractChannel, AbstractConnection, DeliveredMessage

from shared.broker.ports import DRAIN_SECONDS_MAX, RETURN, Fate, Receive, Received
from shared.broker.rabbit_link import TROUBLE, attempt
from shared.broker.rabbit_topology import RPC_SECONDS_MAX
from shared.runtime.logs import logger

log = logger(__name__)

LINGER_SECONDS: Final = 0.002
"""How long a batch waits for company, and again as often as company came, up to LINGERS_MAX times."""

LINGERS_MAX: Final = 5

AHEAD: Final = 2
"""How many batches the broker may send before the first is settled, so that the next is here when it is."""

HOLD_SECONDS_MAX: Final = 600.0
"""How long returned messages are held here before the broker gets them back, which counts towards its delivery limit."""

_PAUSE_SECONDS: Final = 0.1
_PAUSE_SECONDS_MAX: Final = 5.0
_CANCEL_SECONDS_MAX: Final = 2.0


class Subscription:
    """Serves one queue over any number of connections; a batch in flight outlives the connection it came by."""

    def __init__(self, queue_name: str, prefetch: int, receive: Receive, *, changed: Callable[[], None]) -> None:
        """`changed` is called when the broker ended the delivery."""
        self.queue_name: Final = queue_name
        self._prefetch = prefetch
        self._receive = receive
        self._changed = changed
        self._channel: AbstractChannel | None = None
        self._tag: str | None = None
        self._buffer: deque[DeliveredMessage] = deque()
        self._arrived = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task = asyncio.create_task(self._serve(), name=f"{queue_name} consumer")

    @property
    def attached(self) -> bool:
        """Whether deliveries come, as far as this side can tell."""
        channel = self._channel
        return channel is not None and not channel.is_closed and self._tag in getattr(channel, "consumers", {})

    async def attach(self, connection: AbstractConnection) -> None:
        """Has the queue delivered over this connection. Raises what the client library raises."""
        channel = await connection.channel(publisher_confirms=False, timeout=RPC_SECONDS_MAX)
        channel.closing.add_done_callback(lambda _: self._changed())
        channel.on_consumer_cancel_callbacks.add(lambda _: self._changed())
        await channel.basic_qos(prefetch_count=self._prefetch * AHEAD, timeout=RPC_SECONDS_MAX)
        self._buffer.clear()  # what another connection brought comes again
        self._channel = channel
        answer = await channel.basic_consume(self.queue_name, self._on_delivery, timeout=RPC_SECONDS_MAX)
        self._tag = answer.consumer_tag

    async def stop(self) -> None:
        """Cancels the delivery, waits for the batch in flight, gives the rest back."""
        channel = self._channel
        if channel is not None and self._tag is not None:
            await attempt(channel.basic_cancel(self._tag, timeout=_CANCEL_SECONDS_MAX))
        self._stopping.set()
        self._arrived.set()
        await asyncio.wait([self._task], timeout=DRAIN_SECONDS_MAX)
        self._task.cancel()
        await asyncio.wait([self._task], timeout=_CANCEL_SECONDS_MAX)
        if self._buffer and channel is not None:
            await _settle(channel, list(self._buffer), [RETURN] * len(self._buffer))

    async def _on_delivery(self, message: DeliveredMessage) -> None:
        if message.channel is self._channel:
            self._buffer.append(message)
            self._arrived.set()

    async def _serve(self) -> None:
        while True:
            await self._arrived.wait()
            await self._gather()
            if self._stopping.is_set():
                return
            batch = [self._buffer.popleft() for _ in range(min(len(self._buffer), self._prefetch))]
            if not self._buffer:
                self._arrived.clear()
            if batch:
                await self._settled(batch[0].channel, batch)

    async def _gather(self) -> None:
        """Lets a batch grow for a moment, and for a few moments while it does grow."""
        for _ in range(LINGERS_MAX):
            before = len(self._buffer)
            if before >= self._prefetch or self._stopping.is_set():
                break
            await asyncio.sleep(LINGER_SECONDS)
            if len(self._buffer) == before:
                break

    async def _settled(self, channel: AbstractChannel, batch: Sequence[DeliveredMessage]) -> None:
        """Hands the batch over; again and again what comes back, as long as there is sense in it."""
        messages = [_received(each) for each in batch]
        fates: list[Fate] = [RETURN] * len(batch)
        pauses = _pauses()
        give_up_at = time.monotonic() + HOLD_SECONDS_MAX
        while not channel.is_closed:
            open_ = [n for n, fate in enumerate(fates) if fate == RETURN]
            for n, fate in zip(open_, await self._offer([messages[n] for n in open_]), strict=True):
                fates[n] = fate
            if RETURN not in fates or time.monotonic() > give_up_at or await self._stopped_within(next(pauses)):
                break
        await _settle(channel, batch, fates)

    async def _offer(self, messages: Sequence[Received]) -> Sequence[Fate]:
        try:
            return await self._receive(messages)
        except Exception as error:  # its fate is to be returned; one consumer must not end the others
            log.exception("consumer_raised", queue=self.queue_name, reason=type(error).__name__)
            return [RETURN] * len(messages)

    async def _stopped_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        return self._stopping.is_set()


async def _settle(channel: AbstractChannel, batch: Sequence[DeliveredMessage], fates: Sequence[Fate]) -> None:
    """Settles a run of equal fates with one frame: all earlier deliveries of the channel are settled by then."""
    if channel.is_closed:
        return  # the broker delivers them again, and the inbox knows them
    with contextlib.suppress(*TROUBLE):
        for name, run in itertools.groupby(zip(batch, fates, strict=True), key=lambda pair: pair[1].name):
            tag = list(run)[-1][0].delivery_tag
            assert tag is not None
            if name == "done":
                await channel.basic_ack(tag, multiple=True, wait=False)
            else:
                await channel.basic_nack(tag, multiple=True, requeue=name == "return", wait=False)


def _pauses() -> Iterator[float]:
    return (min(_PAUSE_SECONDS_MAX, math.ldexp(_PAUSE_SECONDS, min(n, 16))) for n in itertools.count())


def _received(message: DeliveredMessage) -> Received:
    properties = message.header.properties
    headers = properties.headers or {}
    return Received(
        id=_id(properties.message_id),
        # A dead letter comes under another routing key; its type is still its topic.
        topic=properties.message_type or message.routing_key or "",
        body=message.body,
        headers={key: value for key, value in headers.items() if isinstance(value, str)},
        redelivered=bool(message.redelivered),
    )


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
