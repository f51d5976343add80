from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from shared.domain.calendar import Calendar
from shared.domain.errors import CannotPromise, InvalidValue
from shared.domain.walltime import instant
from tests.domain.calendars import ALWAYS, LONDON, MADRID, OFFICE, SPLIT, amounts, calendars, instants

HOUR = timedelta(hours=1)
BST = ZoneInfo("Europe/London")


def london(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BST)


@given(calendars, instants, amounts)
def test_adding_time_and_counting_it_again_gives_the_same_amount(cal: Calendar, start: datetime, by: timedelta) -> None:
    assert cal.between(start, cal.add(start, by)) == by


@given(calendars, instants, amounts, amounts)
def test_adding_in_two_steps_equals_adding_at_once(
    cal: Calendar, start: datetime, one: timedelta, two: timedelta
) -> None:
    assert cal.add(cal.add(start, one), two) == cal.add(start, one + two)


@given(calendars, instants, instants, amounts)
def test_a_later_start_is_never_due_earlier(cal: Calendar, one: datetime, two: datetime, by: timedelta) -> None:
    first, second = sorted((one, two))
    assert cal.add(first, by) <= cal.add(second, by)
    assert cal.add_days(first, 3) <= cal.add_days(second, 3)


@given(calendars, instants, instants, instants)
def test_counted_time_adds_up_over_any_cut(cal: Calendar, one: datetime, two: datetime, three: datetime) -> None:
    start, middle, end = sorted((one, two, three))
    assert cal.between(start, middle) + cal.between(middle, end) == cal.between(start, end)


@given(calendars, instants, instants)
def test_spans_are_ordered_apart_and_sum_to_the_counted_time(cal: Calendar, one: datetime, two: datetime) -> None:
    start, end = sorted((one, two))
    spans = cal.spans(start, end)
    assert sum((b - a for a, b in spans), timedelta()) == cal.between(start, end)
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(set(edges))
    assert all(start <= edge <= end for edge in edges)


@given(calendars, instants)
def test_every_counted_minute_is_within_opening_hours_on_the_local_clock(cal: Calendar, moment: datetime) -> None:
    minute = moment.replace(second=0, microsecond=0)
    local = minute.astimezone(cal.tz)
    is_open = any(a <= local.time() and (local.time() < b or b == time.min) for a, b in cal.hours_on(local.date()))
    before, after = (ZoneInfo(cal.zone).utcoffset(local.replace(fold=fold)) for fold in (0, 1))
    if before == after:  # in a repeated hour a span starts and ends with the first pass
        assert (cal.between(minute, minute + timedelta(microseconds=1)) > timedelta()) is is_open


@given(calendars, instants)
def test_the_next_opening_is_open_and_nothing_counts_before_it(cal: Calendar, moment: datetime) -> None:
    opening = cal.next_open(moment)
    assert opening >= moment
    assert cal.between(moment, opening) == timedelta()
    assert cal.between(opening, opening + timedelta(microseconds=1)) > timedelta()


@given(instants, amounts)
def test_a_calendar_that_is_always_open_counts_elapsed_time(start: datetime, by: timedelta) -> None:
    assert ALWAYS.add(start, by) == start + by
    assert ALWAYS.spans(start, start + by) == ((start, start + by),)


@given(calendars, instants)
def test_the_nth_working_day_ends_when_its_last_span_closes(cal: Calendar, start: datetime) -> None:
    close = cal.add_days(start, 1)
    day = cal.local_day(close - timedelta(microseconds=1))
    assert day > cal.local_day(start)
    assert cal.between(close - timedelta(microseconds=1), close) > timedelta()
    assert cal.working_days(start, close - timedelta(microseconds=1)) - bool(cal.hours_on(cal.local_day(start))) == 1


def test_counting_the_day_of_receipt_is_one_working_day_less() -> None:
    received = london("2026-05-20T10:00")
    assert LONDON.add_days(received, 4, count_receipt_day=True) == LONDON.add_days(received, 3)


def test_nothing_counts_backwards() -> None:
    assert LONDON.between(london("2026-05-20T12:00"), london("2026-05-20T10:00")) == timedelta()
    with pytest.raises(InvalidValue, match="negative"):
        LONDON.add(london("2026-05-20T12:00"), -HOUR)
    with pytest.raises(InvalidValue, match="at least one working day"):
        LONDON.add_days(london("2026-05-20T12:00"), 0)


def test_an_exception_day_wins_over_a_holiday_and_a_holiday_over_the_week() -> None:
    day = date(2026, 5, 25)
    named = {day: "Spring Bank Holiday"}
    closed = Calendar("a", "UTC", {0: OFFICE}, named)
    worked = Calendar("b", "UTC", {0: OFFICE}, named, {day: SPLIT})
    assert (closed.hours_on(day), closed.holiday_on(day)) == ((), "Spring Bank Holiday")
    assert (worked.hours_on(day), worked.holiday_on(day)) == (SPLIT, None)


