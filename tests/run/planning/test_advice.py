from pathlib import Path
from typing import Any

import pytest

from chamber.core import ChamberClient


def _warnings(directory: Path, **arguments: Any) -> str:
    (directory / "train.py").write_text("print(1)\n")
    with ChamberClient(token="ch.test") as client:
        return "\n".join(client.plan(directory, team="ml", registry="localhost:5000", **arguments).warnings)


def test_a_plain_project_earns_no_warning(tmp_path: Path) -> None:
    assert _warnings(tmp_path) == ""


def test_reserved_work_of_low_priority_is_told_of(tmp_path: Path) -> None:
    assert "priority of 100 or more by convention, and this has 5" in _warnings(
        tmp_path, job_class="RESERVED", priority=5
    )


@pytest.mark.parametrize("settings", [{"job_class": "RESERVED", "priority": 100}, {"priority": 5}, {}])
def test_other_work_may_have_any_priority(tmp_path: Path, settings: dict[str, Any]) -> None:
    assert _warnings(tmp_path, **settings) == ""


def test_large_files_are_named_the_largest_first(tmp_path: Path) -> None:
    for name, size in {"small.bin": 1_000, "a.bin": 60_000_000, "b.bin": 90_000_000}.items():
        with (tmp_path / name).open("wb") as file:
            file.truncate(size)
    told = _warnings(tmp_path)
    assert "b.bin (90.0 MB), a.bin (60.0 MB)" in told
    assert "small.bin" not in told


def test_what_looks_secret_is_told_of_with_the_setting_that_keeps_it(tmp_path: Path) -> None:
    told = _warnings(tmp_path, env={"WANDB_API_KEY": "hidden-value"})
    assert "secrets={'WANDB_API_KEY': 'name-of-the-secret/key'}" in told
    assert "hidden-value" not in told


def test_a_kubernetes_secret_earns_no_warning(tmp_path: Path) -> None:
    assert _warnings(tmp_path, secrets={"WANDB_API_KEY": "wandb/key"}) == ""
