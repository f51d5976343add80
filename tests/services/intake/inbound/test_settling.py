"""What a message becomes: a dispute, a part of one, or nothing; and who may join whose case."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from services.intake.inbound.consumer import inbound_handler
from shared.db import erasure, outbox
from shared.db.disputes import get
from shared.domain.dispute import Wait
from shared.domain.lifecycle import Status
from shared.messages.envelope import Envelope, decode
from shared.messages.links import message_id, reply_address
from shared.runtime.ids import new_id
from tests.builders import MONDAY_NINE
from tests.samples import sample
from tests.services.intake.inbound.inlet import Inlet, Mouth, parts_with_categoriser

ADA = "ada.quill@customer.test"


def ours(inlet: Inlet, dispute_id: str | UUID) -> str:
    """A Message-ID of a mail that we sent about the dispute, without brackets."""
    return message_id(inlet.desk.parts.sealer, UUID(str(dispute_id)), new_id(), "shop.test").strip("<>")


def mail(**headers: str) -> bytes:
    """A short mail from Ada unless told otherwise."""
    given = {"From": f"Ada Quill <{ADA}>", "To": "support@shop.test", "Subject": "About my dispute"}
    given |= {name.replace("_", "-"): value for name, value in headers.items() if name != "body"}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value)
    return f"{head}\r\n{headers.get('body', 'The charge is still there.')}".encode()


@pytest.fixture
async def mime(inlet: Inlet) -> Mouth:
    return await inlet.open("mime", addresses=["support@shop.test"])


@pytest.fixture
async def filed(inlet: Inlet, mime: Mouth) -> str:
    """The dispute that Ada's complaint became."""
    told = await inlet.deliver(mime, sample("mail/complaint.eml"))
    assert told["state"] == "filed"
    return str(told["dispute_id"])


async def messages_of(inlet: Inlet, dispute_id: str) -> list[tuple[str, str, bool, bool]]:
    """Direction, author, internal and automatic of each message."""
    said = await inlet.said(dispute_id)
    return [(each["direction"], each["author"], each["internal"], each["automatic"]) for each in said]


async def test_a_mail_becomes_a_dispute_of_its_author(inlet: Inlet, filed: str) -> None:
    private = await inlet.private(filed)
    assert (private["name"], private["email"]) == ("Ada Quill", ADA)
    assert private["subject"] == "Charged twice for the blue kettle"
    assert "SO-7" in private["description"]
    async with inlet.db.transaction() as tx:
        dispute = await get(tx, UUID(filed))
    assert dispute.channel == "email"
    assert dispute.category.name == "billing_error"
    assert dispute.filed_by is None


async def test_two_mails_under_one_message_id_are_both_kept_and_two_disputes(
    inlet: Inlet, mime: Mouth, filed: str
) -> None:
    told = await inlet.deliver(mime, sample("mail/second_under_one_id.eml"))
    assert told["state"] == "filed"
    assert told["dispute_id"] != filed


async def test_the_same_mail_to_two_mailboxes_is_one_dispute(inlet: Inlet, filed: str) -> None:
    other = await inlet.open("mime")
    told = await inlet.deliver(other, b"Delivered-To: sales@shop.test\r\n" + sample("mail/complaint.eml"))
    assert (told["state"], told["dispute_id"]) == ("ignored", filed)


async def test_an_answer_to_our_message_joins_without_what_it_quotes(inlet: Inlet, mime: Mouth, filed: str) -> None:
    told = await inlet.deliver(mime, sample("mail/reply.eml", ORIGINAL_MESSAGE_ID=ours(inlet, filed)))
    assert (told["state"], told["dispute_id"]) == ("joined", filed)
    (said,) = await inlet.said(filed)
    assert said["body"] == "Here is the bank statement you asked for: it shows both charges."
    assert (said["direction"], said["author"], said["author_name"]) == ("in", "customer", "Ada Quill")
    assert str(said["inbound_delivery_id"]) == told["id"]


