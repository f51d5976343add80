"""The shipped escalation matrix in a hurry: the same people, limits and thresholds, with deadlines of seconds."""

import copy
from collections.abc import Mapping
from typing import Any, Final

from shared.policy.matrix import default_body

# Seconds at speed 1. On a real desk: a day, a working day, ten, eight weeks, seven days.
CLOCKS: Final = {
    "acknowledgement": 10,
    "first_response": 9,
    "next_update": 12,
    "resolution": 45,
    "follow_up": 4,
    "silence": 5,
}
TIER: Final = {"low": 8, "normal": 6, "high": 6, "critical": 5}
REMINDERS: Final = (6, 12)
MIN_GAP: Final = 1


def hasty_matrix(speed: float) -> dict[str, Any]:
    """The body of the policy to put; terms are whole seconds, at least one."""
    body = copy.deepcopy(dict(default_body()))
    body["min_gap"] = _term(MIN_GAP, speed)
    for tier in body["tiers"]:
        tier["calendar"] = "always"
        tier["deadline"] = {severity: _term(seconds, speed) for severity, seconds in TIER.items()}
    for kind, seconds in CLOCKS.items():
        body["clocks"][kind] |= {"calendar": "always", "duration": _term(seconds, speed)}
    body["clocks"]["tier"]["reminders"] = [_term(seconds, speed) for seconds in REMINDERS]
    return body


def told(body: Mapping[str, Any]) -> str:
    """The deadlines of a matrix in one line of at most 76 columns."""
    clocks = {
        kind: clock["duration"].replace(" seconds", " s") for kind, clock in body["clocks"].items() if kind != "tier"
    }
    tier = body["tiers"][0]["deadline"]["normal"].replace(" seconds", " s")
    return (
        f"acknowledge in {clocks['acknowledgement']}, answer in {clocks['first_response']}, "
        f"a tier has {tier}, ask after {clocks['follow_up']}"
    )


def _term(seconds: int, speed: float) -> str:
    return f"{max(1, round(seconds / speed))} seconds"
