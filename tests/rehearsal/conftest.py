"""Rehearsals are run where they are asked for, and once."""

import os
import sys

import pytest

#: What a launcher does depends on its own version, and not on Python's: one is enough.
_PYTHON = (3, 11)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In CI with the first Python alone; elsewhere where ``-m rehearsal`` asks for them."""
    rehearsals = [item for item in items if item.get_closest_marker("rehearsal")]
    if "rehearsal" in config.option.markexpr:
        return
    if os.environ.get("CI") != "true":
        reason = "installs about 1.5 GB from the package index: hatch run test -m rehearsal"
        for item in rehearsals:
            item.add_marker(pytest.mark.skip(reason))
    elif sys.version_info[:2] != _PYTHON:
        items[:] = [item for item in items if item not in rehearsals]
        config.hook.pytest_deselected(items=rehearsals)
