"""The table of every part of the reference and the tests that hold it.

``--write`` writes docs/reference-coverage.md. ``--verify`` takes the effect of each part away in turn and runs its
tests, which have to fail, and without that to pass; it prints what does not hold.
"""

import argparse
import importlib
import pathlib
import sys
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = ROOT / "docs" / "reference-coverage.md"
sys.path.append(str(HERE))

from parts import PARTS, Part  # noqa: E402

INTRODUCTION = """\
# What of the reference is tested where

Made by `hatch run python tests/reference/coverage.py --write`; do not edit. The tests named here make the calls of
the reference against the embedded Chamber, on both faces of the client. For each row whose effect can be taken away,
`--verify` takes it away as the last column says and finds that a test of the row fails.

"""


def tests() -> dict[str, list[str]]:
    """Part → the tests that say they cover it, as file::function."""
    found: dict[str, list[str]] = {}
    for file in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(file.stem)
        for name, test in vars(module).items():
            for part in getattr(test, "covers", ()):
                found.setdefault(part, []).append(f"{file.relative_to(ROOT).as_posix()}::{name}")
    return found


def page() -> str:
    """The document."""
    covering = tests()
    rows = ["| what | tested in | taken away by |", "|---|---|---|"]
    for part in PARTS.values():
        named = "<br>".join(f"`{test.removeprefix('tests/reference/')}`" for test in covering.get(part.name, []))
        rows.append(f"| `{part.name}` | {named} | {part.away or 'its test alone'} |")
    return INTRODUCTION + "\n".join(rows) + "\n"


def verify() -> list[str]:
    """What does not hold: tests that fail as they are, and parts whose tests pass without them."""
    covering = tests()
    wanted: dict[str, list[Part]] = {}
    for part in PARTS.values():
        if part.away:
            for test in covering[part.name]:
                wanted.setdefault(test, []).append(part)
    taking = Taking(wanted)
    options = ["-q", "-p", "no:randomly", "-n0", "--no-header", "--no-summary", f"--rootdir={ROOT}"]
    pytest.main([*options, *sorted({test.partition("::")[0] for test in wanted})], plugins=[taking])
    missed = {part.name for parts in wanted.values() for part in parts} - taking.noticed
    return [*taking.broken, *(f"{name}: its tests pass without it" for name in sorted(missed))]


class Taking:
    """Runs each test once for each part that it covers, with that part taken away, and at last as it is."""

    def __init__(self, wanted: dict[str, list[Part]]) -> None:
        self._wanted = wanted
        self.noticed: set[str] = set()
        self.broken: list[str] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """One face is enough: the other runs the same bodies."""
        items[:] = [item for item in items if _function(item) in self._wanted and not _is_async(item)]

    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        another = next(other for other in item.session.items if other is not item)
        for part in self._wanted[_function(item)]:
            if part.name not in self.noticed:
                with part.taken:
                    if not _passes(item, another):
                        self.noticed.add(part.name)
        if not _passes(item, nextitem):
            self.broken.append(f"{item.nodeid}: fails as it is")
        return True


def _passes(item: Any, nextitem: pytest.Item | None) -> bool:
    """Whether an item passes when it is run anew; what it shares with `nextitem` stays."""
    item._initrequest()
    return all(report.passed for report in runtestprotocol(item, log=False, nextitem=nextitem))


def _function(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _is_async(item: pytest.Item) -> bool:
    return "awaiting" in item.nodeid or "AsyncChamberClient" in item.nodeid


def main() -> int:
    """Does what the arguments say; 1 when the page is out of date or something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the page")
    parser.add_argument("--verify", action="store_true", help="take each part away and see its tests fail")
    arguments = parser.parse_args()
    if arguments.write:
        PAGE.write_text(page(), "utf-8")
    complaints = verify() if arguments.verify else []
    if PAGE.read_text("utf-8") != page():
        complaints.append(f"{PAGE.relative_to(ROOT)} is out of date: run this with --write")
    sys.stdout.write("\n".join(complaints or ["everything holds"]) + "\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
