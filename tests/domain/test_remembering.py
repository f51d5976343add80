"""A calendar that remembers answers as the one it was made of does, however often and in whatever order it is asked."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import remembering as module
from shared.domain.calendar import Calendar
from shared.domain.errors import CannotPromise
from shared.domain.remembering import remembering
from shared.policy.calendars import DEFAULT_CALENDARS, load_calendars

DESK = load_calendars(DEFAULT_CALENDARS, range(2026, 2028))["desk"]
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 6, 1), timezones=st.just(UTC))


@given(pairs=st.lists(st.tuples(INSTANTS, st.timedeltas(timedelta(0), timedelta(hours=400))), max_size=20))
def test_it_answers_as_the_calendar_it_was_made_of(pairs: list[tuple[datetime, timedelta]]) -> None:
    kept = remembering({"desk": DESK})["desk"]
    for start, amount in pairs * 2:
        assert kept.add(start, amount) == DESK.add(start, amount)
        assert kept.between(start, start + amount) == DESK.between(start, start + amount)
    assert kept == DESK


def test_it_forgets_before_it_grows_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED_MAX", 3)
    kept = remembering({"desk": DESK})["desk"]
    start = datetime(2026, 5, 4, 9, tzinfo=UTC)
    for hours in range(10):
        kept.add(start, timedelta(hours=hours))
    assert isinstance(kept, module.Remembering)
    assert len(kept._reached) <= 3


def test_it_refuses_what_the_calendar_refuses() -> None:
    never = remembering({"never": Calendar("never", "UTC", {})})["never"]
    with pytest.raises(CannotPromise):
        never.add(datetime(2026, 5, 4, tzinfo=UTC), timedelta(hours=1))
