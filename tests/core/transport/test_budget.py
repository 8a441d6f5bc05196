"""The tokens that a client's retries are paid from."""

import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.core.transport import budget as budgets
from chamber.core.transport.budget import RetryBudget

steps = st.lists(st.sampled_from(["retry", "throttled", "first", "retried", "throttled first"]), max_size=300)


def _step(budget, step):
    """One step of a call's life, as the transport takes it."""
    if step == "first":
        budget.give(0)
    elif step in {"retry", "throttled"}:
        budget.take(throttled=step == "throttled")
    elif (taken := budget.take(throttled=step == "throttled first")) is not None:
        budget.give(taken)


@given(steps)
def test_a_budget_is_within_its_bounds_after_any_steps(taken):
    budget = RetryBudget()
    for step in taken:
        _step(budget, step)
        assert 0 <= budget.tokens <= 500


@given(st.lists(steps, min_size=2, max_size=4))
def test_a_budget_is_within_its_bounds_under_any_interleaving(callers):
    budget, seen = RetryBudget(), []
    start = threading.Barrier(len(callers))

    def call(taken):
        start.wait(30)
        for step in taken:
            _step(budget, step)
            seen.append(budget.tokens)

    threads = [threading.Thread(target=call, args=(taken,)) for taken in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert all(0 <= tokens <= 500 for tokens in seen)


@given(st.lists(st.booleans(), max_size=120))
def test_what_was_taken_is_missing_until_it_is_given_back(throttled):
    budget = RetryBudget()
    costs = [budget.take(throttled=one) for one in throttled]
    assert budget.tokens == 500 - sum(cost or 0 for cost in costs)
    for cost in costs:
        if cost is not None:
            budget.give(cost)
    assert budget.tokens == 500


def test_a_new_budget_pays_35_retries_or_100_after_throttling():
    budget = RetryBudget()
    assert [budget.take() for _ in range(36)] == [14] * 35 + [None]
    assert budget.tokens == 10
    patient = RetryBudget()
    assert [patient.take(throttled=True) for _ in range(101)] == [5] * 100 + [None]
    assert patient.tokens == 0


def test_a_success_at_the_first_try_adds_one_token():
    budget = RetryBudget()
    budget.take()
    budget.give(0)
    assert budget.tokens == 487


# Python 3.12 and later warn of every fork beside threads.
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_process_has_a_budget_of_its_own():
    budget = RetryBudget()
    budget.take()
    budget._lock.acquire()  # as a thread of the parent may hold it at that moment
    child = os.fork()
    if not child:
        os._exit(0 if budget.tokens == 500 and budget.take() == 14 and budget.tokens == 486 else 1)
    budget._lock.release()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert budget.tokens == 486


def test_what_runs_in_a_child_fills_every_budget_and_frees_its_lock():
    one, other = RetryBudget(), RetryBudget()
    one.take()
    other.take(throttled=True)
    one._lock.acquire()
    budgets._after_fork_in_child()
    assert [one.take(), other.take(throttled=True)] == [14, 5]
    assert [one.tokens, other.tokens] == [486, 495]
