"""A message survives the journey, and a history that was touched shows where."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.frozen import altered
from shared.messages.envelope import BODY_BYTES_MAX, Envelope, Undecodable, chained, decode
from shared.messages.events import EVENT_CLASSES, EVENTS, DisputeClosed
from tests.builders import MONDAY_NINE, a_dispute, filed_event

CLOSED = Envelope(uuid4(), uuid4(), 3, MONDAY_NINE, "system:escalation", DisputeClosed(because="silence"))


def test_an_encoded_message_decodes_to_itself() -> None:
    for event in (CLOSED.event, filed_event(a_dispute())):
        envelope = altered(CLOSED, event=event, traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01")
        assert decode(envelope.encode()) == envelope


def test_event_names_are_unique_and_stay_what_they_are() -> None:
    assert len(EVENTS) == len(EVENT_CLASSES)
    assert sorted(EVENTS) == [
        "dispute.answer_expected",
        "dispute.assigned",
        "dispute.assignment_requested",
        "dispute.closed",
        "dispute.compliance_missed",
        "dispute.confirmed",
        "dispute.corrected",
        "dispute.deadline_extended",
        "dispute.deadline_missed",
        "dispute.deadline_warned",
        "dispute.erased",
        "dispute.escalated",
        "dispute.escalation_requested",
        "dispute.expert_answered",
        "dispute.expert_asked",
        "dispute.expert_overdue",
        "dispute.expert_withdrawn",
        "dispute.extension_requested",
        "dispute.externally_decided",
        "dispute.feedback_given",
        "dispute.filed",
        "dispute.follow_up_due",
        "dispute.handed_over",
        "dispute.letter_recorded",
        "dispute.linked",
        "dispute.marked",
        "dispute.message_added",
        "dispute.notified",
        "dispute.policy_migrated",
        "dispute.referred",
        "dispute.reopened",
        "dispute.resolved",
        "dispute.status_changed",
        "dispute.unlinked",
        "dispute.update_owed",
        "inbound.received",
    ]


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_undecodable(body: bytes) -> None:
    with pytest.raises(Undecodable):
        decode(body)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "x"},
        {"type": "org.recourse.dispute.unheard_of.v1"},
        {"data": {"because": "silence", "more": 1}},
        {"data": []},
        {"subject": None},
        {"sequence": "x"},
        {"time": 5},
    ],
)
def test_a_message_with_a_wrong_part_is_undecodable(change: dict[str, object]) -> None:
    import orjson

    with pytest.raises(Undecodable):
        decode(orjson.dumps(orjson.loads(CLOSED.encode()) | change))


def test_a_message_too_large_is_undecodable() -> None:
    with pytest.raises(Undecodable, match="limit"):
        decode(b" " * (BODY_BYTES_MAX + 1))


@pytest.mark.parametrize(
    "change",
    [
        {"id": uuid4()},
        {"subject": uuid4()},
        {"sequence": 4},
        {"actor": "principal:somebody"},
        {"occurred_at": MONDAY_NINE.replace(minute=1)},
        {"event": DisputeClosed(because="confirmed")},
    ],
)
def test_the_hash_covers_everything_the_event_says(change: dict[str, object]) -> None:
    other = altered(CLOSED, **change)
    assert chained(bytes(32), CLOSED, CLOSED.data()) != chained(bytes(32), other, other.data())
    assert chained(bytes(32), CLOSED, CLOSED.data()) != chained(b"1" * 32, CLOSED, CLOSED.data())
