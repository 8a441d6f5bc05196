"""The corpus: bad and odd inputs, each with a name that says what is odd about it, and what is to come of it.

A line is a case: its name, what it is, the input and what is expected, with `` :: `` between them. ``#`` begins a
remark. An input that begins with ``py:`` is bytes in Python's words, or a list of pieces, each with how often it comes.
What is expected is ``! words`` for an error of our family whose message has these words, ``! NameOfError words`` for
one of that class, and else texts that are found in what came of it, with ``; `` between them.
"""

import ast
import inspect
import time
from pathlib import Path
from typing import NamedTuple

from chamber.core import errors

__all__ = ["Case", "check", "literal", "read"]

HERE = Path(__file__).parent
#: Seconds of CPU that a case may take.
LONGEST = 1.0


class Case(NamedTuple):
    """One line."""

    name: str
    what: str
    input: str
    expected: str


def read(file):
    """The cases of a file; each name is there once."""
    lines = (HERE / file).read_text("utf-8").split("\n")
    cases = [Case(*line.split(" :: ")) for line in lines if line.strip() and not line.startswith("#")]
    names = [case.name for case in cases]
    assert len(set(names)) == len(names), sorted({name for name in names if names.count(name) > 1})
    inputs = [(case.what, case.input) for case in cases]
    assert len(set(inputs)) == len(inputs), sorted({one for one in inputs if inputs.count(one) > 1})
    return cases


def literal(text):
    """The bytes that an input stands for."""
    if not text.startswith("py:"):
        return text.encode()
    pieces = ast.literal_eval(text[3:])
    pieces = [pieces] if isinstance(pieces, bytes) else pieces
    return b"".join(piece if isinstance(piece, bytes) else piece[0] * piece[1] for piece in pieces)


def outcome(act, case):
    """What is wrong with what came of a case; empty: nothing."""
    came, error, took = _tried(act, case)
    if took > LONGEST:  # once more, because a busy machine lets even CPU time pass slowly
        came, error, took = _tried(act, case)
    if error is not None and not isinstance(error, errors.ChamberError):
        return f"a foreign {type(error).__name__}: {str(error)[:200]}"
    if took > LONGEST:
        return f"took {took:.2f} s of CPU"
    return _refusal(error, case.expected) if case.expected.startswith("!") else _result(error, came, case.expected)


def _tried(act, case):
    began = time.process_time()
    try:
        came, error = act(case), None
    except BaseException as raised:  # a foreign one is what this looks for
        came, error = f"{raised}", raised
    return came, error, time.process_time() - began


def _refusal(error, expected):
    kind, words = errors.ChamberError, expected.removeprefix("!").strip()
    first, _, rest = words.partition(" ")
    if inspect.isclass(found := getattr(errors, first, None)):
        kind, words = found, rest
    if error is None:
        return f"was taken; expected {expected}"
    said = next(each for each in type(error).__mro__ if each.__module__ == errors.__name__ or each is object)
    if said is not kind and not (kind is errors.ChamberError and isinstance(error, kind)):
        return f"{type(error).__name__} instead of {kind.__name__}: {error}"
    return "" if words in str(error) else f"does not say {words!r}: {error}"


def _result(error, came, expected):
    if error is not None:
        return f"{type(error).__name__}: {error}"
    missing = [words for words in expected.split("; ") if words not in f"{came}"]
    return f"has no {missing}: {came}" if missing else ""


def check(file, least, act):
    """At least so many cases, and what `act` makes of each is what is expected."""
    cases = read(file)
    told = {case.name: wrong for case in cases if (wrong := outcome(act, case))}
    assert not told, f"{len(told)} of {len(cases)}\n" + "\n".join(f"{name}: {why}" for name, why in told.items())
    assert len(cases) >= least
