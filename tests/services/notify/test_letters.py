"""Every letter in every language says what it must, plainly, whatever the customer is called or wrote."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.catalog import CATALOG, LETTERS, Notification
from services.notify.channels.ports import Letter
from services.notify.digests import DIGEST
from services.notify.letters import Case, Writer
from services.notify.render import Unwritable, write
from services.notify.wording import TEMPLATES, Milestone, Reader, language_for, locale_for, words_of, zone_for
from shared.domain.dispute import REMEDIES, Dispute, Remedy
from shared.domain.frozen import altered
from shared.domain.lifecycle import Outcome, Status
from shared.domain.money import Money
from shared.messages.events import EVENT_CLASSES
from shared.messages.links import portal_path, read_link_token
from tests.builders import a_dispute
from tests.services.notify.material import HANDLER, SEALER

LANGUAGES = sorted(path.stem for path in (TEMPLATES / "words").glob("*.toml"))
WRITER = Writer(SEALER, "https://disputes.kettle.test/", "Kettle House", "Europe/Berlin")
TRICKY = [
    "Ada Jones",
    '<script>alert("x")</script> & Sons',
    "{{ 7 * 7777 }} {% if %}",
    'O\'Neil "Nell" <b>',
    "مريم الخطيب",
    "Zoë Ångström-Ödegård 🦊",
    "x" * 5000,
    "two\r\nlines\tand a tab",
    "%s {0} {name} \\N",
]
FACTS: dict[str, Any] = {
    "tier": 1,
    "to_tier": 2,
    "handler": HANDLER,
    "because": ("the amount is over 500.00 EUR",),
    "skipped": ("Team lead: nobody holds it",),
    "clocks": {"next_update": "2026-05-06T16:00:00Z", "resolution": "2026-06-29T16:00:00Z"},
    "clock": "resolution",
    "generation": 1,
    "percent": 75,
    "due_at": "2026-05-06T16:00:00Z",
    "fired_at": "2026-05-06T16:00:00Z",
    "next_due_at": "2026-05-20T16:00:00Z",
    "message_id": "0",
    "outcome": "partly_upheld",
    "occasion": 1,
    "kind": "acknowledgement",
    "reason": "no_address",
    "request_id": "1",
    "desk": "fraud",
    "reminder": 1,
    "late": True,
}


def facts_for(entry: Notification) -> dict[str, Any]:
    """Only what the letter's own cause brings along."""
    fields = set(entry.cause.__struct_fields__)
    return {name: value for name, value in FACTS.items() if name in fields} | (
        {"because": "silence"} if entry.kind == "closed" else {}
    )


def a_case(entry: Notification, text: str = "Charged twice", **changes: Any) -> Case:
    dispute = a_dispute(
        reference="D-2026-000123", handler=HANDLER, tier=1, remedy=Remedy("refund", Money.of("1234.50", "EUR"))
    )
    dispute = altered(dispute, **{k: v for k, v in changes.items() if k in Dispute.__struct_fields__})
    return Case(
        dispute=dispute,
        facts=facts_for(entry),
        name=text,
        topic=text,
        resolution=text,
        message=text,
        tier="Team lead (tier 2)",
        due={"follow_up": datetime(2026, 7, 6, 9, tzinfo=UTC), "next_update": datetime(2026, 5, 6, 16, tzinfo=UTC)},
    )


def a_letter(entry: Notification, case: Case) -> Letter:
    return WRITER.letter(entry, case, "<thread@kettle.test>")


def by_kind(kind: str) -> Notification:
    return next(entry for entry in LETTERS if entry.kind == kind)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("entry", LETTERS, ids=lambda entry: entry.kind)
@pytest.mark.parametrize("text", TRICKY, ids=range(len(TRICKY)))
def test_every_letter_is_whole_whatever_the_customer_wrote(entry: Notification, language: str, text: str) -> None:
    letter = a_letter(entry, a_case(entry, text, language=language))
    assert letter.subject.strip()
    assert "\n" not in letter.subject
    assert len(letter.subject) <= 150
    assert "<script>" not in letter.html
    assert "54439" not in letter.subject + letter.text, "customers' braces are not evaluated"
    assert letter.html.count("<html") == 1
    assert letter.html.rstrip().endswith("</html>")


