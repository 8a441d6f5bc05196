"""Mutants are what they say, and a module whose tests notice nothing is told from one whose tests do."""

import pathlib
import subprocess
import sys

import pytest
from reliability.mutation.mutants import mutants, statements
from reliability.mutation.subjects import SUBJECTS
from reliability.mutation.swapping import changed_constants, changed_function

ROOT = pathlib.Path(__file__).parents[3]

SOURCE = """\
from typing import Literal

__all__ = ["plus"]

Kind = Literal["a", "b"]
STEP = 1
TWICE = STEP + STEP


def plus(number: int, step: int = 3) -> int:
    if number is None:
        raise ValueError("none")
    return (number + step)
"""


def _named(source):
    return {mutant.name: mutant for mutant in mutants(source)}


def test_a_module_is_changed_in_one_place_at_a_time():
    made = _named(SOURCE)
    assert {
        "STEP = 1 -> STEP = 2",
        "STEP = 1 -> STEP = None",
        "TWICE = STEP + STEP -> TWICE = STEP - STEP",
        "def plus(number: int, step: int = 3) -> int: -> def plus(number: int, step: int = 4) -> int:",
        "if number is None: -> if number is not None:",
        'raise ValueError("none") -> raise ValueError("XXnoneXX")',
        "return (number + step) -> return (number - step)",
    } <= made.keys()
    assert made["STEP = 1 -> STEP = 2"].line == 6
    assert len({mutant.source for mutant in made.values()}) == len(made)


def test_what_no_program_notices_is_left_alone():
    assert not [mutant for mutant in mutants(SOURCE) if mutant.line in {3, 5}]


def test_an_if_is_a_statement_of_its_own_without_what_is_in_it():
    found = statements("if a:\n    b(\n        c,\n    )\nd\n")
    assert (found[1], found[3], found[5]) == (range(1, 2), range(2, 5), range(5, 6))


def test_a_function_that_differs_is_told_from_a_constant_and_from_a_default():
    made, code = _named(SOURCE), compile(SOURCE, "one", "exec")

    def changed(name):
        return changed_function(code, compile(made[name].source, "one", "exec"))

    old, new = changed("return (number + step) -> return (number - step)")
    assert old.co_qualname == new.co_qualname == "plus"
    assert changed("STEP = 1 -> STEP = 2") is None
    assert (
        changed("def plus(number: int, step: int = 3) -> int: -> def plus(number: int, step: int = 4) -> int:") is None
    )


def test_what_is_made_from_a_changed_constant_is_made_anew():
    made = _named(SOURCE)
    assert len(changed_constants(SOURCE, made["STEP = 1 -> STEP = 2"].source)) == 2
    assert changed_constants(SOURCE, made["return (number + step) -> return (number - step)"].source) is None


def test_every_module_and_every_test_of_the_table_is_there():
    assert all(subject.file.is_file() for subject in SUBJECTS.values())


@pytest.mark.reliability
def test_no_mutant_of_the_paths_of_the_api_goes_unnoticed():
    """In a process of its own: what was imported before is not measured."""
    command = [sys.executable, "-m", "reliability", "mutation", "core.paths", "--least", "100"]
    said = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "core.paths: 100.0 %" in said.stdout
