"""Mail and chat are read as people would read them, whatever a program made of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.inbound.automatic import why_automatic
from services.intake.inbound.charsets import decoded, one_line, storable
from services.intake.inbound.html_text import text_of
from services.intake.inbound.mail import LINES_MAX
from services.intake.inbound.mail_headers import Headers, words_decoded
from services.intake.inbound.ports import Arrived, Incoming, Unreadable, Unwanted
from services.intake.inbound.quoting import reply_of
from services.intake.inbound.senders import SENDERS
from services.intake.inbound.slack import plain
from tests.samples import sample, samples

JAPANESE = "注文した商品が壊れていました。交換してください。"
MAILS: dict[str, dict[str, Any]] = {
    "complaint.eml": {
        "name": "Ada Quill",
        "email": "ada.quill@customer.test",
        "subject": "Charged twice for the blue kettle",
    },
    "says_ascii_is_windows.eml": {"text": "Die Lieferung für 30 € ist nie angekommen – ich möchte mein Geld zurück."},
    "charset_nobody_knows.eml": {"subject": "Fatura yanlış", "text": "Faturadaki tutar yanlış, lütfen düzeltin."},
    "iso_2022_jp.eml": {"name": "鈴木", "subject": "商品の不良について", "text": JAPANESE},
    "gb2312_that_is_more.eml": {"text": "发票金额错误 – 请退款 €20。"},
    "file_name_that_lies.eml": {"files": [("Rechnung März.pdf", "application/pdf", 15)]},
    "nested_parts.eml": {
        "name": "Fay, of Nowhere",
        "text": "The lamp arrived broken, see the photo.",
        "files": [("lamp.png", "image/png", 8), ("receipt.pdf", "application/pdf", 9)],
    },
    "winmail.eml": {"files": [("winmail.dat", "application/ms-tnef", 9)]},
    "no_message_id.eml": {"email": "hal@customer.test", "key": None},
    "html_only.eml": {"text": "The coat is the wrong size & the seam is open.\n\n- ordered: M\n- received: XS"},
    "bytes_in_headers.eml": {"email": "kim@customer.test", "subject": "Ärger mit der Rechnung"},
    "nothing_said.eml": {"subject": "", "text": ""},
    "no_sender.eml": {"name": None, "email": None},
    "broken_base64.eml": {"text": "The cup is chipped=ZZ.", "files": [("unnamed", "image/jpeg", 18)]},
    "no_reply_address_of_a_shop.eml": {"name": "Ned", "email": "ned@customer.test"},
    "forwarded_as_attachment.eml": {"text": "We refuse your claim."},
    "reply.eml": {"reply": "Here is the bank statement you asked for: it shows both charges."},
    "out_of_office.eml": {"automatic": "auto-submitted"},
    "newsletter.eml": {"automatic": "mailing list"},
    "read_receipt.eml": {"automatic": "report: disposition-notification"},
    "bounce.eml": {"automatic": "report: delivery-status"},
}


def read(folder: str, name: str, **settings: Any) -> Incoming:
    sender = SENDERS["mime" if folder == "mail" else folder]
    told = sender.read(Arrived({}, sample(f"{folder}/{name}")), settings)
    assert isinstance(told, Incoming)
    return told


def facts(told: Incoming) -> dict[str, Any]:
    return {
        "name": told.person.name,
        "email": told.person.email,
        "subject": told.subject,
        "text": told.text,
        "reply": told.reply,
        "key": told.key,
        "automatic": told.automatic,
        "files": [(each.name, each.media_type, each.size) for each in told.attachments],
    }


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_is_read_as_a_person_would(name: str) -> None:
    told = facts(read("mail", name))
    assert {fact: told[fact] for fact in MAILS[name]} == MAILS[name]


@pytest.mark.parametrize("folder", ["mail", "slack", "postmark", "generic"])
def test_every_sample_has_a_definite_reading_and_key(folder: str) -> None:
    sender = SENDERS["mime" if folder == "mail" else folder]
    for path in samples(folder):
        arrived = Arrived({}, path.read_bytes())
        assert isinstance(sender.read(arrived, {}), Incoming | Unwanted | Unreadable)
        assert sender.dedup_key(arrived) == sender.dedup_key(arrived)


def test_a_slack_message_is_read_without_its_markup() -> None:
    told = read("slack", "message.json")
    assert told.text == "my order never came & nobody answers, see order 7 (https://shop.test/o/7)"
    assert told.person.reference == "slack:T0HOUSE/U0ADA"
    photo = read("slack", "photo.json")
    assert (photo.person.name, photo.attachments[0].name) == ("Cat Stevens-Nowhere", "cup.jpg")


def test_a_postmark_mail_is_read_like_any_other() -> None:
    told = facts(read("postmark", "html_and_file.json"))
    assert told["text"] == "The plug is burnt."
    assert told["files"] == [("plug.txt", "text/plain", 10)]
    assert read("postmark", "away.json").automatic == "auto-submitted"
    assert read("postmark", "reply.json").reply == "Yes, both charges are mine."


def test_a_key_is_the_same_for_a_copy_and_another_for_other_words_under_the_same_id() -> None:
    mime = SENDERS["mime"]
    one = sample("mail/complaint.eml")
    copy = mime.dedup_key(Arrived({}, b"Delivered-To: sales@shop.test\r\n" + one))
    other = mime.dedup_key(Arrived({}, sample("mail/second_under_one_id.eml")))
    assert mime.dedup_key(Arrived({}, one)) == copy != other


def test_a_mail_without_a_message_id_has_the_same_key_each_time_it_comes() -> None:
    raw = sample("mail/no_message_id.eml")
    assert SENDERS["mime"].dedup_key(Arrived({}, raw)) == SENDERS["mime"].dedup_key(Arrived({"x": "y"}, raw))


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-generated",
        "Auto-Submitted: auto-replied (rejected)",
        "Precedence: bulk",
        "Precedence: auto_reply",
        "Return-Path: <>",
        "From: MAILER-DAEMON@mx.test",
        "From: postmaster@mx.test",
        "X-Auto-Response-Suppress: DR, OOF, AutoReply",
        "X-Autoreply: yes",
        "List-Id: <news.offers.test>",
        "Subject: Automatic reply: I am away",
        "Subject: Abwesenheitsnotiz: bis Montag",
        "Subject: Out of Office: back on Monday",
    ],
)
def test_signs_of_a_machine_are_seen(header: str) -> None:
    name, _, value = header.partition(": ")
    assert why_automatic(Headers([(name, value)])) is not None


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: no",
        "Return-Path: <ada@customer.test>",
        "Precedence: first-class",
        "X-Auto-Response-Suppress: None",
        "From: Ada Postmaster <ada@customer.test>",
        "Subject: Your automatic door is broken",
        "Subject: I was out of office and nobody called",
        "Subject: Out of office hours your driver left my parcel in the rain",
        "Subject: On vacation your hotel billed me twice",
        "Subject: Auto-generated invoice charged me twice",
    ],
)
def test_a_persons_mail_is_not_taken_for_a_machines(header: str) -> None:
    name, _, value = header.partition(": ")
    assert why_automatic(Headers([(name, value)])) is None


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("Yes.\n\nOn Mon, 4 May 2026, Shop wrote:\n> Is it yours?", "Yes."),
        ("Yes.\n\nOn Mon, 4 May 2026 at 10:00, Shop of Everything\n<disputes@shop.test> wrote:\n> Yours?", "Yes."),
        ("Ja.\n\nAm 4. Mai 2026 um 10:00 schrieb Shop:\n> Ist das Ihres?", "Ja."),
        ("Oui.\n\nLe 4 mai 2026, Shop a écrit :\n> Est-ce le vôtre ?", "Oui."),
        ("Yes.\n\n-----Original Message-----\nFrom: Shop\nSent: Monday\nTo: Ada\nSubject: yours?", "Yes."),
        ("Yes.\n\n________________________________\nFrom: Shop\nSent: Monday\nTo: Ada\n\nyours?", "Yes."),
        ("Ja.\n\nVon: Shop\nGesendet: Montag\nAn: Ada\nBetreff: Ihres?\n\nIhres?", "Ja."),
        ("Sí.\n\nDe: Shop\nEnviado el: lunes\nPara: Ada\nAsunto: suyo\n\n¿Es suyo?", "Sí."),
        ("Yes.\n-- \nAda\n+1 555", "Yes."),
        ("> Is it yours?\nYes.\n> And this?\nNo.", "> Is it yours?\nYes.\n> And this?\nNo."),
        (
            "On Monday Shop wrote:\n> Is it yours?\n\nYes, it is.",
            "On Monday Shop wrote:\n> Is it yours?\n\nYes, it is.",
        ),
        ("> only a quotation", "> only a quotation"),
        ("From: the beginning, nothing worked.", "From: the beginning, nothing worked."),
        ("On Monday I wrote to you twice.", "On Monday I wrote to you twice."),
    ],
)
def test_a_reply_is_what_it_adds(text: str, reply: str) -> None:
    assert reply_of(text) == reply


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("a<br>b", "a\nb"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<blockquote>old</blockquote>new", "> old\n\nnew"),
        ("4 < 5 &lt; 6 &euro;", "4 < 5 < 6 €"),
        ("<STYLE>p{}</STYLE>x<script>if (a<b) {}</SCRIPT >y", "xy"),
        ("a<!-- hidden <p>text</p> -->b<!-- never closed", "ab"),
        ("<table><tr><td>1</td><td>2</td></tr></table>", "1 2"),
    ],
)
def test_html_is_read_as_it_looks(html: str, text: str) -> None:
    assert text_of(html) == text


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["<!--", "<", "<a ", "</", "<script>", "<![CDATA[", "&#", "<blockquote>", '<a b="', "]]>"]
)
def test_html_built_to_be_slow_is_read_in_time_that_grows_with_its_length(piece: str) -> None:
    assert isinstance(text_of(piece * (500_000 // len(piece))), str)


def test_a_mail_built_to_be_slow_is_set_aside() -> None:
    assert isinstance(SENDERS["mime"].read(Arrived({}, b":\n" * (LINES_MAX + 1)), {}), Unreadable)
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2000))
    assert isinstance(SENDERS["mime"].read(Arrived({}, deep), {}), Unreadable)


@given(st.binary(max_size=300), st.text(max_size=30))
def test_any_bytes_are_some_text_in_any_charset(data: bytes, charset: str) -> None:
    assert isinstance(decoded(data, charset), str)
    assert not set(storable(decoded(data, charset))) & {"\0", "\r", "\x1b"}


@given(st.text(max_size=200))
def test_a_text_in_its_own_charset_comes_back(text: str) -> None:
    assert decoded(text.encode("utf-8", "replace"), "utf-8") == text.encode("utf-8", "replace").decode()


@given(st.text(max_size=300))
def test_any_text_can_be_read_as_header_html_chat_or_reply(text: str) -> None:
    headers = Headers([("From", text), ("Subject", text), ("References", text), ("List-Id", text)])
    assert "\n" not in headers.text("subject")
    headers.addresses("from")
    headers.message_ids("references")
    why_automatic(headers)
    assert one_line(words_decoded(text), 10) == one_line(words_decoded(text), 10)[:10]
    for function in (text_of, reply_of, plain):
        assert isinstance(function(text), str)


@given(st.binary(max_size=2000))
def test_any_bytes_are_a_mail(raw: bytes) -> None:
    assert isinstance(SENDERS["mime"].read(Arrived({}, raw), {}), Incoming | Unreadable)


@given(st.data())
def test_a_mail_with_any_bytes_changed_is_still_read(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from([path.read_bytes() for path in samples("mail")])))
    for _ in range(data.draw(st.integers(1, 20))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(SENDERS["mime"].read(Arrived({}, bytes(raw)), {}), Incoming | Unreadable)
