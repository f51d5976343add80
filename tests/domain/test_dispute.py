"""A dispute changes as a value: each move leaves its marks and nothing else."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.dispute import WAITS_MAX, Dispute, Wait
from shared.domain.errors import Conflict, IllegalTransition
from shared.domain.lifecycle import ENDED, Outcome, Stage, Status, Trigger, allowed
from tests.builders import MONDAY_NINE, a_dispute

HOUR = timedelta(hours=1)


def test_waiting_for_the_customer_opens_a_wait_and_resuming_closes_it() -> None:
    waiting = a_dispute().after(Trigger.WAIT_FOR_CUSTOMER, MONDAY_NINE)
    assert waiting.waiting == Wait(MONDAY_NINE, None, "customer")
    resumed = waiting.after(Trigger.RESUME, MONDAY_NINE + HOUR)
    assert resumed.status is Status.INVESTIGATING
    assert resumed.waits == (Wait(MONDAY_NINE, MONDAY_NINE + HOUR, "customer"),)


def test_a_wait_never_ends_before_it_began_even_when_an_older_transaction_ends_it() -> None:
    waiting = a_dispute().after(Trigger.WAIT_FOR_CUSTOMER, MONDAY_NINE)
    resumed = waiting.after(Trigger.RESUME, MONDAY_NINE - HOUR)
    assert resumed.waits == (Wait(MONDAY_NINE, MONDAY_NINE, "customer"),)


def test_resolving_while_waiting_ends_the_wait() -> None:
    waiting = a_dispute().after(Trigger.WAIT_FOR_CUSTOMER, MONDAY_NINE)
    resolved = waiting.after(Trigger.RESOLVE, MONDAY_NINE + HOUR)
    assert resolved.waiting is None
    assert resolved.resolved_at == MONDAY_NINE + HOUR


def test_reopening_keeps_identity_and_receipt_and_forgets_the_decision() -> None:
    resolved = a_dispute(outcome=Outcome.UPHELD).after(Trigger.RESOLVE, MONDAY_NINE)
    reopened = resolved.after(Trigger.CLOSE, MONDAY_NINE).after(Trigger.REOPEN, MONDAY_NINE + HOUR)
    assert (reopened.id, reopened.received_at) == (resolved.id, resolved.received_at)
    assert (reopened.outcome, reopened.resolved_at, reopened.closed_at) == (None, None, None)
    assert reopened.reopen_count == 1


def test_a_second_review_is_another_stage() -> None:
    closed = a_dispute().after(Trigger.RESOLVE, MONDAY_NINE)
    assert closed.after(Trigger.REQUEST_STAGE_2, MONDAY_NINE).stage is Stage.INTERNAL_2


def test_a_dispute_cannot_wait_without_end() -> None:
    dispute = a_dispute(waits=tuple(Wait(MONDAY_NINE, MONDAY_NINE, "customer") for _ in range(WAITS_MAX)))
    with pytest.raises(Conflict):
        dispute.after(Trigger.WAIT_FOR_CUSTOMER, MONDAY_NINE)


@given(st.lists(st.sampled_from(Trigger), max_size=40))
def test_whatever_is_tried_versions_count_the_moves_and_marks_agree_with_the_status(tried: list[Trigger]) -> None:
    dispute: Dispute = a_dispute()
    now = MONDAY_NINE
    for trigger in tried:
        now += HOUR
        if trigger not in allowed(dispute.status):
            with pytest.raises(IllegalTransition):
                dispute.after(trigger, now)
            continue
        before, dispute = dispute, dispute.after(trigger, now)
        assert dispute.version == before.version + 1
        assert (dispute.waiting is not None) == dispute.status.startswith("awaiting_")
        assert (dispute.closed_at is not None) == (dispute.status in ENDED)
        assert all(wait.until is not None for wait in dispute.waits[:-1])
