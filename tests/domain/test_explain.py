import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.calendar import Calendar
from shared.domain.clocks import ClockSpec, Extension, Pause
from shared.domain.duration import Duration, Unit, parse_term
from shared.domain.explain import ClockState, Explanation, explain
from shared.domain.explain_words import spoken_day, spoken_length
from tests.domain.calendars import ALWAYS, OFFICE, calendars, instants

DESK = Calendar(
    "desk",
    "Europe/London",
    dict.fromkeys(range(5), OFFICE),
    {date(2026, 5, 25): "Spring Bank Holiday"},
    {},
    (2026, 2026),
)
FRIDAY = datetime(2026, 5, 22, 15, tzinfo=UTC)  # 16:00 in London
EVENING = Pause(FRIDAY + timedelta(hours=1), FRIDAY + timedelta(hours=3), "waiting for the customer")


def told(
    term: str, *, now: datetime = FRIDAY, pauses: tuple[Pause, ...] = (), cal: Calendar = DESK, pausable: bool = True
) -> Explanation:
    spec = ClockSpec("first_response", parse_term(term), cal.name, pausable=pausable, source="House rule 3")
    return explain(spec, cal, started_at=FRIDAY, now=now, pauses=pauses)


@given(
    calendars,
    st.sampled_from(
        ["40 business hours", "5 business days", "24 hours", "2 weeks", "1 month or 9 business days, whichever first"]
    ),
    instants,
    st.lists(
        st.tuples(st.timedeltas(timedelta(0), timedelta(9)), st.timedeltas(timedelta(0), timedelta(4))), max_size=4
    ),
)
def test_the_spans_sum_to_the_time_counted_and_lie_outside_every_pause(
    cal: Calendar, term: str, start: datetime, holds: list[tuple[timedelta, timedelta]]
) -> None:
    pauses = [Pause(start + offset, start + offset + length, "waiting") for offset, length in holds]
    spec = ClockSpec("resolution", parse_term(term), cal.name, pausable=True)
    found = explain(spec, cal, started_at=start, now=start, pauses=pauses)
    assert timedelta(seconds=sum(span.seconds for span in found.spans)) == found.budget
    for span in found.spans:
        for pause in pauses:
            assert pause.until is not None
            assert max(span.since, pause.since) >= min(span.until, pause.until)
    json.dumps(found.as_dict())


def test_a_deadline_over_a_holiday_is_explained_in_plain_sentences() -> None:
    assert told("3 business days", now=FRIDAY + timedelta(days=4), pauses=(EVENING,)).lines() == [
        (
            "The first response clock runs for 3 business days from 16:00 on Friday 22 May 2026. "
            "Only the opening hours of the desk calendar count; times are Europe/London time."
        ),
        "It is due at 09:30 on Friday 29 May 2026, when 27 hours of working time will have been counted.",
        "Not counted, as a holiday: Monday 25 May 2026 (Spring Bank Holiday).",
        "Not counted, as a weekend or other closed day: 2 days.",
        (
            "It was paused from 17:00 on Friday 22 May 2026 until 19:00 on Friday 22 May 2026 (waiting for the customer); "
            "this held it back by 30 minutes of working time."
        ),
        (
            "At 16:00 on Tuesday 26 May 2026, 8 hours of working time has been counted "
            "and 19 hours of working time is left."
        ),
        "Source of the rule: House rule 3.",
    ]


def test_a_clock_in_weeks_skips_no_holiday_and_says_so() -> None:
    found = told("8 weeks")
    assert (found.holidays, found.closed_days, found.counts_working_time) == ((), 0, False)
    assert "Every hour counts, also nights, weekends and holidays" in found.lines()[0]
    assert found.lines()[1] == "It is due at 16:00 on Friday 17 July 2026, when 56 days will have been counted."


def test_the_end_of_a_day_is_called_so_and_not_midnight_of_the_next() -> None:
    assert "midnight at the end of Saturday 6 June 2026" in told("15 calendar days, end of day").lines()[1]


def test_a_paused_clock_says_that_its_deadline_is_not_known_yet() -> None:
    waiting = Pause(EVENING.since, None, "waiting for the customer")
    found = told("3 business days", now=FRIDAY + timedelta(days=4), pauses=(waiting,))
    assert (found.due, found.state) == (None, ClockState.PAUSED)
    assert "the deadline is not known until it starts again" in found.lines()[1]
    assert any("and still is (waiting for the customer)" in line for line in found.lines())
    assert sum(span.seconds for span in found.spans) == found.counted.total_seconds() == 3600


def test_a_pause_at_night_is_shown_to_have_cost_nothing() -> None:
    night = Pause(FRIDAY + timedelta(hours=5), FRIDAY + timedelta(hours=9), "waiting for the customer")
    assert "nothing would have counted then anyway" in " ".join(told("3 business days", pauses=(night,)).lines())


def test_a_clock_that_never_pauses_names_the_pauses_it_ran_through() -> None:
    found = told("3 business days", pauses=(EVENING,), pausable=False)
    assert (found.pauses, found.pauses_ignored) == ((), 1)
    assert "This clock never pauses; 1 pause of the case did not stop it." in found.lines()