async def test_an_answer_ends_the_wait_for_the_customer(inlet: Inlet, mime: Mouth) -> None:
    waits = (Wait(MONDAY_NINE, None, "customer"),)
    waiting = await inlet.desk.dispute(status=Status.AWAITING_CUSTOMER, waits=waits)
    told = await inlet.deliver(mime, mail(In_Reply_To=f"<{ours(inlet, waiting.id)}>"))
    assert told["state"] == "joined"
    after = await inlet.desk.now(waiting.id)
    assert (after.status, after.contact_count) == (Status.INVESTIGATING, 2)


@pytest.mark.parametrize("header", ["To", "Cc", "Delivered-To", "X-Original-To"])
async def test_an_answer_to_the_signed_address_joins(inlet: Inlet, mime: Mouth, filed: str, header: str) -> None:
    address = reply_address(inlet.desk.parts.sealer, UUID(filed), "reply", "shop.test")
    told = await inlet.deliver(mime, mail(**{header: f"Shop <{address.upper()}>"}))
    assert (told["state"], told["dispute_id"]) == ("joined", filed)


async def test_the_signed_address_may_stand_in_the_envelope_alone(inlet: Inlet, mime: Mouth, filed: str) -> None:
    address = reply_address(inlet.desk.parts.sealer, UUID(filed), "reply", "shop.test", "=")
    told = await inlet.deliver(mime, mail(), x_envelope_to=f"<{address}>")
    assert (told["state"], told["dispute_id"]) == ("joined", filed)


async def test_nothing_joins_a_dispute_that_was_erased(inlet: Inlet, mime: Mouth, filed: str) -> None:
    """Neither a name that we signed nor its number leads to it any more: what is written now is a new matter."""
    async with inlet.desk.db.transaction() as tx:
        assert await erasure.erase(tx, [UUID(filed)])
        dispute = await get(tx, UUID(filed))
    address = reply_address(inlet.desk.parts.sealer, UUID(filed), "reply", "shop.test")
    told = await inlet.deliver(mime, mail(To=address, Subject=f"Re: {dispute.reference}"))
    assert told["state"] == "filed"
    assert told["dispute_id"] != filed


async def test_a_forged_reply_address_joins_nothing(inlet: Inlet, mime: Mouth, filed: str) -> None:
    forged = f"reply+{UUID(filed).hex}.aaaaaaaaaaaaaaaa@shop.test"
    told = await inlet.deliver(mime, mail(To=forged, From="eve@elsewhere.test"))
    assert told["state"] == "filed"
    assert told["dispute_id"] != filed


async def test_the_customers_own_thread_joins_by_what_it_refers_to(inlet: Inlet, mime: Mouth, filed: str) -> None:
    told = await inlet.deliver(mime, mail(References="<kettle-1@customer.test> <unknown@elsewhere.test>"))
    assert (told["state"], told["dispute_id"]) == ("joined", filed)


async def test_the_newest_reference_counts_first(inlet: Inlet, mime: Mouth, filed: str) -> None:
    newer = await inlet.desk.dispute()
    told = await inlet.deliver(mime, mail(References=f"<{ours(inlet, filed)}> <{ours(inlet, newer.id)}>"))
    assert told["dispute_id"] == str(newer.id)


@pytest.mark.parametrize("by", ["number", "message id of the customer"])
async def test_a_stranger_who_knows_the_case_gets_a_case_of_their_own(
    inlet: Inlet, mime: Mouth, filed: str, by: str
) -> None:
    async with inlet.db.transaction() as tx:
        reference = (await get(tx, UUID(filed))).reference
    named: dict[str, Any] = {"Subject": f"Re: [{reference}] your case"} if by == "number" else {}
    named |= {} if by == "number" else {"In_Reply_To": "<kettle-1@customer.test>"}
    told = await inlet.deliver(mime, mail(From="eve@elsewhere.test", **named))
    assert told["state"] == "filed"
    assert told["dispute_id"] != filed
    assert await inlet.said(filed) == []
    (note,) = await inlet.said(told["dispute_id"])
    assert note["internal"]
    assert reference in note["body"]


