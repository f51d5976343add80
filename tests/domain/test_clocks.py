from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.domain.calendar import Calendar
from shared.domain.clock_spec import merge
from shared.domain.clocks import (
    DUE,
    ClockSpec,
    Extension,
    Moment,
    Pause,
    due_at,
    fraction_elapsed,
    kept,
    moments,
    next_moment,
    remaining,
    run,
)
from shared.domain.counting import measure_of
from shared.domain.duration import Duration, MinOf, Term, Unit, parse_term
from shared.domain.errors import CannotPromise, InvalidValue
from tests.domain.calendars import ALWAYS, LONDON, calendars, instants

SECOND = timedelta(seconds=1)
START = datetime(2026, 6, 1, 9, tzinfo=UTC)

amounts = {
    Unit.SECOND: 500_000,
    Unit.MINUTE: 9000,
    Unit.HOUR: 900,
    Unit.BUSINESS_MINUTE: 9000,
    Unit.BUSINESS_HOUR: 200,
    Unit.YEAR: 2,
}
durations = st.sampled_from(Unit).flatmap(
    lambda unit: st.builds(Duration, st.integers(1, amounts.get(unit, 25)), st.just(unit))
)
terms: st.SearchStrategy[Term] = durations | st.lists(durations, min_size=2, max_size=3).map(tuple).map(MinOf)


def clock(term: Term | str, cal: Calendar, **settings: Any) -> ClockSpec:
    found = parse_term(term) if isinstance(term, str) else term
    return ClockSpec("resolution", found, cal.name, pausable=settings.pop("pausable", True), **settings)


def paused(start: datetime, offset: timedelta, length: timedelta) -> Pause:
    return Pause(start + offset, start + offset + length, "waiting")


offsets = st.timedeltas(timedelta(days=-3), timedelta(days=12))
lengths = st.timedeltas(timedelta(), timedelta(days=6))
pause_lists = st.lists(st.tuples(offsets, lengths), max_size=5)


@given(calendars, terms, instants, pause_lists)
def test_a_clock_is_due_after_it_starts_and_its_warnings_come_in_order_before(
    cal: Calendar, term: Term, start: datetime, holds: list[tuple[timedelta, timedelta]]
) -> None:
    pauses = [paused(start, *hold) for hold in holds]
    found = moments(clock(term, cal, warn_at=(0.1, 0.5, 0.75, 0.9)), cal, started_at=start, pauses=pauses)
    assert found.due is not None
    instants_found = [start, *(moment.at for moment in found.warn), found.due]
    assert instants_found == sorted(instants_found)
    assert start < found.due


@given(calendars, durations, instants, instants)
def test_a_later_start_is_never_due_earlier(cal: Calendar, term: Duration, one: datetime, two: datetime) -> None:
    first, second = sorted((one, two))
    assume(first.astimezone(cal.tz).replace(tzinfo=None) <= second.astimezone(cal.tz).replace(tzinfo=None))
    due_first = due_at(clock(term, cal), cal, started_at=first)
    due_second = due_at(clock(term, cal), cal, started_at=second)
    assert due_first is not None
    assert due_second is not None
    if term.unit in (Unit.MONTH, Unit.YEAR, Unit.BILLING_CYCLE):  # 30 January, evening, and 31 January, morning
        assert cal.local_day(due_first) <= cal.local_day(due_second)
    else:
        assert due_first <= due_second


@given(calendars, durations, instants)
def test_a_longer_term_is_never_due_earlier(cal: Calendar, term: Duration, start: datetime) -> None:
    longer = replace(term, amount=term.amount + 1)
    shorter_due = due_at(clock(term, cal), cal, started_at=start)
    longer_due = due_at(clock(longer, cal), cal, started_at=start)
    assert shorter_due is not None
    assert longer_due is not None
    assert shorter_due <= longer_due


@given(calendars, terms, instants, pause_lists, offsets, lengths)
def test_a_further_pause_never_makes_a_clock_due_earlier(
    cal: Calendar,
    term: Term,
    start: datetime,
    holds: list[tuple[timedelta, timedelta]],
    offset: timedelta,
    length: timedelta,
) -> None:
    pauses = [paused(start, *hold) for hold in holds]
    spec = clock(term, cal)
    before = due_at(spec, cal, started_at=start, pauses=pauses)
    after = due_at(spec, cal, started_at=start, pauses=[*pauses, paused(start, offset, length)])
    assert before is not None
    assert after is not None
    assert before <= after


