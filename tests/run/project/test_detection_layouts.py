"""Layouts of real training repositories, as file names and dependency lists; what is expected is in each file."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection import Dependencies, detect
from chamber.run.project.profile import Profile

LAYOUTS = sorted((Path(__file__).parent / "layouts").glob("*.yaml"), key=lambda path: path.name)


def _laid_out(directory: Path, layout: dict[str, Any]) -> set[str]:
    for name, text in layout["files"].items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return set(layout["files"])


def _found(profile: Profile, needs: Dependencies, what: str) -> object:
    match what:
        case "names" | "optional":
            return sorted(getattr(needs, what))
        case "whole" | "locked":
            return getattr(needs, what)
        case _:
            return getattr(profile, what)


@pytest.mark.parametrize("file", LAYOUTS, ids=lambda file: file.stem)
def test_a_layout_is_understood(file: Path, tmp_path: Path) -> None:
    layout = yaml.safe_load(file.read_text())
    paths = _laid_out(tmp_path, layout)
    if "error" in layout:
        with pytest.raises(ConfigurationError) as refused:
            detect(tmp_path, paths)
        assert layout["error"] in str(refused.value)
    if "expect" not in layout:
        return
    expected = layout["expect"]
    profile, needs = detect(tmp_path, paths, **layout.get("with", {}))
    assert expected.pop("warning", "") in "\n".join(needs.warnings)
    assert expected.pop("explained", "") in profile.explain()
    for what, value in expected.items():
        assert _found(profile, needs, what) == (sorted(value) if isinstance(value, list) else value), what
    assert profile.evidence


@settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))
@given(
    file=st.sampled_from([file for file in LAYOUTS if "error:" not in file.read_text()]),
    names=st.lists(st.sampled_from(["LICENSE", "docs/x.md", "assets/a.png", "lib/util.py", "data/b.csv", "Makefile"])),
)
def test_files_that_say_nothing_change_no_conclusion(
    file: Path, names: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    layout = yaml.safe_load(file.read_text())
    directory = tmp_path_factory.mktemp("layout")
    paths = _laid_out(directory, layout)
    before = detect(directory, paths)
    _laid_out(directory, {"files": dict.fromkeys(names, "")})
    assert detect(directory, paths | set(names)) == before


def test_no_conclusion_depends_on_where_the_project_is(tmp_path: Path) -> None:
    for file in LAYOUTS:
        layout = yaml.safe_load(file.read_text())
        if "error" not in layout:
            paths = [_laid_out(tmp_path / side / file.stem, layout) for side in ("a", "b")]
            first, second = (detect(tmp_path / side / file.stem, paths[0]) for side in ("a", "b"))
            assert first == second
