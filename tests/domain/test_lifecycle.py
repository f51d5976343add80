"""Every pair of status and trigger either moves as the table says or is refused with what is allowed."""

from itertools import product

import pytest

from shared.domain.errors import IllegalTransition
from shared.domain.lifecycle import ACTIVE, ENDED, SETTLED, TRANSITIONS, Status, Trigger, allowed, move


@pytest.mark.parametrize(("status", "trigger"), list(product(Status, Trigger)))
def test_every_pair_moves_as_the_table_says_or_names_what_is_allowed(status: Status, trigger: Trigger) -> None:
    if (status, trigger) in TRANSITIONS:
        assert move(status, trigger) is TRANSITIONS[status, trigger]
        assert trigger in allowed(status)
    else:
        with pytest.raises(IllegalTransition) as refused:
            move(status, trigger)
        assert set(refused.value.allowed) == {str(t) for t in allowed(status)}


def test_every_status_is_active_settled_or_ended_and_only_one_of_them() -> None:
    assert set(Status) == ACTIVE | SETTLED | ENDED
    assert not ACTIVE & SETTLED
    assert not (ACTIVE | SETTLED) & ENDED


def test_every_status_can_be_reached_from_received() -> None:
    reached, before = {Status.RECEIVED}, set[Status]()
    while reached != before:
        before = set(reached)
        reached |= {after for (status, _), after in TRANSITIONS.items() if status in before}
    assert reached == set(Status)


def test_no_dispute_is_a_dead_end_for_the_customer() -> None:
    """From every status some road leads back to somebody working on it."""
    for status in Status:
        reached, before = {status}, set[Status]()
        while reached != before:
            before = set(reached)
            reached |= {after for (s, _), after in TRANSITIONS.items() if s in before}
        assert Status.INVESTIGATING in reached


@pytest.mark.parametrize("status", sorted(ENDED))
def test_an_ended_dispute_never_waits_or_resolves_without_being_reopened(status: Status) -> None:
    assert not allowed(status) & {Trigger.RESOLVE, Trigger.WAIT_FOR_CUSTOMER, Trigger.CONFIRM, Trigger.ASK_FOLLOW_UP}
