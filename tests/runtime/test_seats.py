"""Who of several processes leaves a connection to another."""

import os
from collections.abc import Iterator

import pytest

from shared.runtime.seats import Seats, seats_for


@pytest.fixture
def seats() -> Iterator[Seats]:
    descriptor = seats_for(3)
    try:
        yield Seats(descriptor)
    finally:
        os.close(descriptor)


def test_alone_nobody_is_waited_for(seats: Seats) -> None:
    seats.hold(1, 500)
    seats.took(1)
    assert not seats.behind(1)


def test_who_holds_more_leaves_the_next_to_who_holds_less(seats: Seats) -> None:
    seats.hold(0, 4)
    seats.hold(2, 3)
    assert seats.behind(0)
    assert not seats.behind(2)


def test_of_those_that_hold_as_much_the_one_who_had_the_newest_waits(seats: Seats) -> None:
    seats.hold(0, 4)
    seats.hold(2, 4)
    seats.took(2)
    assert not seats.behind(0)
    assert seats.behind(2)


def test_nobody_waits_for_one_that_has_left(seats: Seats) -> None:
    seats.hold(0, 4)
    seats.hold(1, 0)
    assert seats.behind(0)
    seats.leave(1)
    assert not seats.behind(0)


def test_what_one_shows_another_sees() -> None:
    descriptor = seats_for(2)
    try:
        here, there = Seats(descriptor), Seats(descriptor)
        here.hold(0, 7)
        there.hold(1, 2)
        assert here.behind(0)
        assert not there.behind(1)
    finally:
        os.close(descriptor)
