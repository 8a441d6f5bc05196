"""The page of reference, as it is built."""

import inspect
import subprocess
import sys

import pytest
from members import ROOT

from chamber.core import AsyncChamberClient

#: For those who write plugins; documented on their page.
OTHERS = {"request", "plugins"}


def _calls():
    """How the page shows each public method, as far as its first parameter."""
    for name in sorted({name for name in dir(AsyncChamberClient) if not name.startswith("_")} - OTHERS):
        first = next(iter(inspect.signature(getattr(AsyncChamberClient, name)).parameters), None)
        yield f"{name}({first}:" if first not in {None, "self"} else f"{name}()"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Its text without white space, built without a warning."""
    folder = tmp_path_factory.mktemp("docs")
    build = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "text", str(ROOT / "docs"), str(folder)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return "".join((folder / "reference.txt").read_text("utf-8").split())


def test_every_method_of_every_package_is_there_from_its_first_parameter_on(page):
    assert [call for call in _calls() if call not in page] == []