def test_an_overdue_clock_says_by_how_much() -> None:
    found = told("1 business hour", now=FRIDAY + timedelta(hours=1, minutes=15))
    assert found.state is ClockState.OVERDUE
    assert "At 17:15 on Friday 22 May 2026 it is overdue by 15 minutes of working time." in found.lines()


def test_extensions_and_a_cap_are_told_with_their_reasons() -> None:
    by = Extension(Duration(5, Unit.BUSINESS_DAY), "the supplier was asked")
    to = Extension(datetime(2026, 7, 1, 11, tzinfo=UTC), "agreed with the customer")
    spec = ClockSpec("resolution", parse_term("2 business days"), "desk", cap=Duration(2, Unit.WEEK))
    lines = explain(spec, DESK, started_at=FRIDAY, now=FRIDAY, extensions=[by, to]).lines()
    assert "It was extended by 5 business days (the supplier was asked)." in lines
    assert "It was extended to 12:00 on Wednesday 1 July 2026 (agreed with the customer)." in lines
    assert "2 weeks after the start is the latest allowed" in lines[1]


def test_a_deadline_beyond_the_known_holidays_says_that_it_may_move() -> None:
    assert not told("3 business days").holidays_unknown
    found = told("200 business days")
    assert found.holidays_unknown
    assert "Holidays are known from 2026 to 2026 only, so this deadline may still move." in found.lines()


def test_the_json_form_names_calendar_version_and_every_span() -> None:
    form = told("3 business days", pauses=(EVENING,)).as_dict()
    assert form["calendar"] == {"name": "desk", "version": DESK.version, "zone": "Europe/London"}
    assert form["holidays"] == [{"date": "2026-05-25", "name": "Spring Bank Holiday"}]
    assert form["due_at"] == "2026-05-29T08:30:00+00:00"
    assert form["spans"] == [
        {"from": "2026-05-22T15:00:00+00:00", "to": "2026-05-22T16:00:00+00:00", "seconds": 3600.0},
        *(
            {"from": f"2026-05-{day}T08:00:00+00:00", "to": f"2026-05-{day}T16:30:00+00:00", "seconds": 30600.0}
            for day in (26, 27, 28)
        ),
        {"from": "2026-05-29T08:00:00+00:00", "to": "2026-05-29T08:30:00+00:00", "seconds": 1800.0},
    ]


def test_a_clock_of_years_lists_a_bounded_number_of_spans_and_their_true_number() -> None:
    form = told("1000 business days").as_dict()
    spans = form["spans"]
    assert isinstance(spans, list)
    assert (len(spans), form["spans_total"]) == (400, 1001)


def test_an_elapsed_clock_on_an_open_calendar_is_one_span() -> None:
    assert len(told("8 weeks", cal=ALWAYS).spans) == 1


def test_lengths_and_days_are_spoken_plainly() -> None:
    assert spoken_length(timedelta(hours=51, minutes=1), in_days=False) == "51 hours 1 minute"
    assert spoken_length(timedelta(hours=51, minutes=1), in_days=True) == "2 days 3 hours 1 minute"
    assert spoken_length(timedelta(seconds=20), in_days=True) == "less than a minute"
    assert spoken_day(date(2026, 12, 1)) == "Tuesday 1 December 2026"


def test_a_pause_after_the_deadline_is_no_part_of_its_explanation() -> None:
    found = told("1 business hour", now=FRIDAY + timedelta(days=1), pauses=(EVENING,))
    assert (found.due, found.pauses) == (EVENING.since, ())


def test_a_milestone_is_named_with_its_regime() -> None:
    spec = ClockSpec("regime:uk.fca.disp.std/final_response", parse_term("8 weeks"), "always")
    found = explain(spec, Calendar.always(), started_at=FRIDAY, now=FRIDAY)
    assert found.lines()[0].startswith("The final response (uk.fca.disp.std) clock runs for 8 weeks")


def test_a_date_of_the_cases_own_is_the_deadline_that_is_explained() -> None:
    spec = ClockSpec("resolution", parse_term("8 weeks"), "always")
    found = explain(spec, Calendar.always(), started_at=FRIDAY, now=FRIDAY, end=FRIDAY + timedelta(days=3))
    assert found.due == FRIDAY + timedelta(days=3)
    assert sum(span.seconds for span in found.spans) == found.budget.total_seconds() == 3 * 86400


def test_a_rule_of_the_house_is_named_in_words_and_utc_is_no_time_of_its_own() -> None:
    always = replace(DESK, name="always", zone="UTC")
    source = "Irish Consumer Protection Code [published]: every 20 days at least; half of it is [ours]"
    lines = explain(
        ClockSpec("resolution", parse_term("8 weeks"), "always", pausable=False, source=source),
        always,
        started_at=FRIDAY,
        now=FRIDAY,
    ).lines()
    assert lines[0].endswith("times are in UTC.")
    assert lines[-1] == (
        "Source of the rule: Irish Consumer Protection Code: every 20 days at least; half of it is our own."
    )