async def test_the_customer_joins_by_the_number_in_the_subject(inlet: Inlet, mime: Mouth, filed: str) -> None:
    async with inlet.db.transaction() as tx:
        reference = (await get(tx, UUID(filed))).reference
    told = await inlet.deliver(mime, mail(Subject=f"AW: {reference.lower()}: und nun?"))
    assert (told["state"], told["dispute_id"]) == ("joined", filed)


async def test_who_was_forwarded_our_message_joins_under_their_own_name(inlet: Inlet, mime: Mouth, filed: str) -> None:
    """Whoever holds a name that we signed was given it by the customer; contact data stays the customer's."""
    told = await inlet.deliver(mime, mail(From="Bo <bo@partner.test>", In_Reply_To=f"<{ours(inlet, filed)}>"))
    assert (told["state"], told["dispute_id"]) == ("joined", filed)
    said, note = await inlet.said(filed)
    assert said["author_name"] == "Bo <bo@partner.test>"
    assert note["internal"]
    assert "bo@partner.test" in note["body"]
    assert (await inlet.private(filed))["email"] == ADA


async def test_an_out_of_office_joins_silently(inlet: Inlet, mime: Mouth) -> None:
    settled = await inlet.desk.dispute(status=Status.RESOLVED, resolved_at=MONDAY_NINE)
    raw = sample("mail/out_of_office.eml").replace(
        b"Precedence", f"In-Reply-To: <{ours(inlet, settled.id)}>\r\nPrecedence".encode()
    )
    told = await inlet.deliver(mime, raw)
    assert told["state"] == "joined"
    after = await inlet.desk.now(settled.id)
    assert (after.status, after.contact_count) == (Status.RESOLVED, 1)
    assert (await messages_of(inlet, str(settled.id)))[0] == ("in", "customer", False, True)


@pytest.mark.parametrize(
    "name", ["out_of_office.eml", "read_receipt.eml", "bounce.eml", "bounce_of_an_old_server.eml", "newsletter.eml"]
)
async def test_automatic_mail_never_opens_a_dispute(inlet: Inlet, mime: Mouth, name: str) -> None:
    told = await inlet.deliver(mime, sample(f"mail/{name}"))
    assert told["state"] == "ignored"
    assert told["reason"]
    assert told["dispute_id"] is None


async def test_mail_through_our_own_list_is_written_by_a_person(inlet: Inlet) -> None:
    group = await inlet.open("mime", lists=["support.shop.test"])
    assert (await inlet.deliver(group, sample("mail/group_mailbox.eml")))["state"] == "filed"


@pytest.mark.parametrize("name", ["bounce.eml", "bounce_of_an_old_server.eml"])
async def test_a_bounce_is_a_note_in_the_case_whose_message_it_was(
    inlet: Inlet, mime: Mouth, filed: str, name: str
) -> None:
    told = await inlet.deliver(mime, sample(f"mail/{name}", ORIGINAL_MESSAGE_ID=ours(inlet, filed)))
    assert (told["state"], told["dispute_id"]) == ("joined", filed)
    (note,) = await inlet.said(filed)
    assert note["internal"]
    assert note["author"] == "system"
    assert ("550 no such mailbox" in note["body"]) == (name == "bounce.eml")
    assert (await inlet.desk.now(UUID(filed))).contact_count == 1


async def test_our_own_mail_coming_back_is_ignored(inlet: Inlet, mime: Mouth, filed: str) -> None:
    told = await inlet.deliver(mime, mail(Message_ID=f"<{ours(inlet, filed)}>", From="disputes@shop.test"))
    assert (told["state"], told["reason"]) == ("ignored", "our own message came back")
    from_ourselves = await inlet.deliver(mime, mail(From="support@shop.test"))
    assert from_ourselves["state"] == "ignored"