@given(calendars, durations, instants, st.floats(0, 0.99), lengths)
def test_a_pause_moves_the_deadline_by_exactly_the_counted_time_it_held(
    cal: Calendar, term: Duration, start: datetime, share: float, length: timedelta
) -> None:
    spec, measure = clock(term, cal), measure_of(term.unit, cal)
    planned = due_at(spec, cal, started_at=start)
    assert planned is not None
    pause = paused(start, (planned - start) * share, length)
    due = due_at(spec, cal, started_at=start, pauses=[pause])
    assert due is not None
    assert pause.until is not None
    assert measure.between(planned, due) == measure.between(pause.since, pause.until)


@given(calendars, terms, instants, offsets, lengths, st.floats(0, 1))
def test_a_pause_cut_in_two_is_the_same_pause(
    cal: Calendar, term: Term, start: datetime, offset: timedelta, length: timedelta, share: float
) -> None:
    spec = clock(term, cal, warn_at=(0.3, 0.6))
    cut = length * share
    whole = [paused(start, offset, length)]
    halves = [paused(start, offset + cut, length - cut), paused(start, offset, cut)]
    assert moments(spec, cal, started_at=start, pauses=whole) == moments(spec, cal, started_at=start, pauses=halves)


@given(calendars, terms, instants, pause_lists)
def test_the_order_in_which_pauses_are_listed_does_not_matter(
    cal: Calendar, term: Term, start: datetime, holds: list[tuple[timedelta, timedelta]]
) -> None:
    pauses = [paused(start, *hold) for hold in holds]
    spec = clock(term, cal)
    assert due_at(spec, cal, started_at=start, pauses=pauses) == due_at(
        spec, cal, started_at=start, pauses=pauses[::-1]
    )


@given(calendars, terms, instants, pause_lists)
def test_what_was_counted_and_what_remains_is_the_whole_at_every_moment(
    cal: Calendar, term: Term, start: datetime, holds: list[tuple[timedelta, timedelta]]
) -> None:
    found = run(clock(term, cal), cal, started_at=start, pauses=[paused(start, *hold) for hold in holds])
    assert found.due is not None
    for share in (0.0, 0.2, 0.5, 0.99):
        now = start + (found.due - start) * share
        assert found.counted(now) + found.remaining(now) == found.budget
    assert found.remaining(found.due) == timedelta()
    assert found.counted(found.due) == found.budget


@given(calendars, terms, instants, pause_lists)
def test_the_share_elapsed_agrees_with_the_warnings(
    cal: Calendar, term: Term, start: datetime, holds: list[tuple[timedelta, timedelta]]
) -> None:
    spec = clock(term, cal, warn_at=(0.25, 0.5, 0.75))
    history: dict[str, Any] = {"started_at": start, "pauses": [paused(start, *hold) for hold in holds]}
    found = moments(spec, cal, **history)
    for fraction, at in found.warn:
        share = fraction_elapsed(spec, cal, now=at, **history)
        assert share == pytest.approx(fraction, abs=1e-6)
    assert found.due is not None
    assert fraction_elapsed(spec, cal, now=found.due, **history) == DUE


@given(calendars, terms, instants, pause_lists)
def test_a_clock_that_never_pauses_ignores_every_pause(
    cal: Calendar, term: Term, start: datetime, holds: list[tuple[timedelta, timedelta]]
) -> None:
    spec = clock(term, cal, pausable=False)
    pauses = [*(paused(start, *hold) for hold in holds), Pause(start, None, "waiting")]
    assert due_at(spec, cal, started_at=start, pauses=pauses) == due_at(spec, cal, started_at=start)


@given(calendars, terms, instants, offsets)
def test_closing_an_open_pause_at_any_later_time_gives_a_deadline_after_it(
    cal: Calendar, term: Term, start: datetime, offset: timedelta
) -> None:
    since = start + abs(offset)
    planned = due_at(clock(term, cal), cal, started_at=start)
    waiting = due_at(clock(term, cal), cal, started_at=start, pauses=[Pause(since, None, "waiting")])
    assert planned is not None
    if planned <= since:
        assert waiting == planned
    elif waiting is not None:  # a part of the term that ends before the pause decides
        assert waiting <= since
    else:
        resumed = due_at(clock(term, cal), cal, started_at=start, pauses=[paused(since, timedelta(), SECOND)])
        assert resumed is not None
        assert resumed >= planned