@pytest.mark.parametrize("cal", [Calendar("never", "UTC", {}), Calendar("closed", "UTC", {0: ()})])
def test_a_calendar_that_never_opens_makes_no_promise(cal: Calendar) -> None:
    start = london("2026-05-20T12:00")
    with pytest.raises(CannotPromise, match=cal.name):
        cal.add(start, HOUR)
    with pytest.raises(CannotPromise, match=cal.name):
        cal.add_days(start, 1)
    with pytest.raises(CannotPromise, match=cal.name):
        cal.next_open(start)
    assert cal.between(start, start + timedelta(days=400)) == timedelta()


@pytest.mark.parametrize(
    ("hours", "message"),
    [
        (((time(9), time(13)), (time(12), time(18))), "12:00-18:00 overlaps or comes before 09:00-13:00"),
        (((time(15), time(18)), (time(9), time(13))), "09:00-13:00 overlaps or comes before 15:00-18:00"),
        (((time(9), time(0)), (time(10), time(11))), "10:00-11:00 overlaps or comes before 09:00-24:00"),
        (((time(22), time(6)),), "22:00-06:00 ends before it starts"),
        (((time(9), time(9)),), "09:00-09:00 ends before it starts"),
    ],
)
def test_spans_that_overlap_or_come_out_of_order_are_refused(
    hours: tuple[tuple[time, time], ...], message: str
) -> None:
    with pytest.raises(InvalidValue, match=message) as refused:
        Calendar("x", "UTC", {2: hours})
    assert refused.value.field == "/weekly/wednesday"
    with pytest.raises(InvalidValue, match=message):
        Calendar("x", "UTC", {}, {}, {date(2026, 1, 1): hours})


def test_an_unknown_zone_or_weekday_is_refused() -> None:
    with pytest.raises(InvalidValue, match="no time zone named 'Europe/Londn'"):
        Calendar("x", "Europe/Londn", {})
    with pytest.raises(InvalidValue, match="not 7"):
        Calendar("x", "UTC", {7: OFFICE})


@pytest.mark.parametrize("zone", ["../../etc/passwd", "", "Europe", "\x00"])
def test_a_zone_name_is_no_way_to_the_file_system(zone: str) -> None:
    with pytest.raises(InvalidValue, match="no time zone"):
        Calendar("x", zone, {})


def test_a_time_without_an_offset_is_refused_by_name() -> None:
    with pytest.raises(InvalidValue, match="start needs a time zone offset"):
        LONDON.add(datetime(2026, 5, 20, 12), HOUR)


def test_years_that_no_dispute_can_have_are_refused() -> None:
    with pytest.raises(InvalidValue, match="not in 2201"):
        LONDON.add(datetime(2200, 12, 31, 20, tzinfo=UTC), HOUR)
    with pytest.raises(InvalidValue, match="at most 60 years"):
        LONDON.between(datetime(1960, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


def test_calendars_of_the_same_name_and_content_are_equal_and_a_holiday_makes_another_version() -> None:
    weekly = dict.fromkeys(range(5), OFFICE)
    one, same = Calendar("desk", "UTC", weekly), Calendar("desk", "UTC", dict(reversed(weekly.items())))
    edited = Calendar("desk", "UTC", weekly, {date(2026, 6, 8): "Mourning"})
    assert one == same
    assert len({one, same, edited}) == 2
    assert one.version != edited.version


def test_a_calendar_does_not_change_with_the_mapping_it_was_made_of() -> None:
    holidays = {date(2026, 6, 8): "Mourning"}
    cal = Calendar("desk", "UTC", {0: OFFICE}, holidays)
    holidays.clear()
    assert cal.holiday_on(date(2026, 6, 8)) == "Mourning"


def test_a_lifetime_of_years_does_not_pile_up_in_memory() -> None:
    cal = Calendar("desk", "UTC", {0: OFFICE})
    for year in range(1951, 2190):
        cal.next_open(datetime(year, 6, 1, tzinfo=UTC))
    assert len(cal._years) <= 64


def test_touching_spans_are_reported_as_one() -> None:
    cal = Calendar("x", "UTC", {0: ((time(9), time(12)), (time(12), time(14)))})
    monday = datetime(2026, 6, 1, tzinfo=UTC)
    assert cal.spans(monday, monday + timedelta(days=1)) == ((monday + 9 * HOUR, monday + 14 * HOUR),)


def test_a_split_day_is_counted_span_by_span() -> None:
    monday = datetime(2026, 6, 1, tzinfo=UTC)
    assert MADRID.between(monday, monday + timedelta(days=1)) == 7 * HOUR


def test_wall_times_rise_with_the_instants_they_name_also_through_a_jump() -> None:
    minutes = [time(hour, minute) for hour in range(4) for minute in range(60)]
    named = [instant(date(2026, 3, 29), at, BST) for at in minutes]
    assert named == sorted(named)
    assert instant(date(2026, 3, 29), time(1, 30), BST) == datetime(2026, 3, 29, 1, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Auckland", "UTC", "America/New_York", "Etc/GMT+12"])
def test_new_year_is_counted_on_the_local_date_far_east_and_far_west(zone: str) -> None:
    always = Calendar.always(zone)
    start = datetime(2026, 12, 31, 0, 0, tzinfo=UTC)
    for hour in range(48):
        now = start + hour * HOUR
        assert always.between(now, now + HOUR) == HOUR
        assert always.add(now, HOUR) == now + HOUR
        assert always.next_open(now) == now