@pytest.mark.parametrize("entry", LETTERS, ids=lambda entry: entry.kind)
def test_a_letter_that_lacks_what_it_must_say_is_not_written(entry: Notification) -> None:
    assert "reference" in entry.must_say
    with pytest.raises(Unwritable, match="does not say: a_promise_nobody_wrote"):
        write(
            entry.kind,
            "en",
            WRITER.facts(entry, a_case(entry), _reader("en")),
            (*entry.must_say, "a_promise_nobody_wrote"),
        )


@pytest.mark.parametrize("entry", LETTERS, ids=lambda entry: entry.kind)
def test_a_letter_never_goes_out_with_a_blank_where_a_fact_belongs(entry: Notification) -> None:
    facts = WRITER.facts(entry, a_case(entry), _reader("en"))
    del facts["reference"]
    with pytest.raises(Unwritable):
        write(entry.kind, "en", facts, entry.must_say)


def _reader(language: str, **fields: Any) -> Reader:
    return Reader(language, locale_for(language, language, "GB"), zone_for("Europe/London"))


def _sentences(text: str) -> list[str]:
    """Our own sentences: labels, greetings and values that stand alone are none."""
    lines = [line for line in text.splitlines() if not re.match(r"^(Hello|Kind regards|--|\w[\w ,%]*: )", line)]
    return [each for line in lines for each in re.split(r"(?<=[.?!])\s+", line.strip()) if len(each.split()) > 3]


@pytest.mark.parametrize("entry", LETTERS, ids=lambda entry: entry.kind)
def test_our_sentences_are_short(entry: Notification) -> None:
    lengths = [len(each.split()) for each in _sentences(a_letter(entry, a_case(entry, signals=("distressed",))).text)]
    assert lengths
    assert max(lengths) <= 30
    assert sum(lengths) / len(lengths) <= 20


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_is_short_and_every_word_list_is_complete(language: str) -> None:
    words = words_of(language)
    assert set(words["outcome"]) == {outcome.value for outcome in Outcome}
    assert set(REMEDIES) <= set(words["remedy"])
    assert {status.value for status in Status if a_dispute(status=status).active} <= set(words["standing"])
    assert {entry.kind for entry in LETTERS if entry.audience == "customer"} <= set(words["kind"])
    assert {entry.kind for entry in LETTERS if entry.gathers} == set(words[DIGEST])
    for table in words.values():
        for phrase in table.values() if isinstance(table, dict) else [table]:
            assert all(len(each.split()) <= 30 for each in re.split(r"(?<=[.?!])\s+", phrase))


def test_every_template_folder_belongs_to_a_notification_and_has_three_texts_in_english() -> None:
    folders = {path.name for path in TEMPLATES.iterdir() if path.is_dir()} - {"layout", "words"}
    assert folders == {DIGEST, *(entry.template for entry in LETTERS)}
    for folder in folders:
        found = {path.name for path in Path(TEMPLATES, folder, "en").iterdir()}
        assert found == {"subject.txt", "body.txt", "body.html"}


def test_every_notification_answers_an_event_that_exists_and_has_a_name_of_its_own() -> None:
    assert len({entry.kind for entry in CATALOG}) == len(CATALOG)
    assert {entry.cause for entry in LETTERS} <= set(EVENT_CLASSES)


def test_text_and_html_say_the_same() -> None:
    letter = a_letter(by_kind("acknowledgement"), a_case(by_kind("acknowledgement"), "Tea & <Toast>"))
    body = letter.html[letter.html.index("<body") :]
    seen = " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())
    for line in letter.text.splitlines():
        for part in line.removeprefix("--").split(": "):
            plain = re.sub(r"[“”]", "", " ".join(part.split()))
            assert plain in re.sub(r"[“”] ?| (?=[”])", "", seen) or plain in seen.replace("“ ", "").replace(" ”", "")


