"""Calendars and strategies the clock tests share."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from hypothesis import strategies as st

from shared.domain.calendar import Calendar
from shared.domain.open_year import Hours

OFFICE: Final[Hours] = ((time(9), time(17, 30)),)
SPLIT: Final[Hours] = ((time(9), time(13)), (time(15), time(18)))
LONDON: Final = Calendar("london", "Europe/London", dict.fromkeys(range(5), OFFICE), {date(2026, 5, 25): "Spring"})
MADRID: Final = Calendar("madrid", "Europe/Madrid", dict.fromkeys(range(6), SPLIT), {}, {date(2026, 6, 7): OFFICE})
NIGHT: Final = Calendar(
    "night",
    "America/New_York",
    dict.fromkeys(range(7), ((time(0), time(1, 30)), (time(2, 15), time(6)), (time(22), time(0)))),
)
ALWAYS: Final = Calendar.always("Australia/Lord_Howe")

calendars = st.sampled_from((LONDON, MADRID, NIGHT, ALWAYS))
"""An office, a split day, a night desk open in the hours the clocks change, and every hour of every day."""

_CHANGES: Final = (
    datetime(2026, 3, 8, 7),
    datetime(2026, 3, 29, 1),
    datetime(2026, 4, 4, 15),
    datetime(2026, 11, 1, 6),
)

instants = st.one_of(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)),
    st.sampled_from(_CHANGES).flatmap(
        lambda change: st.timedeltas(timedelta(days=-4), timedelta(days=4)).map(lambda by: change + by)
    ),
).map(lambda moment: moment.replace(tzinfo=UTC))
"""Three years of instants, half of them near a change of the clocks."""

amounts = st.timedeltas(timedelta(microseconds=1), timedelta(hours=400))
