"""What every channel promises, whichever it is: a named parcel handed over, an answer to everything, nothing raised."""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from email.headerregistry import Address
from pathlib import Path
from uuid import uuid4

import pytest

from services.notify.channels import REGISTRY
from services.notify.channels.email import EmailChannel
from services.notify.channels.folder import FolderChannel
from services.notify.channels.mime import House
from services.notify.channels.ports import Channel, Letter, Outcome, Parcel, Signal
from services.notify.channels.webhook import WebhookChannel
from shared.runtime.sealing import Sealer
from tests.builders import MONDAY_NINE, SECRET_KEY
from tests.parts.smtp_sink import SmtpSink
from tests.services.notify.outside import a_receiver

HOUSE = House(Sealer(SECRET_KEY), Address("Kettle House", "care", "kettle.test"), "kettle.test")
LETTER = Letter(subject="About your complaint", text="Hello.\n", html="<p>Hello.</p>\n", language="en")
SIGNAL = Signal(body='{"type": "x"}', secrets=("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",))


@dataclass(frozen=True)
class Bench:
    """A channel, a parcel it can hand over, one it cannot, and the names under which the other side has seen parcels."""

    channel: Channel
    parcel: Parcel
    hopeless: Parcel
    seen: Callable[[], list[str]]


def a_parcel(address: str, content: Letter | Signal) -> Parcel:
    return Parcel(
        delivery_id=uuid4(), dispute_id=uuid4(), recipient="customer", address=address, at=MONDAY_NINE, content=content
    )


@contextlib.asynccontextmanager
async def smtp(sink: SmtpSink, tmp_path: Path) -> AsyncIterator[Bench]:
    parcel = a_parcel("ada@example.test", LETTER)
    hopeless = replace(parcel, address="ada@example.test\r\nBcc: eve@example.test")
    yield Bench(
        EmailChannel(sink.url, HOUSE),
        parcel,
        hopeless,
        lambda: [str(each.message["Message-ID"]) for each in sink.messages()],
    )


@contextlib.asynccontextmanager
async def folder(sink: SmtpSink, tmp_path: Path) -> AsyncIterator[Bench]:
    parcel = a_parcel("ada@example.test", LETTER)
    hopeless = replace(parcel, address="ada@@example.test")
    yield Bench(
        FolderChannel(tmp_path / "mail", HOUSE),
        parcel,
        hopeless,
        lambda: [path.name for path in (tmp_path / "mail").iterdir()] * 2,
    )


@contextlib.asynccontextmanager
async def webhook(sink: SmtpSink, tmp_path: Path) -> AsyncIterator[Bench]:
    async with a_receiver() as receiver:
        parcel = a_parcel(receiver.url(), SIGNAL)
        yield Bench(
            WebhookChannel(allow_private=True),
            parcel,
            replace(parcel, address="gopher://127.0.0.1/"),
            lambda: [hook.headers["webhook-id"] for hook in receiver.hooks],
        )


Open = Callable[[SmtpSink, Path], AbstractAsyncContextManager[Bench]]
BENCHES: tuple[Open, ...] = (smtp, folder, webhook)


@pytest.fixture(params=BENCHES, ids=lambda each: each.__name__)
async def bench(request: pytest.FixtureRequest, smtp_sink: SmtpSink, tmp_path: Path) -> AsyncIterator[Bench]:
    async with request.param(smtp_sink, tmp_path) as made:
        yield made
        await made.channel.close()


async def test_a_parcel_is_handed_over(bench: Bench) -> None:
    handed = await bench.channel.send(bench.parcel)
    assert handed.outcome is Outcome.SENT
    assert bench.seen()


async def test_the_same_parcel_comes_under_the_same_name_at_every_attempt(bench: Bench) -> None:
    for _ in range(2):
        await bench.channel.send(bench.parcel)
    assert len(bench.seen()) == 2
    assert len(set(bench.seen())) == 1


async def test_what_cannot_be_handed_over_is_answered_and_not_raised(bench: Bench) -> None:
    handed = await bench.channel.send(bench.hopeless)
    assert handed.outcome in (Outcome.REFUSED, Outcome.FAILED)
    assert bench.hopeless.address not in handed.detail
    assert (await bench.channel.send(bench.parcel)).outcome is Outcome.SENT


async def test_the_terms_have_limits_and_the_schedule_ends(bench: Bench) -> None:
    terms = bench.channel.terms
    assert terms.per_recipient > 0
    assert 0 < terms.at_once <= 1000
    assert 0 < terms.seconds_max <= 120
    assert list(terms.schedule) == sorted(terms.schedule)
    assert len(terms.schedule) >= 5


async def test_it_can_be_closed_twice(bench: Bench) -> None:
    await bench.channel.send(bench.parcel)
    await bench.channel.close()
    await bench.channel.close()


def test_every_registered_channel_is_tested_here() -> None:
    assert set(REGISTRY) == {"email", "webhook"}