@given(calendars, durations, durations, instants)
def test_whichever_first_is_the_earlier_of_the_two(
    cal: Calendar, one: Duration, two: Duration, start: datetime
) -> None:
    both = due_at(clock(MinOf((one, two)), cal), cal, started_at=start)
    assert both == min(found for term in (one, two) if (found := due_at(clock(term, cal), cal, started_at=start)))


@given(calendars, durations, durations, instants)
def test_an_extension_is_always_later_and_a_cap_never(
    cal: Calendar, term: Duration, other: Duration, start: datetime
) -> None:
    planned = due_at(clock(term, cal), cal, started_at=start)
    extended = due_at(clock(term, cal), cal, started_at=start, extensions=[Extension(other, "complex")])
    capped = due_at(clock(term, cal, cap=other), cal, started_at=start)
    assert planned is not None
    assert extended is not None
    assert capped is not None
    assert capped <= planned < extended


@given(calendars, terms, instants, pause_lists)
def test_firing_each_next_moment_in_turn_visits_every_warning_once_and_then_due(
    cal: Calendar, term: Term, start: datetime, holds: list[tuple[timedelta, timedelta]]
) -> None:
    spec = clock(term, cal, warn_at=(0.5, 0.75))
    pauses = [paused(start, *hold) for hold in holds]
    fired: list[Moment] = []
    while (moment := next_moment(spec, cal, started_at=start, pauses=pauses, fired={f for f, _ in fired})) is not None:
        fired.append(moment)
        assert len(fired) <= 3
    found = moments(spec, cal, started_at=start, pauses=pauses)
    assert found.due is not None
    assert fired == [*found.warn, Moment(DUE, found.due)]
    assert [moment.is_due for moment in fired] == [False, False, True]


def test_while_paused_the_next_moment_is_unknown_unless_it_came_before() -> None:
    spec = clock("4 business hours", LONDON, warn_at=(0.25, 0.5))
    pauses = [Pause(START + timedelta(hours=1, minutes=30), None, "waiting")]
    first = next_moment(spec, LONDON, started_at=START, pauses=pauses, fired=())
    assert first == Moment(0.25, START + timedelta(hours=1))
    assert next_moment(spec, LONDON, started_at=START, pauses=pauses, fired={0.25}) is None


def test_a_capped_clock_warns_by_the_time_there_is_up_to_the_cap() -> None:
    spec = clock("48 hours", ALWAYS, cap=Duration(24, Unit.HOUR), warn_at=(0.5,))
    found = moments(spec, ALWAYS, started_at=START)
    assert found == ((Moment(0.5, START + timedelta(hours=12)),), START + timedelta(hours=24))


def test_a_cap_that_falls_before_any_time_counts_still_warns_no_later_than_it_ends() -> None:
    saturday = datetime(2026, 6, 6, 10, tzinfo=UTC)
    spec = clock("4 business hours", LONDON, cap=Duration(2, Unit.HOUR), warn_at=(0.5,))
    found = moments(spec, LONDON, started_at=saturday)
    assert found == ((Moment(0.5, saturday),), saturday + timedelta(hours=2))
    assert fraction_elapsed(spec, LONDON, started_at=saturday, now=saturday) == 0
    assert fraction_elapsed(spec, LONDON, started_at=saturday, now=saturday + timedelta(hours=2)) == DUE


def test_extensions_add_up_and_a_date_fixed_among_them_is_extended_too() -> None:
    spec = clock("2 business days", LONDON)
    fixed = datetime(2026, 6, 10, 11, tzinfo=UTC)
    two_more = Extension(Duration(2, Unit.BUSINESS_DAY), "complex")
    thursday = due_at(spec, LONDON, started_at=START, extensions=[two_more])
    friday_week = due_at(spec, LONDON, started_at=START, extensions=[Extension(fixed, "agreed"), two_more])
    assert thursday == datetime(2026, 6, 5, 16, 30, tzinfo=UTC)
    assert friday_week == datetime(2026, 6, 12, 16, 30, tzinfo=UTC)


def test_the_billing_cycle_is_a_month_unless_told() -> None:
    monthly = clock("2 billing cycles", ALWAYS)
    four_weekly = clock("2 billing cycles", ALWAYS, billing_cycle=Duration(4, Unit.WEEK))
    assert due_at(monthly, ALWAYS, started_at=START) == datetime(2026, 8, 1, 9, tzinfo=UTC)
    assert due_at(four_weekly, ALWAYS, started_at=START) == datetime(2026, 7, 27, 9, tzinfo=UTC)


