import importlib
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def instructions(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("instructions")


def test_more_than_the_tolerance_is_a_regression(instructions: ModuleType) -> None:
    kept = {"calls": instructions.Kept(1000), "plans": instructions.Kept(1000, 0.5)}
    assert instructions.regressions(kept, {"calls": 1100, "plans": 1500}) == []
    assert instructions.regressions(kept, {"calls": 10, "plans": 10}) == []
    (calls,) = instructions.regressions(kept, {"calls": 1101, "plans": 1500})
    assert calls.startswith("calls takes 1,101 instructions, 10.1% more than 1,000")
    (plans,) = instructions.regressions(kept, {"calls": 1000, "plans": 1501})
    assert "50% are let pass" in plans


def test_what_was_counted_and_not_kept_or_the_other_way_round_is_told(instructions: ModuleType) -> None:
    kept = {"gone": instructions.Kept(1000)}
    gone, new = instructions.regressions(kept, {"new": 1000})
    assert "gone is kept" in gone
    assert "new is not in instructions.json" in new


def test_every_act_is_kept_and_none_besides(instructions: ModuleType) -> None:
    assert instructions.read().keys() == {"import_client", *instructions.hot_paths.ACTS}


def test_every_act_can_be_done_twice(instructions: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAMBER_CONFIG_DIR", str(tmp_path / "home"))
    with instructions.serving.served(instructions.measuring.SERVER_CORE) as server:
        monkeypatch.setenv(instructions.hot_paths.SERVER, server.url(1))
        for name, act in instructions.hot_paths.ACTS.items():
            folder = tmp_path / name
            folder.mkdir()
            ready = act(folder)
            ready()
            ready()
