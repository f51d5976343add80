"""Topic patterns mean in the embedded broker what they mean in RabbitMQ."""

import pytest

from shared.messages.events import EVENTS
from shared.messages.topology import QUEUES, matches


@pytest.mark.parametrize(
    ("pattern", "topic", "fits"),
    [
        ("dispute.*", "dispute.filed", True),
        ("dispute.*", "dispute", False),
        ("dispute.*", "dispute.filed.twice", False),
        ("dispute.#", "dispute", True),
        ("#", "inbound.received", True),
        ("inbound.received", "inbound.received", True),
        ("inbound.received", "dispute.filed", False),
    ],
)
def test_a_pattern_fits_as_in_a_topic_exchange(pattern: str, topic: str, fits: bool) -> None:  # noqa: FBT001 - a table
    assert matches(pattern, topic) is fits


def test_every_event_has_a_queue_that_wants_it() -> None:
    for topic in EVENTS:
        assert any(matches(pattern, topic) for queue in QUEUES for pattern in queue.topics), topic
