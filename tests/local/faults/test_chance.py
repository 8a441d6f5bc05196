from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chamber.local.faults import Fault
from chamber.local.faults.chance import Chance, drawn
from chamber.local.faults.kinds import ANSWERS

FAULTS = tuple(Fault(kind=kind) for kind in ANSWERS)


def kinds(chance, numbers):
    return [fault.kind if (fault := drawn(chance, number)) else None for number in numbers]


@settings(deadline=None)
@given(st.integers(), st.floats(0, 0.9), st.integers(1, 5), st.permutations(range(1, 60)))
def test_the_number_and_the_seed_alone_decide(seed, rate, most, order):
    chance = Chance(seed, rate, FAULTS, most)

    in_order = dict(zip(range(1, 60), kinds(chance, range(1, 60)), strict=True))

    assert dict(zip(order, kinds(chance, order), strict=True)) == in_order


@settings(deadline=None)
@given(st.integers(), st.sampled_from([0.5, 0.9, 1.0]), st.integers(1, 5))
def test_no_more_in_a_row_than_said(seed, rate, most):
    told = kinds(Chance(seed, rate, FAULTS, most), range(1, 200))

    assert all(None in told[start : start + most + 1] for start in range(len(told) - most))


def test_a_rate_of_one_is_a_fault_wherever_it_may_be():
    told = kinds(Chance(1, 1, FAULTS, 3), range(1, 13))

    assert [kind is None for kind in told] == [False, False, False, True] * 3


def test_the_rate_is_kept_and_every_kind_comes():
    told = Counter(kinds(Chance(7, 0.3, FAULTS, 3), range(1, 5001)))

    assert 1 - told[None] / 5000 == pytest.approx(0.3, abs=0.03)
    assert set(told) == {None, *ANSWERS}


def test_seeds_differ():
    assert kinds(Chance(1, 0.5, FAULTS, 3), range(1, 50)) != kinds(Chance(2, 0.5, FAULTS, 3), range(1, 50))


def test_a_rate_of_zero_is_no_fault():
    assert set(kinds(Chance(1, 0, FAULTS, 3), range(1, 100))) == {None}