@pytest.mark.parametrize(
    ("signals", "opening"),
    [
        (("calm",), None),
        (("frustrated",), "We are sorry that this has been frustrating."),
        (("angry", "frustrated"), "We are sorry about what happened."),
        (("distressed", "angry"), "We are sorry that this weighs on you."),
        (("worried",), "We know that this is worrying"),
    ],
)
def test_the_tone_answers_the_emotion_with_one_sentence_or_two(signals: tuple[str, ...], opening: str | None) -> None:
    text = a_letter(by_kind("update"), a_case(by_kind("update"), signals=signals)).text
    second = text.split("\n\n")[1]
    assert second.startswith(opening or "You should hear from us")


def test_whom_we_tell_that_we_did_nothing_wrong_we_do_not_tell_the_opposite() -> None:
    entry = by_kind("resolution")
    refused = a_case(entry, signals=("angry",), outcome=Outcome.NOT_UPHELD, remedy=None)
    text = a_letter(entry, replace(refused, facts={**refused.facts, "outcome": "not_upheld"})).text
    assert "expect better from us" not in text
    assert text.split("\n\n")[1] == "We know that this has made you angry."
    granted = a_letter(entry, a_case(entry, signals=("angry",), outcome=Outcome.UPHELD)).text
    assert "expect better from us" in granted


def test_nobody_is_promised_a_question_that_the_matrix_does_not_ask() -> None:
    entry = by_kind("resolution")
    case = replace(a_case(entry), due={})
    assert "We will ask you in a few days" in a_letter(entry, case).text
    silent = a_letter(entry, replace(case, follows_up=False)).text
    assert "We will ask" not in silent
    assert "You do not need to do anything more." in silent


def test_people_of_the_house_get_no_tone_and_no_answer_address() -> None:
    letter = a_letter(by_kind("deadline_missed"), a_case(by_kind("deadline_missed"), signals=("angry",)))
    assert "sorry" not in letter.text
    assert letter.internal


def test_a_memo_names_a_milestone_by_its_title_and_says_what_has_to_be_sent() -> None:
    entry, clock = by_kind("deadline_missed"), "regime:us.reg_e.1005_11/provisional_credit_notice"
    bare = a_case(entry)
    case = replace(
        bare,
        facts={**bare.facts, "clock": clock},
        milestones={clock: Milestone("Notice of the provisional credit", ("notice of the provisional credit",))},
    )
    letter = a_letter(entry, case)
    assert "Notice of the provisional credit was missed" in letter.subject
    for face in (letter.text, letter.html):
        assert "To be sent" in face
        assert clock not in face
    untold = a_letter(entry, replace(case, milestones={}))
    assert "provisional credit notice (us.reg_e.1005_11) was missed" in untold.subject
    assert "To be sent" not in untold.text


def test_the_handler_hears_that_the_customer_wrote_and_not_what() -> None:
    entry = by_kind("customer_wrote")
    case = replace(a_case(entry, contact_count=3), message="The secret is 4711.", resolution="4711", name="Ada 4711")
    letter = a_letter(entry, case)
    assert letter.internal
    for face in (letter.text, letter.html):
        assert "D-2026-000123" in face
        assert "Charged twice" in face
        assert "Contacts from the customer so far: 3" in face
        assert "4711" not in face


def test_dates_are_in_the_customers_zone_with_its_name() -> None:
    entry = by_kind("acknowledgement")
    london = a_letter(entry, a_case(entry, time_zone="Europe/London", language="en-GB")).text
    assert "Wednesday, 6 May 2026 at 17:00 (British Summer Time)" in london
    denver = a_letter(entry, a_case(entry, time_zone="America/Denver", language="en-US")).text
    assert "Wednesday, May 6, 2026 at 10:00" in denver
    assert "(Mountain Daylight Time)" in denver


