import subprocess
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from shared.domain.errors import PolicyFault
from shared.policy.calendars import DEFAULT_CALENDARS, CalendarsUnreadable, load_calendars

YEARS = range(2026, 2028)
DESK = """
[desk]
zone = "Europe/London"
week = { mon-fri = ["09:00-17:30"] }
"""


def test_the_shipped_calendars_load_and_know_the_holidays_of_their_country() -> None:
    found = load_calendars(DEFAULT_CALENDARS, YEARS)
    assert {"desk", "always", "counter", "night"} <= set(found)
    desk = found["desk"]
    assert (desk.zone, desk.holiday_years) == ("Europe/London", (2026, 2027))
    assert desk.holiday_on(date(2026, 8, 31)) is not None  # the bank holiday of England, not of Scotland
    assert desk.holiday_on(date(2026, 1, 2)) is None  # a bank holiday of Scotland, not of England
    assert found["counter"].hours_on(date(2026, 12, 20)) == ((time(10), time(14)),)
    assert found["counter"].holiday_on(date(2026, 8, 14)) == "Summer closing"
    assert found["night"].hours_on(date(2026, 6, 1)) == ((time(0), time(6)), (time(22), time.min))


def test_the_shipped_desk_keeps_office_hours() -> None:
    desk = load_calendars(DEFAULT_CALENDARS, YEARS)["desk"]
    received = datetime(2026, 5, 22, 9, tzinfo=UTC)
    assert desk.add_days(received, 3) == datetime(2026, 5, 28, 16, 30, tzinfo=UTC)