async def test_two_installations_answering_each_other_stop_at_one(inlet: Inlet, mime: Mouth) -> None:
    """What our own acknowledgement looks like to another installation opens no dispute there."""
    told = await inlet.deliver(mime, mail(From="disputes@other.test", Auto_Submitted="auto-replied"))
    assert told["state"] == "ignored"


async def test_a_mail_without_sender_or_words_waits_for_a_person(inlet: Inlet, mime: Mouth) -> None:
    nobody = await inlet.deliver(mime, sample("mail/no_sender.eml"))
    nothing = await inlet.deliver(mime, sample("mail/nothing_said.eml"))
    assert [nobody["state"], nothing["state"]] == ["quarantined", "quarantined"]
    assert nobody["reason"].startswith("nobody to answer")
    assert nothing["reason"].startswith("nothing was said")


async def test_missing_subjects_and_texts_have_words_that_stand_for_them(inlet: Inlet, mime: Mouth) -> None:
    told = await inlet.deliver(mime, mail(Subject=""))
    assert (await inlet.private(told["dispute_id"]))["subject"] == "(no subject)"
    told = await inlet.deliver(mime, mail(body=""))
    assert (await inlet.private(told["dispute_id"]))["description"] == "(no text)"


async def test_a_very_long_mail_is_cut_with_a_note_and_kept_whole(inlet: Inlet, mime: Mouth) -> None:
    raw = mail(body="They never answer. " * 20_000)
    told = await inlet.deliver(mime, raw)
    assert len((await inlet.private(told["dispute_id"]))["description"]) <= 20_000
    (note,) = await inlet.said(told["dispute_id"])
    assert "cut at 20000 characters" in note["body"]
    kept = await inlet.client.get(f"/v1/inbound-deliveries/{told['id']}/raw", headers=inlet.admin)
    assert kept.content == raw


async def test_attachments_are_recorded_by_name_type_size_and_hash(inlet: Inlet, mime: Mouth) -> None:
    told = await inlet.deliver(mime, sample("mail/nested_parts.eml"))
    (note,) = await inlet.said(told["dispute_id"])
    assert note["internal"]
    assert "lamp.png (image/png, 8 bytes, SHA-256 " in note["body"]
    assert "receipt.pdf (application/pdf, 9 bytes, SHA-256 " in note["body"]


async def test_an_address_that_no_mail_can_be_sent_to_still_files(inlet: Inlet, mime: Mouth) -> None:
    told = await inlet.deliver(mime, mail(From="x@-bad-.invalid"))
    private = await inlet.private(told["dispute_id"])
    assert (private["email"], private["customer_reference"]) == (None, "mail:x@-bad-.invalid")


async def test_a_slack_thread_is_one_dispute(inlet: Inlet) -> None:
    slack = await inlet.open("slack")
    told = await inlet.deliver(slack, sample("slack/message.json"))
    again = await inlet.deliver(slack, sample("slack/mention_of_the_same_message.json"))
    answer = await inlet.deliver(slack, sample("slack/thread_reply.json"))
    assert again["id"] == told["id"]
    assert (answer["state"], answer["dispute_id"]) == ("joined", told["dispute_id"])
    private = await inlet.private(told["dispute_id"])
    assert (private["email"], private["customer_reference"]) == (None, "slack:T0HOUSE/U0ADA")
    assert (await inlet.desk.now(UUID(told["dispute_id"]))).channel == "chat"


async def test_another_person_in_a_slack_thread_is_heard_by_the_house_alone(inlet: Inlet) -> None:
    slack = await inlet.open("slack")
    told = await inlet.deliver(slack, sample("slack/message.json"))
    await inlet.deliver(slack, sample("slack/thread_reply_of_another.json"))
    said, note = await inlet.said(told["dispute_id"])
    assert (said["internal"], said["author_name"], note["internal"]) == (True, "slack:T0HOUSE/U0BEN", True)
    assert (await inlet.desk.now(UUID(told["dispute_id"]))).contact_count == 1


