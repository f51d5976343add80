"""When a clock stands still: while the dispute waits for its customer, or by a milestone's own rule."""

from collections.abc import Iterator
from datetime import datetime

from shared.domain.clock_spec import Extension, Pause
from shared.domain.clock_terms import MayPause
from shared.domain.counting import Rules
from shared.domain.dispute import Dispute
from shared.domain.marks import Marks, first_of


def pauses_of(dispute: Dispute) -> tuple[Pause, ...]:
    """The times the dispute waited for its customer: what stops a pausable clock, and nothing else does."""
    return tuple(
        Pause(wait.since, wait.until, "waiting for the customer")
        for wait in dispute.waits
        if wait.on.startswith("customer")
    )


def stops(rule: MayPause, facts: Marks, rules: Rules) -> Iterator[Pause]:
    """From each time the one fact came to the next time the other did; what is `free` runs on."""
    for began in facts.get(rule.begins_on, ()):
        since = began if rule.free is None else rules.first_end_of(rule.free, began)
        until = first_of(facts, (rule.ends_on,), began)
        if until is None or until > since:
            yield Pause(since, until, rule.begins_on.replace("_", " "))


def remaining_after(
    rule: MayPause, pauses: tuple[Pause, ...], started_at: datetime, rules: Rules
) -> Iterator[Extension]:
    """What a milestone's own rule says is left at the end of each pause."""
    if rule.least_after is not None:
        for pause in pauses:
            if pause.until is not None and pause.until > started_at:
                least = rules.first_end_of(rule.least_after, pause.until)
                yield Extension(least, f"at least {rule.least_after} remain after a pause")
