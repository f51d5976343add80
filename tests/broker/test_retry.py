"""How soon a failed message is tried again."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.broker.retry import Retry


def test_the_wait_doubles_up_to_the_longest_and_then_there_is_none() -> None:
    retry = Retry(attempts_max=5, first=timedelta(seconds=2), longest=timedelta(seconds=10), spread=lambda: 0.0)
    waits = [retry.wait(failures) for failures in range(1, 6)]
    assert waits == [*(timedelta(seconds=s) for s in (2, 4, 8, 10)), None]


@given(st.integers(1, 7), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_shortened_by_at_most_a_half(failures: int, spread: float) -> None:
    full = Retry(spread=lambda: 0.0).wait(failures)
    wait = Retry(spread=lambda: spread).wait(failures)
    assert full is not None
    assert wait is not None
    assert full / 2 <= wait <= full
