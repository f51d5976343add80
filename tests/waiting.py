"""Waiting for something real, with an end."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")


@overload
async def eventually(check: Callable[[], Awaitable[T]], *, within: float = ..., every: float = ...) -> T: ...
@overload
async def eventually(check: Callable[[], T], *, within: float = ..., every: float = ...) -> T: ...
async def eventually(check: Callable[[], object], *, within: float = 10.0, every: float = 0.02) -> object:
    """The first truthy answer of `check`, asked again every `every` seconds.

    An exception from `check` counts as "not yet". Raises AssertionError with the last answer or exception when
    `within` seconds have passed; `check` is asked at least once, and cut off if it hangs beyond the deadline.
    """
    deadline = time.monotonic() + within
    last: object = "nothing yet"
    while True:
        try:
            async with asyncio.timeout(max(0.1, deadline - time.monotonic())):
                answer = check()
                value = await answer if inspect.isawaitable(answer) else answer
            if value:
                return value
            last = repr(value)
        except Exception as problem:  # noqa: BLE001 - reported below if it stays
            last = f"{type(problem).__name__}: {problem}"
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {within:g} s; last seen: {last}")
        await asyncio.sleep(every)
