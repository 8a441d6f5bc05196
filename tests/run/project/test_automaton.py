"""Patterns with many stars, and the same answers as from `re`."""

import time

import pytest
from hypothesis import example, given, settings, strategies

from chamber.core.errors import ConfigurationError
from chamber.run.project.automaton import Automaton
from chamber.run.project.ignore import Rules
from chamber.run.project.patterns import read

_PARTS = ["*", "**", "?", "a", "b", "/", ".", "[ab]", "[^a]", "[a-c]", "\\*", "^", "$", "+", "!", "\n", "é"]


@given(
    strategies.lists(strategies.sampled_from(_PARTS), min_size=1, max_size=9),
    strategies.lists(strategies.sampled_from(["a", "b", "/", ".", "*", "^", "\n", "é", "!"]), max_size=9),
)
@example(["*", "a", "**", "b"], ["x", "a", "/", "b"])
@example(["*", "^"], [])
@example(["*", "^", "a", "*", "b", "*"], ["a", "b", "a"])
@example(["*", "a", "*", "^", "b", "*"], ["a", "b"])
@example(["**", "/", "*", "/", "**", "/", "a"], ["b", "/", "a"])
@settings(deadline=None)
def test_an_automaton_matches_what_its_expression_matches(pattern, path):
    try:
        patterns = list(read(["".join(pattern).replace("\n", "")]))
    except ConfigurationError:
        return
    for one in patterns:
        if "(?s:" not in one.regex.pattern and "(?:" not in one.regex.pattern and one.regex.pattern.endswith(r"\Z"):
            automaton = Automaton(one.regex.pattern.removesuffix(r"\Z"))
            assert automaton.matches("".join(path)) == bool(one.regex.match("".join(path)))


@pytest.mark.parametrize(
    "pattern", ["*a" * 20 + "b", "**/a" * 12 + "/b/c", "**/" + "*a" * 20 + "b", "!" + "*a" * 20 + "b"]
)
def test_a_pattern_of_many_stars_takes_no_time_to_speak_of(pattern):
    rules = Rules(f"*\n{pattern}" if pattern.startswith("!") else pattern)
    began = time.process_time()

    for path in ("a" * 250, "/".join("a" * 120), "/".join(["a" * 60] * 20)):
        rules.excludes(path)
        rules.prunes(path)

    assert time.process_time() - began < 1


def test_a_pattern_of_many_stars_still_decides():
    rules = Rules("*a*b*c*d\n!*a*b*c*e*d")

    assert rules.excludes("a-b-c-d")
    assert not rules.excludes("a-b-c-e-d")
    assert not rules.excludes("a-b-d")
    assert rules.excludes("a-b-c-d/below")
