"""The table of what is tested where is whole, true and up to date."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.once

HERE = pathlib.Path(__file__).parent
REFERENCE = HERE.parents[2] / "shared" / "seeds" / "sdk-reference.txt"

#: Models whose fields are listed in the reference.
MODELS = ("Workload", "Team", "Template", "Allocation")


@pytest.fixture
def coverage(monkeypatch):
    """`coverage.py` of this folder, and not what else may have that name."""
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.delitem(sys.modules, "coverage", raising=False)
    import coverage

    yield coverage
    monkeypatch.delitem(sys.modules, "coverage")


def test_every_part_of_the_reference_has_a_test(coverage):
    covered = coverage.tests()
    assert [name for name in coverage.PARTS if name not in covered] == []


def test_every_test_covers_parts_that_there_are(coverage):
    assert [name for name in coverage.tests() if name not in coverage.PARTS] == []


def test_the_page_is_up_to_date(coverage):
    assert coverage.PAGE.read_text("utf-8") == coverage.page(), "hatch run python tests/reference/coverage.py --write"


def test_every_test_fails_without_what_it_covers():
    command = [sys.executable, str(HERE / "coverage.py"), "--verify"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "everything holds"), done.stdout + done.stderr


def rows(kind):
    """Heading of a method or model → the rows of its table, whose columns have run together."""
    found, heading = {}, ""
    lines = iter(REFERENCE.read_text("utf-8").splitlines())
    for line in lines:
        if re.fullmatch(r"\w+(\(\))?|Distributed Training", line) and not line.startswith(kind):
            heading = line.removesuffix("()")
        if line.startswith(kind):
            table = found.setdefault(heading, [])
            for row in lines:
                if not row or row.startswith(("Returns", "Raises")):
                    break
                table.append(row)
    return found


def _without_reference():
    if not REFERENCE.exists() and os.environ.get("CI") == "true":
        pytest.fail(f"{REFERENCE} is not there, and in CI it must be")
    if not REFERENCE.exists():
        pytest.skip(f"{REFERENCE} is not there")


def test_every_parameter_in_a_table_of_the_reference_is_a_part(coverage):
    _without_reference()
    from parts import parameters_of

    tables = rows("ParameterType")
    assert len(tables) == 11
    for method, table in tables.items():
        known = parameters_of("submit_job" if method == "Distributed Training" else method)
        for row in table:
            named = [word for word in known if row.startswith(word)]
            assert named, f"{method}: {row}"


def test_every_field_in_a_table_of_the_reference_is_a_part(coverage):
    _without_reference()
    from parts import FIELDS

    tables = rows("FieldType")
    assert list(tables) == list(MODELS)
    for model, table in tables.items():
        names = FIELDS[model].split()
        found = [max((name for name in names if row.startswith(name)), key=len, default=row) for row in table]
        assert found == names


def test_every_method_of_the_reference_is_a_part(coverage):
    _without_reference()
    headings = [line for line in REFERENCE.read_text("utf-8").splitlines() if re.fullmatch(r"[a-z_]+\(\)", line)]
    assert [heading for heading in headings if heading not in coverage.PARTS] == []
    assert len(headings) == 27
