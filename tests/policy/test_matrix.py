"""The matrix is data: read from TOML or JSON, checked as a whole, and a fault names its place."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.db.promises import promise_of, spec_text
from shared.domain.clock_record import Kind
from shared.domain.dispute import Severity
from shared.domain.duration import parse_term
from shared.domain.errors import PolicyFault
from shared.domain.matrix import Matrix
from shared.policy.calendars import DEFAULT_CALENDARS, load_calendars
from shared.policy.matrix import default_body, matrix_body, matrix_schema, parse_matrix
from tests.domain.matrices import a_body, a_matrix, a_tier, clocks

TOML = files("shared.policy").joinpath("escalation.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shipped() -> Matrix:
    return parse_matrix(TOML, version=1, calendars=load_calendars(DEFAULT_CALENDARS, range(2026, 2028)))


def test_the_matrix_the_product_ships_with_holds_on_the_calendars_it_ships_with(shipped: Matrix) -> None:
    assert [tier.title for tier in shipped.tiers] == [
        "Agent",
        "Team lead",
        "Complaints manager",
        "Complaints executive",
    ]
    assert [tier.authority.limit.amount for tier in shipped.tiers[:3]] == [Decimal(150), Decimal(500), Decimal(2500)]
    assert shipped.tier(4).authority.limit.unlimited
    assert set(shipped.clocks) == set(Kind) - {Kind.TIER}


def test_the_promises_the_product_ships_with(shipped: Matrix) -> None:
    promised = {kind.value: str(promises[Severity.NORMAL].spec.duration) for kind, promises in shipped.clocks.items()}
    assert promised == {
        "acknowledgement": "24 hours",
        "first_response": "8 business hours",
        "next_update": "10 business days",
        "resolution": "8 weeks",
        "follow_up": "7 calendar days",
        "silence": "7 calendar days",
    }
    assert not any(promises[Severity.NORMAL].spec.pausable for promises in shipped.clocks.values())
    assert shipped.tier(1).deadlines[Severity.CRITICAL].spec.duration == parse_term("2 business hours")


def test_toml_and_json_are_one_document(shipped: Matrix) -> None:
    body = json.loads(json.dumps(matrix_body(TOML)))
    assert body == default_body()
    assert parse_matrix(body, version=1) == shipped
    assert matrix_body(body) == body


def test_the_json_schema_describes_the_body_for_people_and_tools() -> None:
    schema = matrix_schema()
    assert schema["required"] == ["base_currency", "tiers", "clocks"]
    assert set(schema["properties"]["clocks"].get("properties", schema["$defs"]["ClocksModel"]["properties"])) == {
        kind.value for kind in Kind
    }


def test_a_duration_is_for_every_severity_or_one_for_all() -> None:
    each = {"low": "4 hours", "normal": "3 hours", "high": "2 hours", "critical": "1 hour"}
    deadlines = a_matrix(tiers=[a_tier("Agent", each)], thresholds=[]).tier(1).deadlines  # type: ignore[arg-type]
    assert [str(deadlines[severity].spec.duration) for severity in Severity] == list(each.values())
    assert len(set(a_matrix().tier(1).deadlines.values())) == 1


def set_at(*path: str | int, to: object) -> Callable[[dict[str, Any]], None]:
    def change(body: dict[str, Any]) -> None:
        at: Any = body
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "place", "detail"),
    [
        (set_at("tiers", to=[]), "tiers", "at least 1 item"),
        (set_at("tiers", 1, "deadline", to="2 days"), "tiers.1.deadline", "business days' or 'calendar days'"),
        (set_at("tiers", 1, "deadline", to={"low": "1 hour"}), "tiers.1.deadline.normal", "required"),
        (set_at("tiers", 1, "calendar", to="desk"), "tiers.1.calendar", "no calendar named 'desk'; there are always"),
        (set_at("tiers", 1, "title", to="Agent"), "tiers", "'Agent' is there 2 times"),
        (set_at("tiers", 0, "holders", 0, "email", to="nowhere"), "tiers.0.holders.0.email", "pattern"),
        (
            set_at("tiers", 0, "holders", 0, "absent", to=[{"from": "2026-05-03", "until": "2026-05-02"}]),
            "tiers.0.holders.0.absent.0",
            "ends (2026-05-02) before it begins",
        ),
        (set_at("tiers", 0, "authority", "amount", to=1.5), "tiers.0.authority.amount", "as text"),
        (set_at("tiers", 3, "authority", "amount", to="1"), "tiers.3.authority", "unlimited authority has no amount"),
        (set_at("thresholds", 0, "to_tier", to=5), "thresholds.0.to_tier", "no tier 5; the top is 4"),
        (set_at("thresholds", 0, "when", to={}), "thresholds.0.when", "always hold"),
        (
            set_at("thresholds", 0, "when", to={"signals_any": ["anger"]}),
            "thresholds.0.when.signals_any.0",
            "not a signal",
        ),
        (set_at("thresholds", 0, "when", to={"categories": ["x"]}), "thresholds.0.when.categories.0", "not a category"),
        (set_at("thresholds", 0, "when", to={"currency": "EUR"}), "thresholds.0.when", "always hold"),
        (set_at("thresholds", 0, "whatever", to=1), "thresholds.0.whatever", "not permitted"),
        (set_at("thresholds", 1, "name", to="big"), "thresholds", "'big' is there 2 times"),
        (set_at("base_currency", to="EURO"), "base_currency", "ISO 4217"),
        (set_at("reference_rates", "EUR", to="1"), "reference_rates", "the base currency"),
        (set_at("reference_rates", "GBP", to="0"), "reference_rates.GBP", "greater than 0"),
        (set_at("min_gap", to="1 business hour"), "min_gap", "seconds, minutes or hours"),
        (set_at("zone", to="Europe/Nowhere"), "zone", "no time zone"),
        (set_at("clocks", "silence", "on_breach", to="escalate"), "clocks.silence.on_breach", "can only close or tell"),
        (
            set_at("clocks", "tier", "on_breach", to="close"),
            "clocks.tier.on_breach",
            "can only escalate, remind or tell",
        ),
        (set_at("clocks", "resolution", "warn_at", to=[1.5]), "clocks.resolution.warn_at.0", "less than 1"),
        (set_at("clocks", "resolution", "calendar", to="desk"), "clocks.resolution.calendar", "no calendar"),
        (
            set_at("clocks", "resolution", "count_receipt_day", to=True),
            "clocks.resolution.count_receipt_day",
            "first day",
        ),
        (set_at("clocks", "regulatory", to={}), "clocks.regulatory", "not permitted"),
    ],
)
def test_what_does_not_hold_is_refused_with_its_place(
    change: Callable[[dict[str, Any]], None], place: str, detail: str
) -> None:
    body = a_body()
    change(body)
    with pytest.raises(PolicyFault) as fault:
        parse_matrix(body, version=1, calendars=["always"])
    assert fault.value.place == place
    assert detail in fault.value.detail


def test_text_that_is_not_toml_is_refused() -> None:
    with pytest.raises(PolicyFault, match="not TOML"):
        parse_matrix("tiers = [", version=1)


def test_an_absence_may_also_be_given_to_the_minute() -> None:
    absent = [{"from": "2026-05-04T10:00:00+02:00", "until": "2026-05-04T12:00:00+02:00"}]
    matrix = a_matrix(tiers=[a_tier("Agent", "1 hour", holders=[{"name": "Ann", "absent": absent}])], thresholds=[])
    ((since, until),) = matrix.tier(1).holders[0].absent
    assert (since.hour, until - since) == (8, timedelta(hours=2))


def test_warnings_are_given_in_rising_order_whatever_the_order_they_are_written_in() -> None:
    matrix = a_matrix(clocks=clocks(tier={"warn_at": [0.75, 0.5, 0.75]}))
    assert matrix.tier(1).deadlines[Severity.LOW].spec.warn_at == (0.5, 0.75)


def test_another_version_staffs_a_running_case_and_promises_it_nothing() -> None:
    body = a_body()
    body["tiers"] = [a_tier("Agent", "1 hour", holders=[{"name": "Zoe"}])]
    mixed = a_matrix(1).staffed_by(a_matrix(2, tiers=body["tiers"], thresholds=[]))
    assert (mixed.version, mixed.top) == (1, 4)
    assert [tier.holders[0].name for tier in mixed.tiers] == ["Zoe", "Lead Ann", "Manager Ann", "Executive Ann"]
    assert mixed.tier(1).deadlines == a_matrix(1).tier(1).deadlines


@given(st.sampled_from(list(Kind)), st.sampled_from(list(Severity)))
def test_every_promise_is_stored_and_read_back_as_it_was(kind: Kind, severity: Severity) -> None:
    matrix = parse_matrix(default_body(), version=1)
    promise = matrix.promise(kind, severity) or matrix.tier(1).deadlines[severity]
    assert promise_of(spec_text(promise)) == promise


def test_reminders_are_promises_of_their_own_and_survive_storage() -> None:
    reminders = [each[Severity.NORMAL] for each in a_matrix().reminders]
    assert [(each.reminder, str(each.spec.duration)) for each in reminders] == [(1, "10 hours"), (2, "20 hours")]
    assert [promise_of(spec_text(each)) for each in reminders] == reminders
