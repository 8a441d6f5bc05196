"""Every hook is documented with its signature, and tested."""

import pathlib
import re

import pytest
from members import ROOT

from chamber.core.plugins import manager

PAGE = (ROOT / "docs" / "plugins.md").read_text("utf-8")
HOOKS = sorted(vars(manager().hook), key=str)
TESTS = "\n".join(file.read_text("utf-8") for file in sorted(pathlib.Path(ROOT, "tests").rglob("test_*.py")))


def _signature(name):
    caller = getattr(manager().hook, name)
    return f"{name}({', '.join(caller.spec.argnames)})"


@pytest.mark.parametrize("name", [name for name in HOOKS if name.startswith("chamber_")])
def test_a_hook_has_a_heading_with_its_signature(name):
    assert f"`{_signature(name)}`" in PAGE


@pytest.mark.parametrize("name", [name for name in HOOKS if name.startswith("chamber_")])
def test_a_hook_has_a_test_that_is_named_after_it(name):
    assert re.search(rf"def test_{name}_\w+\(", TESTS)


def test_the_page_names_no_hook_that_does_not_exist():
    assert set(re.findall(r"^### `(chamber_\w+)\(", PAGE, re.MULTILINE)) == {
        n for n in HOOKS if n.startswith("chamber_")
    }