@pytest.mark.parametrize("zone", ["Not/AZone", "", "../../etc/passwd", "Europe/London\x00"])
def test_a_zone_that_does_not_exist_falls_back_to_the_houses(zone: str) -> None:
    entry = by_kind("acknowledgement")
    assert "Central European Summer Time" in a_letter(entry, a_case(entry, time_zone=zone)).text


@pytest.mark.parametrize("language", ["de", "xx", "zh-Hant-TW", "", "../en", "en_US", "EN"])
def test_a_language_we_do_not_write_gets_english_throughout(language: str) -> None:
    entry = by_kind("resolution")
    letter = a_letter(entry, a_case(entry, language=language, jurisdiction="ZZ"))
    assert letter.language == "en"
    assert "Monday" in letter.text


def test_money_is_written_as_its_reader_writes_it() -> None:
    entry = by_kind("resolution")
    assert "a refund of €1,234.50." in a_letter(entry, a_case(entry)).text


def test_a_decision_without_a_remedy_says_so_and_still_says_how_to_disagree() -> None:
    entry = by_kind("resolution")
    text = a_letter(entry, a_case(entry, remedy=None)).text
    assert "No payment or replacement comes with this decision." in text
    assert "If you disagree, reply to this e-mail" in text


def test_the_follow_up_carries_signed_answers() -> None:
    entry = by_kind("follow_up")
    case = a_case(entry)
    text = a_letter(entry, case).text
    links = re.findall(r"https://disputes\.kettle\.test/portal/follow-up/(\S+)\?(\S+)", text)
    assert [answer for _, answer in links] == [
        "answer=solved",
        "answer=not_solved",
        *(f"rating={n}" for n in range(1, 6)),
    ]
    assert {read_link_token(SEALER, "follow-up", token) for token, _ in links} == {(case.dispute.id, "1")}


def test_the_acknowledgement_leads_to_the_customers_own_page() -> None:
    entry = by_kind("acknowledgement")
    case = a_case(entry)
    address = f"https://disputes.kettle.test{portal_path(SEALER, case.dispute.id)}"
    letter = a_letter(entry, case)
    assert f"See where it stands: {address}\n" in letter.text
    assert f'href="{address}"' in letter.html


def test_an_answer_to_a_mail_hangs_on_that_mail() -> None:
    entry = by_kind("acknowledgement")
    case = replace(a_case(entry), inbound=("<newest@customer.test>", "<first@customer.test>"))
    letter = a_letter(entry, case)
    assert letter.in_reply_to == "<newest@customer.test>"
    assert letter.references == ("<thread@kettle.test>", "<first@customer.test>", "<newest@customer.test>")


@given(language=st.text(max_size=20), territory=st.none() | st.text(max_size=5), zone=st.none() | st.text(max_size=20))
def test_whatever_a_customers_record_says_a_reader_is_found(
    language: str, territory: str | None, zone: str | None
) -> None:
    chosen = language_for("acknowledgement", language)
    reader = Reader(chosen, locale_for(chosen, language, territory), zone_for(zone, "UTC"))
    assert reader.moment(datetime(2026, 5, 6, 16, tzinfo=UTC))


def test_a_memo_leads_to_where_the_house_looks_at_disputes_and_a_letter_to_a_customer_does_not() -> None:
    writer = replace(WRITER, desk_url="https://desk.kettle.test/cases/{reference}?id={id}")
    entry = by_kind("assigned")
    case = a_case(entry)
    place = f"https://desk.kettle.test/cases/D-2026-000123?id={case.dispute.id}"
    memo = writer.letter(entry, case, "<thread@kettle.test>")
    assert f"Look at it: {place}" in memo.text
    assert f'href="{place}"' in memo.html
    assert "Look at it" not in WRITER.letter(entry, case, "<thread@kettle.test>").text
    letter = by_kind("acknowledgement")
    assert "desk.kettle.test" not in writer.letter(letter, a_case(letter), "<thread@kettle.test>").text
