"""Every row of the threat model is held by a test that exists, and every letter of STRIDE and boundary is met."""

import ast
import functools
import re

import pytest
from members import ROOT

PAGE = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
LINK = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
ROWS = [
    line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| asset", "| | ", "| rule"))
]
THREATS = [row for row in ROWS if re.match(r"\| [STRIDE] \|", row)]
RULES = ROWS[ROWS.index(THREATS[-1]) + 1 :]
LINKS = sorted(set(LINK.findall(PAGE)))


@functools.cache
def _tests(path):
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize(("path", "name"), LINKS, ids=[name for _, name in LINKS])
def test_a_test_that_is_named_exists(path, name):
    assert name.startswith("test_")
    assert name in _tests(path)


@pytest.mark.parametrize("row", [*THREATS, *RULES])
def test_every_row_names_a_test(row):
    assert LINK.search(row)


def test_every_kind_of_threat_is_met_at_every_boundary():
    kinds = {row[2] for row in THREATS}
    places = {row.split("|")[2].strip() for row in THREATS}
    assert kinds == set("STRIDE")
    assert places >= {"API", "registry", "engine", "project", "plugins", "chamber-local", "user's machine"}
    assert len(THREATS) >= 40
    assert len(RULES) >= 17


@pytest.mark.parametrize(
    ("page", "target"),
    [("README.md", "SECURITY.md"), ("README.md", "docs/threat-model.md"), ("SECURITY.md", "docs/threat-model.md")],
)
def test_the_pages_lead_to_each_other(page, target):
    assert f"]({target})" in (ROOT / page).read_text("utf-8")
    assert (ROOT / target).is_file()
    assert ": threat-model.md\n" in (ROOT / "mkdocs.yml").read_text("utf-8")
