from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.duration import Duration, MinOf, Term, Unit, add_months, min_of, parse_term
from shared.domain.errors import InvalidValue

durations = st.builds(Duration, st.integers(1, 1_000_000), st.sampled_from(Unit)) | st.builds(
    Duration, st.integers(1, 999), st.sampled_from([unit for unit in Unit if unit.is_date]), end_of_day=st.just(True)
)
terms: st.SearchStrategy[Term] = durations | st.lists(durations, min_size=2, max_size=5).map(tuple).map(MinOf)


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("4 business hours", Duration(4, Unit.BUSINESS_HOUR)),
        ("1 business hour", Duration(1, Unit.BUSINESS_HOUR)),
        ("90 business minutes", Duration(90, Unit.BUSINESS_MINUTE)),
        ("3 business days", Duration(3, Unit.BUSINESS_DAY)),
        ("3 business_days", Duration(3, Unit.BUSINESS_DAY)),
        ("  8  Weeks ", Duration(8, Unit.WEEK)),
        ("24 hours", Duration(24, Unit.HOUR)),
        ("30 minutes", Duration(30, Unit.MINUTE)),
        ("20 seconds", Duration(20, Unit.SECOND)),
        ("2 months", Duration(2, Unit.MONTH)),
        ("1 year", Duration(1, Unit.YEAR)),
        ("15 calendar days, end of day", Duration(15, Unit.CALENDAR_DAY, end_of_day=True)),
        (
            "2 billing cycles or 90 calendar days, whichever first",
            min_of(Duration(2, Unit.BILLING_CYCLE), Duration(90, Unit.CALENDAR_DAY)),
        ),
        (
            "1 month or 4 weeks whichever comes first",
            min_of(Duration(1, Unit.MONTH), Duration(4, Unit.WEEK)),
        ),
    ],
)
def test_a_duration_is_read_as_a_policy_author_writes_it(text: str, term: Term) -> None:
    assert parse_term(text) == term


@given(terms)
def test_a_term_written_out_reads_back_the_same(term: Term) -> None:
    assert parse_term(str(term)) == term


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3 days", "plain days could mean either"),
        ("three weeks", "is not a duration such as"),
        ("", "is not a duration such as"),
        ("3 fortnights", "the units are second, minute, hour"),
        ("0 hours", "1 to 1,000,000"),
        ("9999999 hours", "1 to 1,000,000"),
        ("-1 hours", "is not a duration such as"),
        ("1.5 hours", "is not a duration such as"),
        ("3 business days, end of day", "have no end of day"),
        ("1 week or 2 months", "whichever first"),
        ("1 week, whichever first", "whichever first"),
        ("1 week or 1 week or 1 week or 1 week or 1 week or 1 week, whichever first", "2 to 5"),
        ("1 week" + " " * 300, "at most 200 characters"),
    ],
)
def test_anything_else_is_refused_with_what_would_be_understood(text: str, message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        parse_term(text)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    with suppress(InvalidValue):
        assert parse_term(str(parse_term(text))) == parse_term(text)


@given(st.dates(date(1950, 1, 1), date(2200, 1, 1)), st.integers(0, 600))
def test_a_month_on_is_the_same_day_or_the_last_of_a_shorter_month(day: date, months: int) -> None:
    reached = add_months(day, months)
    assert (reached.year * 12 + reached.month) - (day.year * 12 + day.month) == months
    assert reached.day == day.day or date.fromordinal(reached.toordinal() + 1).day == 1


def test_months_beyond_the_last_year_are_refused() -> None:
    with pytest.raises(InvalidValue, match="beyond the calendar"):
        add_months(date(9999, 12, 1), 1)
