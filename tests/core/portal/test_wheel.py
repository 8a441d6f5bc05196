"""Who drives the loop, in every order of things: never two, and always somebody where it is needed."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chamber.core.portal.wheel import DAEMON, Wheel

CALLERS = st.integers(1, 3)


class Wheels(RuleBasedStateMachine):
    """Callers, listings and the daemon do what they may do, each when it likes to."""

    def __init__(self) -> None:
        super().__init__()
        self.wheel = Wheel()
        self.calls = self.listings = 0

    @rule(caller=CALLERS)
    def calls_alone_or_not(self, caller: int) -> None:
        driver, wanted = self.wheel.driver, self.wheel.is_wanted
        if self.wheel.take(caller):
            assert (driver, wanted, self.wheel.driver) == (None, False, caller)
        elif self.wheel.hand_over():
            self.calls += 1
            assert self.wheel.is_wanted
            assert self.wheel.is_called_off == (driver not in {None, DAEMON})
        else:
            assert self.wheel.is_stopped

    @precondition(lambda self: self.wheel.driver not in {None, DAEMON})
    @rule(unfinished=st.booleans())
    def the_caller_leaves(self, unfinished: bool) -> None:
        self.wheel.leave(unfinished=unfinished)
        self.calls += unfinished

    @rule(idle=st.booleans())
    def the_daemon_looks(self, idle: bool) -> None:
        driver, needed = self.wheel.driver, self.wheel.is_wanted or idle
        assert self.wheel.take_over(idle=idle) == (driver is None and needed)

    @precondition(lambda self: self.calls and self.wheel.driver is not None)
    @rule()
    def a_call_ends(self) -> None:
        self.calls -= 1
        if self.wheel.end():
            assert (self.wheel.driver, self.calls, self.listings) == (DAEMON, 0, 0)
            self.wheel.leave()

    @precondition(lambda self: self.wheel.driver == DAEMON)
    @rule()
    def the_daemon_is_stopped_for_nothing(self) -> None:
        self.wheel.leave()

    @rule()
    def a_listing_is_opened(self) -> None:
        self.wheel.open_listing()
        self.listings += 1

    @precondition(lambda self: self.listings)
    @rule()
    def a_listing_is_closed(self) -> None:
        self.wheel.close_listing()
        self.listings -= 1

    @rule()
    def the_loop_is_to_end(self) -> None:
        self.wheel.stop()

    @invariant()
    def what_is_left_to_the_daemon_is_driven(self) -> None:
        """By the daemon, or by a caller that was told to leave or will find it there when it does."""
        assert self.wheel.is_wanted == bool(self.calls or self.listings or self.wheel.is_stopped)

    @invariant()
    def only_a_caller_is_called_off(self) -> None:
        assert not (self.wheel.is_called_off and self.wheel.driver in {None, DAEMON})


TestWheels = Wheels.TestCase


def test_a_call_that_is_alone_is_driven_by_its_thread():
    wheel = Wheel()
    assert wheel.take(7)
    wheel.leave()
    assert wheel.take(8)


def test_a_caller_lets_go_for_a_second_one_and_the_daemon_ends_both():
    wheel = Wheel()
    assert wheel.take(7)
    assert not wheel.take(8)
    assert wheel.hand_over()
    assert wheel.is_called_off
    wheel.leave(unfinished=True)
    assert not wheel.take(9)
    assert wheel.take_over(idle=False)
    assert not wheel.end()
    assert not wheel.end()


@pytest.mark.parametrize("beside", [True, False])
def test_the_daemon_hands_the_loop_back_once_calls_come_one_after_the_other(beside):
    wheel = Wheel()
    assert wheel.take_over(idle=True)
    if beside:
        wheel.hand_over()
        wheel.hand_over()
        assert [wheel.end(), wheel.end()] == [False, False]
    for _ in range(7 if beside else 0):
        wheel.hand_over()
        assert not wheel.end()
    wheel.hand_over()
    assert wheel.end()


def test_the_daemon_stays_while_a_listing_is_open():
    wheel = Wheel()
    wheel.open_listing()
    assert wheel.take_over(idle=False)
    wheel.hand_over()
    assert not wheel.end()
    wheel.close_listing()
    wheel.hand_over()
    assert wheel.end()


def test_the_idle_loop_is_driven_by_the_daemon():
    wheel = Wheel()
    assert not wheel.take_over(idle=False)
    assert wheel.take_over(idle=True)
    assert not wheel.take(7)


def test_a_loop_that_is_to_end_takes_no_call():
    wheel = Wheel()
    assert wheel.take(7)
    wheel.stop()
    assert wheel.is_called_off
    wheel.leave()
    assert not wheel.take(7)
    assert not wheel.hand_over()
    assert wheel.take_over(idle=False)
