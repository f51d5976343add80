"""A clock that is remembered is the one worked out anew, however often and in whatever order it is asked for."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import remembering as module
from shared.domain.clock_record import Clock, ClockState, Kind
from shared.domain.dispute import Severity, Wait
from shared.domain.matrix import Matrix
from shared.domain.remembering import remembering
from shared.domain.timekeeping import started
from shared.policy.calendars import DEFAULT_CALENDARS, load_calendars
from shared.policy.matrix import default_body, parse_matrix
from tests.builders import a_dispute

PLAIN = load_calendars(DEFAULT_CALENDARS, range(2026, 2028))


@given(hours=st.lists(st.integers(0, 60), max_size=6), number=st.integers(0, 2))
def test_a_clock_worked_out_before_is_the_one_worked_out_anew(hours: list[int], number: int) -> None:
    """Whichever of two equal rules asks, and however the dispute waited meanwhile."""
    present, again = (parse_matrix(default_body(), version=n, calendars=PLAIN) for n in (1, 2))
    kept, nine = remembering(PLAIN), datetime(2026, 5, 4, 9, tzinfo=UTC)
    kind = (Kind.NEXT_UPDATE, Kind.RESOLUTION, Kind.FIRST_RESPONSE)[number]
    for hour in hours * 2:
        waits = (Wait(nine, nine + timedelta(hours=hour), "customer"),) if hour % 2 else ()
        dispute = a_dispute(received_at=nine, waits=waits)
        found = [
            started(_clock(matrix, kind, nine), dispute, calendars, nine)
            for matrix in (present, again)
            for calendars in (PLAIN, kept)
        ]
        assert {(each.clock.due_at, each.moment) for each in found} == {(found[0].clock.due_at, found[0].moment)}


def test_clocks_are_forgotten_before_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED_MAX", 3)
    kept, nine = remembering(PLAIN), datetime(2026, 5, 4, 9, tzinfo=UTC)
    for n in range(10):
        matrix = parse_matrix(default_body(), version=1, calendars=PLAIN)
        started(_clock(matrix, Kind.RESOLUTION, nine + timedelta(hours=n)), a_dispute(received_at=nine), kept, nine)
    assert len(kept._runs) <= 3
    assert len(kept._numbers) <= 3


def _clock(matrix: Matrix, kind: Kind, at: datetime) -> Clock:
    promise = matrix.promise(kind, Severity.NORMAL)
    assert promise is not None
    return Clock(
        kind=kind,
        generation=1,
        phase=0,
        state=ClockState.RUNNING,
        tier=None,
        promise=promise,
        policy_version=1,
        started_at=at,
        opened_at=at,
        due_at=None,
    )