def test_a_calendar_may_come_as_text_as_a_file_or_as_a_folder_of_files(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(DESK)
    (tmp_path / "b.toml").write_text('[round_the_clock]\nzone = "UTC"\nalways = true\n')
    (tmp_path / "notes.txt").write_text("not a calendar")
    assert load_calendars(DESK, YEARS) == load_calendars(tmp_path / "a.toml", YEARS)
    assert set(load_calendars(tmp_path, YEARS)) == {"desk", "round_the_clock"}


def test_public_holidays_outside_the_years_asked_for_are_not_loaded() -> None:
    found = load_calendars(DESK + 'holidays = { country = "GB", subdivision = "ENG" }', range(2026, 2027))["desk"]
    assert {day.year for day in found.holidays} == {2026}
    assert found.holiday_years == (2026, 2026)


def test_own_closed_days_are_added_and_public_ones_may_be_worked() -> None:
    found = load_calendars(
        DESK
        + """
[desk.holidays]
country = "GB"
subdivision = "ENG"
extra = [{ date = 2026-06-08, name = "Stocktaking" }]
worked = [2026-05-25]
""",
        YEARS,
    )["desk"]
    assert found.holiday_on(date(2026, 6, 8)) == "Stocktaking"
    assert found.hours_on(date(2026, 5, 25)) == ((time(9), time(17, 30)),)


def test_a_range_of_weekdays_may_pass_sunday_and_full_names_are_understood() -> None:
    found = load_calendars(
        '[desk]\nzone = "UTC"\nweek = { sat-mon = ["10:00-12:00"], Wednesday = ["08:00-24:00"] }', YEARS
    )["desk"]
    assert sorted(found.weekly) == [0, 2, 5, 6]


@pytest.mark.parametrize(
    ("text", "place", "detail"),
    [
        ("[desk", "", "not TOML"),
        ("", "", "1 to 500 calendars, not 0"),
        ("desk = 3", "desk", "valid dictionary"),
        ('[desk]\nzone = "Europe/Londn"\nalways = true', "desk.zone", "no time zone named 'Europe/Londn'"),
        ('[desk]\nweek = { mon = ["09:00-17:00"] }', "desk.zone", "Field required"),
        ('[desk]\nzone = "UTC"\ncolour = "red"', "desk.colour", "Extra inputs are not permitted"),
        ('[desk]\nzone = "UTC"', "desk", "either the hours of a week or always"),
        ('[desk]\nzone = "UTC"\nalways = true\nweek = { mon = ["09:00-17:00"] }', "desk", "either the hours"),
        ('[desk]\nzone = "UTC"\nalways = true\nholidays = { country = "GB" }', "desk", "no holidays"),
        ('[desk]\nzone = "UTC"\nweek = { monda = ["09:00-17:00"] }', "desk.week", "'monda' is not a weekday"),
        ('[desk]\nzone = "UTC"\nweek = { mon-wed-fri = ["09:00-17:00"] }', "desk.week", "is not a weekday"),
        (
            '[desk]\nzone = "UTC"\nweek = { mon-fri = ["09:00-17:00"], tue = ["10:00-11:00"] }',
            "desk.week",
            "tuesday has hours twice",
        ),
        ('[desk]\nzone = "UTC"\nweek = { tue = ["nine to five"] }', "desk.week.tue", "'nine to five' is not a span"),
        ('[desk]\nzone = "UTC"\nweek = { tue = ["09:00-25:00"] }', "desk.week.tue", "ends by 24:00"),
        ('[desk]\nzone = "UTC"\nweek = { tue = ["09:00-00:00"] }', "desk.week.tue", "ends by 24:00"),
        ('[desk]\nzone = "UTC"\nweek = { tue = ["22:00-06:00"] }', "desk.week.tuesday", "ends before it starts"),
        (
            '[desk]\nzone = "UTC"\nweek = { tue = ["09:00-13:00", "12:00-18:00"] }',
            "desk.week.tuesday",
            "12:00-18:00 overlaps or comes before 09:00-13:00",
        ),
        (DESK + 'holidays = { country = "XX" }', "desk.holidays", "XX not available"),
        (DESK + 'holidays = { country = "GB", subdivision = "ZZ" }', "desk.holidays", "ZZ"),
        (DESK + 'holidays = { country = "England" }', "desk.holidays.country", "pattern"),
        (DESK + 'holidays = { subdivision = "ENG" }', "desk.holidays", "need a country"),
        (
            DESK + 'holidays = { country = "GB", worked = [2026-05-26] }',
            "desk.holidays.worked",
            "2026-05-26 is not a public holiday there",
        ),
        (DESK + "exceptions = [{ date = 2026-05-26 }, { date = 2026-05-26 }]", "desk.exceptions.1", "hours twice"),
        (
            DESK + 'exceptions = [{ date = 2026-05-26, hours = ["9-5"] }]',
            "desk.exceptions.0.hours",
            "'9-5' is not a span",
        ),
    ],
)
def test_a_fault_is_refused_with_its_place_in_the_document(text: str, place: str, detail: str) -> None:
    with pytest.raises(PolicyFault) as refused:
        load_calendars(text, YEARS)
    assert (refused.value.place, detail in refused.value.detail) == (place, True), str(refused.value)


def test_a_fault_in_a_folder_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(DESK)
    (tmp_path / "b.toml").write_text(DESK)
    with pytest.raises(PolicyFault, match=r"b\.toml: desk, line 2: Another file has a calendar of this name"):
        load_calendars(tmp_path, YEARS)
    with pytest.raises(PolicyFault, match=r"absent\.toml: The file cannot be read"):
        load_calendars(tmp_path / "absent.toml", YEARS)
    (tmp_path / "b.toml").write_bytes(b"\xff")
    with pytest.raises(PolicyFault, match=r"b\.toml: This is not UTF-8 text"):
        load_calendars(tmp_path, YEARS)
    (tmp_path / "b.toml").write_text("#" * 1_000_001)
    with pytest.raises(PolicyFault, match=r"b\.toml: The file is larger"):
        load_calendars(tmp_path, YEARS)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ('[own]\nzone = "UTC"\n\n[own.week]\ntue = ["09:00-25:00"]\n', 5, "own.toml: own.week.tue, line 5: "),
        (DESK + "exceptions = [\n  { date = 2026-02-30 },\n]", 6, "own.toml, line 6: This is not TOML: Invalid date"),
        (DESK + 'exceptions = [\n  { date = "2026-02-30" },\n]', 6, "own.toml: desk.exceptions.0.date, line 6: "),
        ("[own\n", 1, "own.toml, line 1: This is not TOML: "),
        ("own = " + "[" * 20_000, None, "own.toml: This nests too deeply."),
        (b"\xff\xfe", None, "own.toml: This is not UTF-8 text."),
    ],
)
def test_a_damaged_file_is_named_with_the_line(tmp_path: Path, text: str | bytes, line: int | None, told: str) -> None:
    (tmp_path / "own.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(PolicyFault) as refused:
        load_calendars(tmp_path, YEARS)
    assert not isinstance(refused.value, CalendarsUnreadable)
    assert (refused.value.line, str(refused.value)[: len(told)]) == (line, told)


def test_a_mark_at_the_beginning_of_a_file_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_bytes(b"\xef\xbb\xbf" + DESK.encode())
    assert list(load_calendars(tmp_path, YEARS)) == ["desk"]


def test_a_file_that_cannot_be_read_is_another_fault_than_a_damaged_one(tmp_path: Path) -> None:
    (tmp_path / "own.toml").mkdir()
    for source in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(CalendarsUnreadable, match=r"toml|nowhere"):
            load_calendars(source, YEARS)


@pytest.mark.parametrize("years", [range(0), range(2000, 2031), range(2020, 2030, 2), range(2030, 2026, -1)])
def test_the_years_asked_for_are_bounded_and_consecutive(years: range) -> None:
    with pytest.raises(PolicyFault, match="1 to 30 consecutive years"):
        load_calendars(DESK, years)


def test_the_holidays_package_is_loaded_only_when_a_calendar_asks_for_a_country() -> None:
    program = (
        "import sys; from shared.policy.calendars import load_calendars; "
        f"load_calendars({DESK!r}, range(2026, 2027)); assert 'holidays' not in sys.modules"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", program], check=True, cwd=root, timeout=60)


def test_a_calendar_says_how_far_the_holidays_of_its_country_are_known() -> None:
    """The published ones for India end in 2035; a start in 2027 must neither fail nor claim to know 2036."""
    text = DESK + 'holidays = { country = "IN" }'
    assert load_calendars(text, range(2034, 2038))["desk"].holiday_years == (2034, 2035)