def test_time_left_turns_negative_and_goes_on_counting_after_due() -> None:
    spec = clock("4 business hours", LONDON)
    history: dict[str, Any] = {"started_at": datetime(2026, 6, 1, 8, tzinfo=UTC)}
    assert remaining(spec, LONDON, now=datetime(2026, 6, 1, 9, tzinfo=UTC), **history) == timedelta(hours=3)
    late = datetime(2026, 6, 2, 8, tzinfo=UTC)  # Tuesday's opening; Monday had 4.5 hours left at due
    assert remaining(spec, LONDON, now=late, **history) == timedelta(hours=-4, minutes=-30)
    assert fraction_elapsed(spec, LONDON, now=late, **history) == pytest.approx(2.125)


def test_a_promise_is_kept_up_to_and_including_the_due_instant() -> None:
    spec = clock("1 hour", ALWAYS)
    due = START + timedelta(hours=1)
    assert kept(spec, ALWAYS, started_at=START, stopped_at=due)
    assert not kept(spec, ALWAYS, started_at=START, stopped_at=due + timedelta(microseconds=1))


def test_merged_pauses_keep_every_reason_once() -> None:
    customer = Pause(START, START + timedelta(hours=2), "customer")
    supplier = Pause(START + timedelta(hours=1), START + timedelta(hours=3), "supplier")
    again = Pause(START + timedelta(hours=3), None, "customer")
    assert merge([again, supplier, customer], after=START) == (Pause(START, None, "customer; supplier"),)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"warn_at": (0.5, 1.0)}, "fractions between 0 and 1"),
        ({"warn_at": (0.0,)}, "fractions between 0 and 1"),
        ({"warn_at": (0.75, 0.5)}, "Warnings rise"),
        ({"warn_at": (0.5, 0.5)}, "Warnings rise"),
        ({"warn_at": (float("nan"),)}, "fractions between 0 and 1"),
        ({"billing_cycle": Duration(30, Unit.BUSINESS_DAY)}, "A billing cycle is"),
        ({"billing_cycle": Duration(1, Unit.BILLING_CYCLE)}, "A billing cycle is"),
        ({"count_receipt_day": True}, "have a first day"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        clock("4 business hours", LONDON, **settings)


def test_a_pause_cannot_end_before_it_began() -> None:
    with pytest.raises(InvalidValue, match="cannot end"):
        Pause(START, START - SECOND, "waiting")


def test_times_without_an_offset_are_refused_by_name() -> None:
    naive = datetime(2026, 6, 1)
    spec = clock("1 hour", ALWAYS)
    with pytest.raises(InvalidValue, match="started_at needs"):
        due_at(spec, ALWAYS, started_at=naive)
    with pytest.raises(InvalidValue, match="now needs"):
        remaining(spec, ALWAYS, started_at=START, now=naive)
    with pytest.raises(InvalidValue, match="since needs"):
        Pause(naive, None, "waiting")
    with pytest.raises(InvalidValue, match="until needs"):
        Pause(START, naive, "waiting")
    with pytest.raises(InvalidValue, match="by needs"):
        Extension(naive, "agreed")


def test_a_clock_is_not_counted_on_another_calendar_by_mistake() -> None:
    with pytest.raises(InvalidValue, match="counts on london, not on always"):
        due_at(clock("1 hour", LONDON), ALWAYS, started_at=START)


@pytest.mark.parametrize("term", ["1000000 years", "60 years", "1000000 hours", "1000000 business hours", "3000 weeks"])
def test_a_deadline_too_far_away_to_promise_is_refused(term: str) -> None:
    with pytest.raises((CannotPromise, InvalidValue)):
        due_at(clock(term, LONDON), LONDON, started_at=START)


def test_a_clock_on_a_desk_that_never_opens_makes_no_promise() -> None:
    closed = Calendar("closed", "UTC", {}, {date(2026, 1, 1): "Always"})
    with pytest.raises(CannotPromise):
        due_at(clock("1 business day", closed), closed, started_at=START)


def test_the_day_an_extension_is_counted_from_is_never_its_first_day() -> None:
    spec = clock("1 business day", LONDON, count_receipt_day=True)
    one_more = Extension(Duration(1, Unit.CALENDAR_DAY, end_of_day=True), "complex")
    assert due_at(spec, LONDON, started_at=START) == datetime(2026, 6, 1, 16, 30, tzinfo=UTC)
    assert due_at(spec, LONDON, started_at=START, extensions=[one_more]) == datetime(2026, 6, 2, 23, tzinfo=UTC)
