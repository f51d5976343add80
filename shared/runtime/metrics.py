"""Every metric of the product, declared once; labels are words from short lists, never ids or addresses."""

import os
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

PREFIX: Final = "recourse"
SHARED_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder in which the processes of one port keep their figures together; the library reads it too."""

# From 5 ms, the precision worth seeing, to an hour, beyond which lateness is an outage.
LATENESS_BUCKETS: Final = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600,
)  # fmt: skip
REQUEST_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
LATENCY_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600)


class Metrics:
    """The product's counters, gauges and histograms on a registry of their own.

    Several services in one process share one instance; two instances never clash.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        # One more series per child, which nobody reads.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it unannotated
        self.registry: Final = registry if registry is not None else CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._declare_http()
        self._declare_disputes()
        self._declare_timers()
        self._declare_messages()
        self._declare_deliveries()
        self._declare_process()

    def render(self) -> tuple[bytes, str]:
        """The exposition text and its content type; of all processes that share a port, where several do."""
        registry = self.registry
        if SHARED_FOLDER in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # the library leaves it unannotated
        return generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4

    def _declare_http(self) -> None:
        self.http_requests = self._counter(
            "http_requests", "Requests answered, by route template.", "method", "route", "status"
        )
        self.http_request_seconds = self._histogram(
            "http_request_seconds", "Time from request head to last byte of the reply.", REQUEST_BUCKETS, "route"
        )
        self.webhook_received = self._counter(
            "webhook_received", "Webhook deliveries taken in, by sender.", "sender", "outcome"
        )
        self.signature_failures = self._counter(
            "signature_failures", "Webhook deliveries refused for their signature.", "sender"
        )

    def _declare_disputes(self) -> None:
        self.disputes_filed = self._counter("disputes_filed", "Disputes opened.", "channel", "category")
        self.category_model_version = self._gauge(
            "category_model_version", "Published model of categorisation that answers; 0 is the shipped one."
        )
        self.likeness_sketched = self._counter("likeness_sketched", "Texts sketched to find duplicates and clusters.")
        self.likeness_lag_seconds = self._gauge(
            "likeness_lag_seconds", "Age of the oldest new dispute whose text waits to be sketched; 0 when none does."
        )
        self.promises = self._counter(
            "promises", "Promises to customers that came due: kept or broken.", "kind", "outcome"
        )

    def _declare_timers(self) -> None:
        self.timers_fired = self._counter("timers_fired", "Timers that fired and were committed.", "kind")
        self.timer_lateness_seconds = self._histogram(
            "timer_lateness_seconds", "Fired minus due, by the database clock.", LATENESS_BUCKETS
        )
        self.timers_oldest_overdue_seconds = self._gauge(
            "timers_oldest_overdue_seconds", "How long the oldest armed timer is overdue; 0 when none is."
        )
        self.engine_heartbeat_age_seconds = self._gauge(
            "engine_heartbeat_age_seconds", "Time since the escalation engine last finished a round."
        )

    def _declare_messages(self) -> None:
        self.outbox_pending = self._gauge("outbox_pending", "Messages committed and not yet confirmed by the broker.")
        self.outbox_oldest_seconds = self._gauge(
            "outbox_oldest_seconds", "Age of the oldest of them; 0 when none waits."
        )
        self.messages_published = self._counter("messages_published", "Messages handed to the broker.", "outcome")
        self.messages_handled = self._counter("messages_handled", "Messages consumed.", "consumer", "outcome")
        self.messages_caught_up = self._counter(
            "messages_caught_up", "Events found in the history that never arrived, and handled after all.", "consumer"
        )
        self.messages_retry_waiting = self._gauge("messages_retry_waiting", "Messages waiting for a retry.", "consumer")
        self.messages_dead_letters = self._gauge(
            "messages_dead_letters", "Messages parked with a reason until somebody decides.", "consumer"
        )
        self.inbound_quarantined = self._gauge(
            "inbound_quarantined", "Deliveries that came in and were not understood, until somebody decides."
        )

    def _declare_deliveries(self) -> None:
        self.deliveries = self._counter(
            "deliveries", "Notifications handed to a channel.", "channel", "kind", "outcome"
        )
        self.delivery_latency_seconds = self._histogram(
            "delivery_latency_seconds", "Time from the cause to the channel's acceptance.", LATENCY_BUCKETS, "channel"
        )

    def _declare_process(self) -> None:
        self.event_loop_lag_seconds = self._gauge("event_loop_lag_seconds", "How late the event loop last woke up.")
        self.loop_failures = self._counter(
            "loop_failures", "Rounds of a background loop that failed and were tried again.", "loop", "reason"
        )
        self.build = Info("build", "What is running.", namespace=PREFIX, registry=self.registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, namespace=PREFIX, registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        # Each process knows the same backlog and its own lag; of several that live, the worst is what matters.
        return Gauge(name, meaning, labels, namespace=PREFIX, registry=self.registry, multiprocess_mode="livemax")

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, meaning, labels, namespace=PREFIX, registry=self.registry, buckets=buckets)