@pytest.mark.parametrize("name", ["edit.json", "bot.json", "own_message.json", "reaction.json"])
async def test_slack_events_that_no_person_wrote_just_now_are_ignored(inlet: Inlet, name: str) -> None:
    slack = await inlet.open("slack")
    told = await inlet.deliver(slack, sample(f"slack/{name}"))
    assert told["state"] == "ignored"


async def test_slack_may_be_bound_to_channels(inlet: Inlet) -> None:
    slack = await inlet.open("slack", channels=["C0OTHER"])
    assert (await inlet.deliver(slack, sample("slack/message.json")))["reason"] == "another channel"


async def test_a_postmark_answer_joins_by_the_hash_of_its_mailbox(inlet: Inlet, filed: str) -> None:
    postmark = await inlet.open("postmark")
    address = reply_address(inlet.desk.parts.sealer, UUID(filed), "reply", "shop.test")
    mailbox_hash = address.partition("+")[2].partition("@")[0]
    told = await inlet.deliver(postmark, sample("postmark/reply.json", MAILBOX_HASH=mailbox_hash))
    assert (told["state"], told["dispute_id"]) == ("joined", filed)
    (said,) = await inlet.said(filed)
    assert said["body"] == "Yes, both charges are mine."


async def test_a_generic_thread_is_its_endpoints_own(inlet: Inlet) -> None:
    one, other = await inlet.open("generic"), await inlet.open("generic")
    told = await inlet.deliver(one, sample("generic/message.json"))
    joined = await inlet.deliver(one, sample("generic/second.json"))
    apart = await inlet.deliver(other, sample("generic/second.json"))
    assert (joined["state"], joined["dispute_id"]) == ("joined", told["dispute_id"])
    assert apart["state"] == "filed"
    dispute = await inlet.desk.now(UUID(told["dispute_id"]))
    assert (dispute.order_reference, dispute.product, dict(dispute.metadata)) == (
        "SO-12",
        "washing machine",
        {"queue": "eu"},
    )


async def test_a_generic_thread_of_mail_is_kept_by_the_sender_too(inlet: Inlet) -> None:
    desk = await inlet.open("generic")
    body = sample("generic/message.json").replace(b'"chat"', b'"email"')
    told = await inlet.deliver(desk, body)
    joined = await inlet.deliver(desk, body.replace(b"CRM-881", b"CRM-882"))
    assert (joined["state"], joined["dispute_id"]) == ("joined", told["dispute_id"])


async def test_two_messages_of_one_thread_handled_at_the_same_moment_are_one_dispute(inlet: Inlet) -> None:
    slack = await inlet.open("slack")
    sent = [await inlet.send(slack, sample(f"slack/{name}.json")) for name in ("message", "thread_reply")]
    handle = inbound_handler(parts_with_categoriser(inlet.desk.parts))
    async with inlet.db.transaction() as tx:
        waiting = [decode(row.message.body) for row in await outbox.take(tx)]

    async def handled(each: Envelope) -> None:
        async with inlet.db.transaction() as tx:
            await handle(tx, [each])

    await asyncio.gather(*(handled(each) for each in waiting if each.topic == "inbound.received"))
    became = [await inlet.became(each.json()["id"]) for each in sent]
    assert sorted(each["state"] for each in became) == ["filed", "joined"]
    assert len({each["dispute_id"] for each in became}) == 1


async def test_one_bad_delivery_does_not_hold_up_its_batch(inlet: Inlet, mime: Mouth) -> None:
    bad = await inlet.send(mime, b"\x00" * 10)
    good = await inlet.send(mime, mail())
    await inlet.settle()
    assert (await inlet.became(bad.json()["id"]))["state"] == "quarantined"
    assert (await inlet.became(good.json()["id"]))["state"] == "filed"
