"""What the engine measures of itself beyond the product's common metrics."""

from collections import Counter as TimesOf
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from prometheus_client import Counter, Gauge

from shared.domain.clock_record import Clock, ClockState
from shared.runtime.metrics import PREFIX, Metrics


class Figures:
    """The engine's metrics, on the process's registry; one per process."""

    def __init__(self, metrics: Metrics) -> None:
        self.common: Final = metrics
        registry = metrics.registry
        self.stale: Final = Counter(
            "timers_stale", "Timers found set for a clock that was over.", namespace=PREFIX, registry=registry
        )
        self.parked: Final = Gauge(
            "timers_failing", "Armed timers whose last firing failed.", namespace=PREFIX, registry=registry
        )
        self.orphans: Final = Gauge(
            "disputes_without_timer",
            "Open disputes that the last audit found without a timer and could not give one.",
            namespace=PREFIX,
            registry=registry,
        )
        self.healed: Final = Counter(
            "disputes_healed", "Disputes that an audit gave a timer or a handler.", namespace=PREFIX, registry=registry
        )

    def fired(self, kinds: Iterable[str], lateness: Iterable[timedelta]) -> None:
        """Counts timers that fired and were committed, and how late each was."""
        for kind, count in TimesOf(kinds).items():
            self.common.timers_fired.labels(kind=kind).inc(count)
        for each in lateness:
            self.common.timer_lateness_seconds.observe(max(0.0, each.total_seconds()))

    def failed(self, error: Exception) -> None:
        """Counts a decision that raised."""
        self.common.loop_failures.labels(loop="escalation.sweep", reason=type(error).__name__).inc()

    def ended(self, clock: Clock) -> None:
        """Counts a promise to a customer that came to its end: kept in time, or broken."""
        if clock.promised and clock.state in (ClockState.MET, ClockState.MISSED):
            outcome = "kept" if clock.state is ClockState.MET else "broken"
            self.common.promises.labels(kind=clock.kind.value, outcome=outcome).inc()
