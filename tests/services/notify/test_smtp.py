"""Mail over a real SMTP server that misbehaves: now is told from for ever, and a mail never changes its name."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.headerregistry import Address
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.channels.email import EmailChannel, options
from services.notify.channels.mime import House, compose
from services.notify.channels.ports import Letter, Outcome, Parcel
from shared.messages.links import SentMessage, read_message_id, read_reply_address
from tests.builders import MONDAY_NINE
from tests.parts.smtp_sink import Behaviour, SmtpSink
from tests.services.notify.dying import killed_while_sending
from tests.services.notify.material import SEALER, World, a_world, assigned
from tests.waiting import eventually

HOUSE = House(SEALER, Address("Kettle House", "care", "kettle.test"), "kettle.test")
ROOT = Path(__file__).resolve().parents[3]


def a_letter(**fields: object) -> Letter:
    given = {"subject": "About your complaint", "text": "Hello.\n", "html": "<p>Hello.</p>", "language": "en"}
    return Letter(**(given | fields))  # type: ignore[arg-type]  # the tests' own fields


def a_parcel(address: str = "ada@example.test", letter: Letter | None = None) -> Parcel:
    return Parcel(
        delivery_id=uuid4(),
        dispute_id=uuid4(),
        recipient="customer",
        address=address,
        at=MONDAY_NINE,
        content=letter or a_letter(),
    )


@pytest.fixture
async def channel(smtp_sink: SmtpSink) -> AsyncIterator[EmailChannel]:
    made = EmailChannel(smtp_sink.url, HOUSE, connections=2, reply_seconds_max=1.0)
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("behaviour", "outcome", "detail"),
    [
        ("refuse recipient", Outcome.REFUSED, "the mail server answered 550 5.1.1"),
        ("defer recipient", Outcome.FAILED, "the mail server answered 451 4.3.0"),
        ("refuse message", Outcome.REFUSED, "the mail server answered 554 5.6.0"),
        ("defer message", Outcome.FAILED, "the mail server answered 452 4.3.1"),
        ("hang", Outcome.UNKNOWN, "the connection was lost: SMTPReadTimeoutError"),
        ("drop", Outcome.UNKNOWN, "the connection was lost: SMTPServerDisconnected"),
        ("keep and drop", Outcome.UNKNOWN, "the connection was lost: SMTPServerDisconnected"),
    ],
)
async def test_now_is_told_from_for_ever_and_from_who_knows(
    smtp_sink: SmtpSink, channel: EmailChannel, behaviour: Behaviour, outcome: Outcome, detail: str
) -> None:
    smtp_sink.answer("ada@example.test", behaviour)
    handed = await channel.send(a_parcel())
    assert (handed.outcome, handed.detail) == (outcome, detail)
    assert (await channel.send(a_parcel("bob@example.test"))).outcome is Outcome.SENT


async def test_a_mail_that_arrived_unseen_comes_again_under_the_same_name(
    smtp_sink: SmtpSink, channel: EmailChannel
) -> None:
    smtp_sink.answer("ada@example.test", "keep and drop", times=1)
    parcel = a_parcel()
    assert (await channel.send(parcel)).outcome is Outcome.UNKNOWN
    assert (await channel.send(parcel)).outcome is Outcome.SENT
    first, second = (each.message["Message-ID"] for each in smtp_sink.messages())
    assert first == second


async def test_no_server_is_a_failure_to_be_tried_again() -> None:
    channel = EmailChannel("smtp://127.0.0.1:9", HOUSE)
    handed = await channel.send(a_parcel())
    assert handed.outcome is Outcome.FAILED


async def test_connections_are_kept_and_few(smtp_sink: SmtpSink, channel: EmailChannel) -> None:
    answers = await asyncio.gather(*(channel.send(a_parcel(f"c{n}@example.test")) for n in range(40)))
    assert {each.outcome for each in answers} == {Outcome.SENT}
    assert len(smtp_sink.messages()) == 40
    assert 1 <= len(channel._free) <= 2


async def test_a_connection_the_server_closed_meanwhile_costs_nothing(
    smtp_sink: SmtpSink, channel: EmailChannel
) -> None:
    await channel.send(a_parcel())
    for line in channel._free:
        assert isinstance(line.client.transport, asyncio.Transport)
        line.client.transport.abort()
    assert (await channel.send(a_parcel())).outcome is Outcome.SENT


async def test_a_mail_carries_what_keeps_threads_together_and_robots_quiet(
    smtp_sink: SmtpSink, channel: EmailChannel
) -> None:
    letter = a_letter(in_reply_to="<b@c.test>", references=("<a@c.test>", "<b@c.test>"), to_name="Zoë Ångström")
    parcel = a_parcel(letter=letter)
    await channel.send(parcel)
    (kept,) = smtp_sink.messages()
    mail = kept.message
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["In-Reply-To"] == "<b@c.test>"
    assert mail["References"].split() == ["<a@c.test>", "<b@c.test>"]
    assert str(mail["To"]) == "Zoë Ångström <ada@example.test>"
    assert str(mail["From"]) == "Kettle House <care@kettle.test>"
    assert mail["Date"].datetime == MONDAY_NINE
    assert not [name for name in mail if name.lower().startswith("list-")]
    assert read_message_id(SEALER, mail["Message-ID"]) == SentMessage(parcel.dispute_id, parcel.delivery_id)
    assert read_reply_address(SEALER, mail["Reply-To"].addresses[0].addr_spec) == parcel.dispute_id
    assert read_reply_address(SEALER, kept.sender) == parcel.dispute_id, "a bounce finds its dispute"


async def test_a_persons_letter_is_not_called_automatic_and_a_memo_asks_for_no_answer(
    smtp_sink: SmtpSink, channel: EmailChannel
) -> None:
    await channel.send(a_parcel(letter=a_letter(automatic=False)))
    await channel.send(a_parcel(letter=a_letter(internal=True, urgent=True)))
    person, memo = smtp_sink.messages()
    assert person.message["Auto-Submitted"] is None
    assert memo.message["Auto-Submitted"] == "auto-generated"
    assert memo.message["Reply-To"] is None
    assert memo.message["Importance"] == "high"
    assert memo.sender == "care@kettle.test"


@pytest.mark.parametrize(("setting", "expected"), [("<>", "<>"), ("bounces@kettle.test", "bounces@kettle.test")])
async def test_the_envelope_sender_can_be_chosen(smtp_sink: SmtpSink, setting: str, expected: str) -> None:
    house = House(SEALER, HOUSE.sender, "kettle.test", envelope_sender=setting)
    channel = EmailChannel(smtp_sink.url, house)
    await channel.send(a_parcel())
    await channel.close()
    assert smtp_sink.messages()[0].sender == expected


async def test_international_addresses_are_carried(smtp_sink: SmtpSink, channel: EmailChannel) -> None:
    assert (await channel.send(a_parcel("zoë@bücher.test"))).outcome is Outcome.SENT
    assert smtp_sink.messages()[0].recipients == ("zoë@xn--bcher-kva.test",)
    assert "zoë@xn--bcher-kva.test" in smtp_sink.messages()[0].raw


@pytest.mark.parametrize(
    "address",
    ["", "@", "ada", "ada@", "@x.test", "a b@x.test", "a@b@c.test", "<a@x.test>", "a@x.test, b@y.test", "a..b@x.test",
     "a@x..test", "a@x.test\r\nRCPT TO:<b@y.test>", "a@" + "x" * 70 + ".test", '"a b"@x.test'],
)  # fmt: skip
async def test_what_is_no_address_is_refused_and_never_reaches_the_server(
    smtp_sink: SmtpSink, channel: EmailChannel, address: str
) -> None:
    assert (await channel.send(a_parcel(address))).outcome is Outcome.REFUSED
    assert smtp_sink.messages() == []


NASTY = st.text(max_size=60) | st.sampled_from(
    [
        "x\r\nBcc: eve@example.test",
        "a\nb",
        "\r",
        "\u2028X-Evil: 1",
        "=?utf-8?q?x?=",
        '"quoted" <a@b>',
        "\x00",
        "é" * 300,
    ]
)


@given(subject=NASTY, name=NASTY, reference=NASTY, text=st.text(max_size=300))
def test_nothing_a_customer_wrote_becomes_a_header(subject: str, name: str, reference: str, text: str) -> None:
    letter = a_letter(
        subject=subject, to_name=name, in_reply_to=reference, references=(reference,), text=text, html=text
    )
    parcel = a_parcel(letter=letter)
    raw = compose(parcel, letter, HOUSE)
    head = raw.partition(b"\r\n\r\n")[0]
    names = re.findall(rb"^([!-9;-~]+):", head, re.MULTILINE)
    allowed = {
        b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Content-Language", b"Reply-To", b"Auto-Submitted",
        b"X-Auto-Response-Suppress", b"In-Reply-To", b"References", b"MIME-Version", b"Content-Type",
    }  # fmt: skip
    assert set(names) <= allowed
    assert len(names) == len(set(names))
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")


@given(
    text=st.text(
        alphabet=st.characters(
            blacklist_categories=["Cs"], blacklist_characters="\r\x85\x0b\x0c\x1c\x1d\x1e\u2028\u2029"
        ),
        max_size=400,
    )
)
def test_the_words_arrive_as_written(text: str) -> None:
    letter = a_letter(text=text, html=f"<p>{text}</p>")
    mail = message_from_bytes(compose(a_parcel(letter=letter), letter, HOUSE), policy=policy.default)
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n").rstrip("\n") == text.rstrip("\n")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.test", {"port": 25, "use_tls": False, "start_tls": None, "validate_certs": True}),
        ("smtp://mail.test?starttls=required", {"port": 587, "use_tls": False, "start_tls": True}),
        (
            "smtp://mail.test:2525?starttls=never&verify=false",
            {"port": 2525, "start_tls": False, "validate_certs": False},
        ),
        ("smtps://a%40b:p%3Aq@mail.test", {"port": 465, "use_tls": True, "username": "a@b", "password": "p:q"}),
    ],
)
def test_the_servers_url_says_how_to_reach_it(url: str, expected: dict[str, object]) -> None:
    assert expected.items() <= options(url).items()


def test_a_url_that_says_nothing_clear_is_refused() -> None:
    with pytest.raises(ValueError, match="starttls=auto"):
        options("smtp://mail.test?starttls=maybe")


async def test_an_acknowledgement_of_a_mail_hangs_on_that_mail(database: str, smtp_sink: SmtpSink) -> None:
    async with a_world(database, smtp_url=smtp_sink.url) as world:
        dispute = await world.file(channel="email")
        await _arrived(world, dispute.id, "first@customer.test", "<second@customer.test>", "evil\r\nBcc: x@y>")
        async with world.sending():
            await world.happen(dispute, assigned())
            await eventually(lambda: smtp_sink.messages("ada@example.org"))
    mail = smtp_sink.messages("ada@example.org")[0].message
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["References"].split()[-2:] == ["<first@customer.test>", "<second@customer.test>"]
    assert mail["Bcc"] is None


async def _arrived(world: World, dispute_id: UUID, *keys: str) -> None:
    async with world.database.transaction() as tx:
        for key in keys:
            await tx.raw.execute(
                "insert into thread (kind, key, dispute_id, created_at) values ('mail', $1, $2, clock_timestamp())",
                key,
                dispute_id,
            )


DIES_AFTER_THE_YES = """
from services.notify.channels import email

carried = email._Envelope._transaction

async def dies_after_the_yes(self, client):
    await carried(self, client)
    os.kill(os.getpid(), signal.SIGKILL)

email._Envelope._transaction = dies_after_the_yes
"""


async def test_killed_between_the_servers_yes_and_our_record_the_mail_comes_again_under_the_same_name(
    database: str, smtp_sink: SmtpSink
) -> None:
    async with a_world(database, smtp_url=smtp_sink.url) as world:
        dispute = await world.file()
        await world.happen(dispute, assigned())
        await killed_while_sending(DIES_AFTER_THE_YES, database, smtp_url=smtp_sink.url)
        assert len(smtp_sink.messages()) >= 1
        assert {row["state"] for row in await world.deliveries()} == {"pending"}
        async with world.sending():
            world.later = timedelta(minutes=3)

            async def all_sent() -> bool:
                return {row["state"] for row in await world.deliveries()} == {"sent"}

            await eventually(all_sent)
        names = {str(each.message["Message-ID"]) for each in smtp_sink.messages()}
        assert len(names) == 2, "one for the customer, one for the handler, however often they came"
        assert len(smtp_sink.messages()) >= 3
        assert (await world.read(dispute)).acknowledged_at is not None
