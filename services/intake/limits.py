"""How often a key may call: a token bucket per API key in this process, told in the RateLimit headers.

The limit is each process's own: with n processes behind a balancer a key may make up to n times as many calls.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from uuid import UUID

from services.intake.problems import Problem

BUCKETS_MAX: Final = 10_000
"""Keys remembered; the one unused longest is forgotten first, and its bucket is full when it comes back."""


class Buckets:
    """One bucket of `quota` tokens per key, filled evenly over `window_seconds`; a quota of 0 never refuses."""

    def __init__(self, quota: int, window_seconds: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._quota = quota
        self._window = window_seconds
        self._rate = quota / window_seconds
        self._clock = clock
        self._buckets: OrderedDict[UUID, tuple[float, float]] = OrderedDict()
        self._policy = (b"ratelimit-policy", f'"default";q={quota};w={window_seconds}'.encode())

    def take(self, key: UUID) -> tuple[tuple[bytes, bytes], ...]:
        """Takes one token; returns the headers that tell what is left.

        Raises:
            Problem: `rate_limited`, with the seconds to wait, when there is none.
        """
        if not self._quota:
            return ()
        now = self._clock()
        tokens, at = self._buckets.get(key, (float(self._quota), now))
        tokens = min(float(self._quota), tokens + (now - at) * self._rate)
        if tokens < 1:
            raise self._refusal(tokens)
        self._buckets[key] = (tokens - 1, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > BUCKETS_MAX:
            self._buckets.popitem(last=False)
        return self._policy, (b"ratelimit", b'"default";r=%d;t=%d' % (tokens - 1, self._window))

    def _refusal(self, tokens: float) -> Problem:
        wait = max(1, math.ceil((1 - tokens) / self._rate))
        detail = f"This key may make {self._quota} requests in {self._window} seconds; wait {wait} s."
        name, policy = self._policy
        told = {name.decode(): policy.decode(), "ratelimit": f'"default";r=0;t={wait}', "retry-after": str(wait)}
        return Problem("rate_limited", detail, headers=told)
