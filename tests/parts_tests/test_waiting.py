import asyncio

import pytest

from tests.waiting import eventually


async def test_the_first_truthy_answer_is_returned() -> None:
    answers = iter([None, 0, 7])
    assert await eventually(lambda: next(answers), every=0) == 7


async def test_an_exception_means_not_yet() -> None:
    answers = iter([1, 2])

    async def check() -> str:
        if next(answers) == 1:
            raise LookupError("too early")
        return "there"

    assert await eventually(check, every=0) == "there"


async def test_the_last_answer_or_exception_is_told_at_the_deadline() -> None:
    def check() -> None:
        raise LookupError("never there")

    with pytest.raises(AssertionError, match="LookupError: never there"):
        await eventually(check, within=0.05)
    with pytest.raises(AssertionError, match="last seen: 0"):
        await eventually(lambda: 0, within=0.05)


async def test_a_check_that_hangs_is_cut_off() -> None:
    with pytest.raises(AssertionError, match="TimeoutError"):
        await eventually(asyncio.Event().wait, within=0.05)
