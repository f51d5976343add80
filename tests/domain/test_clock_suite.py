"""Runs the published clock suite, `clock_suite.toml`, against the product."""

import tomllib
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.domain.calendar import Calendar
from shared.domain.clocks import ClockSpec, Extension, Pause, kept, moments, remaining
from shared.domain.duration import Duration, parse_term
from shared.domain.explain import explain
from shared.domain.open_year import Hours
from tests.domain.brute_force import Desk, counted_share, due_of

SUITE: dict[str, Any] = tomllib.loads(Path(__file__).with_name("clock_suite.toml").read_text(encoding="utf-8"))
CASES: list[dict[str, Any]] = SUITE["case"]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SETTINGS = ("duration", "pausable", "warn_at", "count_receipt_day", "cap", "billing_cycle")


def hours(spans: list[str]) -> Hours:
    pairs = (span.split("-") for span in spans)
    return tuple((time.fromisoformat(a), time.min if b == "24:00" else time.fromisoformat(b)) for a, b in pairs)


def built(name: str) -> Calendar:
    table = SUITE["calendars"][name]
    if table.get("always"):
        return Calendar.always(table["zone"], name)
    weekly = {n: hours(table[day]) for n, day in enumerate(DAYS) if day in table}
    return Calendar(
        name=name,
        zone=table["zone"],
        weekly=weekly,
        holidays={date.fromisoformat(day): title for day, title in table.get("holidays", {}).items()},
        exceptions={date.fromisoformat(day): hours(spans) for day, spans in table.get("exceptions", {}).items()},
    )


CALENDARS = {name: built(name) for name in SUITE["calendars"]}
DESKS = {name: Desk(table) for name, table in SUITE["calendars"].items()}


def spec_of(case: dict[str, Any]) -> ClockSpec:
    chosen = {key: case[key] for key in SETTINGS if key in case}
    for key in ("duration", "cap", "billing_cycle"):
        if key in chosen:
            chosen[key] = parse_term(chosen[key])
    if "warn_at" in chosen:
        chosen["warn_at"] = tuple(chosen["warn_at"])
    return ClockSpec(kind="suite", calendar=case["calendar"], **chosen)


def history_of(case: dict[str, Any]) -> dict[str, Any]:
    pauses = [Pause(p["from"], p.get("to"), p.get("reason", "waiting")) for p in case.get("pauses", ())]
    extensions = [Extension(extended_by(e), e.get("reason", "granted")) for e in case.get("extensions", ())]
    return {"started_at": case["started"], "pauses": pauses, "extensions": extensions}


def extended_by(extension: dict[str, Any]) -> Duration | datetime:
    if "to" in extension:
        fixed = extension["to"]
        assert isinstance(fixed, datetime)
        return fixed
    term = parse_term(extension["by"])
    assert isinstance(term, Duration)
    return term


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_clock_suite(case: dict[str, Any]) -> None:
    spec, calendar, history = spec_of(case), CALENDARS[case["calendar"]], history_of(case)
    found = moments(spec, calendar, **history)
    assert found.due == case.get("due")
    assert [moment.at for moment in found.warn] == case.get("warn", [])
    for check in case.get("checks", ()):
        assert remaining(spec, calendar, now=check["now"], **history) == timedelta(seconds=check["remaining_s"])
        assert explain(spec, calendar, now=check["now"], **history).state == check["state"]
    if "stopped" in case:
        assert kept(spec, calendar, stopped_at=case["stopped"]["at"], **history) is case["stopped"]["kept"]


@pytest.mark.parametrize("case", [case for case in CASES if "was" in case], ids=lambda case: case["name"])
def test_the_clock_suite_before_the_change(case: dict[str, Any]) -> None:
    before = {key: value for key, value in case.items() if key != "due"} | case["was"]
    found = moments(spec_of(before), CALENDARS[before["calendar"]], **history_of(before))
    assert found.due == before.get("due")


@pytest.mark.parametrize("case", [case for case in CASES if "periods" in case], ids=lambda case: case["name"])
def test_the_clock_suite_period_after_period(case: dict[str, Any]) -> None:
    spec, started = spec_of(case), case["started"]
    for due in case["periods"]:
        found = moments(spec, CALENDARS[case["calendar"]], started_at=started).due
        assert found == due
        started = found


@pytest.mark.parametrize("case", [case for case in CASES if "then" in case], ids=lambda case: case["name"])
def test_the_clock_suite_once_it_was_met(case: dict[str, Any]) -> None:
    then = case["then"]
    assert ("met" in then) == ("due" in then)
    if "met" in then:
        spec = spec_of({"calendar": case["calendar"], "duration": then["duration"]})
        assert moments(spec, CALENDARS[case["calendar"]], started_at=then["met"]).due == then["due"]


def test_the_brute_force_agrees() -> None:
    for case in CASES:
        desk = DESKS[case["calendar"]]
        due = due_of(case, desk)
        assert due == case.get("due"), case["name"]
        if due is not None and " or " not in case["duration"]:
            expected = dict(zip(case.get("warn_at", ()), case.get("warn", ()), strict=True))
            for fraction, at in expected.items():
                assert counted_share(case, desk, due, fraction) in (at, None), case["name"]
        if "was" in case:
            before = {key: value for key, value in case.items() if key != "due"} | case["was"]
            assert due_of(before, DESKS[before["calendar"]]) == before.get("due"), case["name"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_explanation_of_every_case_adds_up_to_its_deadline(case: dict[str, Any]) -> None:
    told = explain(spec_of(case), CALENDARS[case["calendar"]], now=case["started"], **history_of(case))
    assert told.due == case.get("due")
    if told.due is not None:
        assert sum(span.seconds for span in told.spans) == told.budget.total_seconds()
    assert all(line.endswith(".") for line in told.lines())


def test_the_suite_names_every_case_once_and_says_why() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) >= 300
    assert all(case["why"] for case in CASES)
    assert all(case["started"].astimezone(UTC) < case.get("due", datetime.max.replace(tzinfo=UTC)) for case in CASES)
