"""An escalation matrix whose deadlines are seconds, so that every timer fires while the faults are going on."""

from typing import Any


def in_seconds(*, tier: str = "3 seconds", settled: str = "3 seconds") -> dict[str, Any]:
    """Four tiers of `tier` each, with a warning at half time; `settled` is the wait for follow-up and for silence."""
    always = {"calendar": "always", "warn_at": []}
    return {
        "base_currency": "EUR",
        "min_gap": "1 second",
        "tiers": [
            {
                "title": f"Tier {number}",
                "calendar": "always",
                "holders": [{"name": f"Holder {number}", **({"email": "two@house.example"} if number == 2 else {})}],
                "deadline": tier,
                "authority": {"unlimited": True},
            }
            for number in (1, 2, 3, 4)
        ],
        "clocks": {
            "acknowledgement": {**always, "duration": "30 minutes", "on_breach": "escalate"},
            "first_response": {**always, "duration": "30 minutes", "on_breach": "escalate"},
            "next_update": {**always, "duration": "40 minutes", "on_breach": "tell"},
            "resolution": {**always, "duration": "2 hours", "on_breach": "escalate"},
            "follow_up": {**always, "duration": settled, "on_breach": "ask_follow_up"},
            "silence": {**always, "duration": settled, "on_breach": "close"},
            "tier": {"pausable": True, "warn_at": [0.5], "on_breach": "escalate"},
        },
    }
