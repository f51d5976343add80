"""A small matrix for tests: four tiers whose deadlines are plain hours, so that expected instants are read off."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shared.domain.calendar import Calendar
from shared.domain.matrix import Matrix
from shared.policy.matrix import parse_matrix

CALENDARS: Mapping[str, Calendar] = {"always": Calendar.always()}
NINE = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


def a_tier(title: str, deadline: str, **more: Any) -> dict[str, Any]:
    """A tier held by one person who is always there, Ann of the first letters of the title."""
    holders = [{"name": f"{title} Ann"}]
    return {"title": title, "deadline": deadline, "calendar": "always", "holders": holders} | more


def a_body(**parts: Any) -> dict[str, Any]:
    """The document of a matrix; each named part replaces the ordinary one."""
    body: dict[str, Any] = {
        "base_currency": "EUR",
        "reference_rates": {"GBP": "1.25"},
        "min_gap": "30 minutes",
        "tiers": [
            a_tier("Agent", "4 hours", authority={"amount": "150"}),
            a_tier("Lead", "8 hours", authority={"amount": "500", "amounts": {"USD": "600"}}),
            a_tier("Manager", "16 hours", authority={"amount": "2500"}),
            a_tier("Executive", "32 hours", authority={"unlimited": True}),
        ],
        "thresholds": [
            {"name": "big", "when": {"amount_over": "500"}, "to_tier": 3, "because": "a large amount"},
            {"name": "law", "when": {"signals_any": ["legal_threat"]}, "to_tier": 4, "because": "law is mentioned"},
            {"name": "calls", "when": {"contact_count_at_least": 3}, "to_tier": 2, "because": "third contact"},
            {"name": "again", "when": {"reopen_count_at_least": 2}, "to_tier": 3, "because": "reopened twice"},
        ],
        "clocks": clocks(),
    }
    return body | parts


def clocks(**parts: Any) -> dict[str, Any]:
    """The clocks of the matrix; None takes one away."""
    every: dict[str, Any] = {
        "acknowledgement": {"duration": "2 hours", "calendar": "always", "on_breach": "escalate"},
        "first_response": {"duration": "6 hours", "calendar": "always", "on_breach": "tell"},
        "next_update": {"duration": "100 hours", "calendar": "always", "on_breach": "tell"},
        "resolution": {"duration": "8 weeks", "calendar": "always", "on_breach": "escalate"},
        "follow_up": {"duration": "7 calendar days", "calendar": "always", "warn_at": [], "on_breach": "ask_follow_up"},
        "silence": {"duration": "7 calendar days", "calendar": "always", "warn_at": [], "on_breach": "close"},
        "tier": {"reminders": ["10 hours", "20 hours"]},
    }
    return {name: part for name, part in (every | parts).items() if part is not None}


def a_matrix(version: int = 1, **parts: Any) -> Matrix:
    """The matrix itself."""
    return parse_matrix(a_body(**parts), version=version, calendars=CALENDARS)
