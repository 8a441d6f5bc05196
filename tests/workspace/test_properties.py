"""How many laws are held by hypothesis, and with how many examples of each."""

import ast

import hypothesis
from members import ROOT

ENOUGH = 60


def _properties():
    """Every function under ``@given``: its name, and how many examples it names itself."""
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                calls = [one for one in node.decorator_list if isinstance(one, ast.Call)]
                if any(ast.unparse(call.func).endswith("given") for call in calls):
                    yield f"{file.relative_to(ROOT)}::{node.name}", _examples(node.decorator_list)


def _examples(decorators):
    named = [keyword for one in decorators if isinstance(one, ast.Call) for keyword in one.keywords]
    return [ast.literal_eval(keyword.value) for keyword in named if keyword.arg == "max_examples"]


def test_there_are_enough_properties_each_with_as_many_examples_as_the_profile_says():
    found = dict(_properties())
    assert len([name for name, examples in found.items() if not examples]) >= ENOUGH, sorted(found)


def test_a_property_has_200_examples_and_10_000_before_a_release():
    assert hypothesis.settings.get_profile("ci").max_examples == 200
    assert hypothesis.settings.get_profile("local").max_examples == 200
    assert hypothesis.settings.get_profile("release").max_examples == 10_000


def test_the_examples_of_ci_are_the_same_each_time():
    assert hypothesis.settings.get_profile("ci").derandomize
