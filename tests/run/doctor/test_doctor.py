import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chamber.core import AsyncChamberClient, ChamberClient
from chamber.local import LocalChamber
from chamber.run import Check, Diagnosis, Registry
from chamber.run.doctor import checks

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A podman that answers: whether a real one does is not the question here."""
    client = tmp_path / "bin" / "podman"
    client.parent.mkdir()
    client.write_text(f"#!{sys.executable}\nprint('4.3.1')\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", str(client.parent))
    monkeypatch.setenv("CHAMBER_ENGINE", "podman")


def _states(diagnosis: Diagnosis) -> dict[str, str]:
    return {check.name: check.state for check in diagnosis.checks}


@pytest.mark.usefixtures("engine")
def test_all_is_well_with_a_whole_chamber_on_this_machine() -> None:
    with LocalChamber() as chamber, chamber.client() as client:
        diagnosis = client.doctor()
    assert diagnosis
    assert {**_states(diagnosis), "disk": "ok"} == dict.fromkeys(("api", "clock", "registry", "engine", "disk"), "ok")
    assert "podman answers" in diagnosis["engine"].found


@pytest.mark.usefixtures("engine")
async def test_the_async_client_has_a_doctor_too() -> None:
    async with AsyncChamberClient(token="ch.test", api_url="http://127.0.0.1:9/v1", timeout=1) as client:
        diagnosis = await client.doctor()
    assert not diagnosis
    assert diagnosis["api"].remedy is not None
    assert diagnosis["clock"].state == "warning"


@pytest.mark.usefixtures("engine")
def test_a_token_that_is_not_taken_is_told_with_the_remedy() -> None:
    with LocalChamber() as chamber, ChamberClient(token="ch.wrong", api_url=chamber.api_url) as client:
        found = client.doctor()["api"]
    assert (found.state, "CHAMBER_TOKEN" in str(found.remedy)) == ("failed", True)


@pytest.mark.usefixtures("engine")
def test_a_login_that_is_not_taken_is_told_with_the_remedy(
    guarded_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalChamber() as chamber, chamber.client() as client:
        ChamberClient.add_registry("lab", guarded_registry.prefix)
        found = client.doctor("lab")["registry"]
    assert (found.state, "docker login" in found.found + str(found.remedy)) == ("failed", True)


@pytest.mark.usefixtures("engine")
def test_a_registry_that_is_not_configured_is_told_by_name() -> None:
    with LocalChamber() as chamber, chamber.client() as client:
        found = client.doctor("nowhere")["registry"]
    assert (found.state, "no registry 'nowhere'" in found.found) == ("failed", True)


def test_without_an_engine_a_run_may_still_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with LocalChamber() as chamber, chamber.client() as client:
        diagnosis = client.doctor()
    assert diagnosis["engine"].state == "warning"
    assert "Install docker or podman" in str(diagnosis["engine"].remedy)
    assert diagnosis.ok


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, "ok"), (59, "ok"), (-59, "ok"), (61, "failed"), (-3600, "failed"), (86400, "failed")]
)
def test_clocks_may_be_a_minute_apart(seconds: int, state: str) -> None:
    found = checks.clock("Fri, 01 May 2026 12:00:00 GMT", NOW + timedelta(seconds=seconds))
    assert found.state == state
    assert ("ahead of" in found.found) == (seconds > 60)


@pytest.mark.parametrize("date", [None, "", "yesterday", "Fri, 99 May 2026 12:00:00 GMT"])
def test_a_clock_that_tells_nothing_is_a_warning(date: str | None) -> None:
    assert checks.clock(date, NOW).state == "warning"


def test_a_folder_of_settings_that_cannot_be_written_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAMBER_CONFIG_DIR", "/proc/self/nowhere")
    found = checks.disk()
    assert (found.state, "CHAMBER_CONFIG_DIR" in str(found.remedy)) == ("warning", True)


def test_little_room_is_a_warning_that_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    def nearly_full(place: Any) -> Any:
        return type("Usage", (), {"free": 1_000_000})

    monkeypatch.setattr(checks.shutil, "disk_usage", nearly_full)
    found = checks.disk()
    assert (found.state, "1.0 MB free on" in found.found, "make room" in str(found.remedy)) == ("warning", True, True)


def test_a_diagnosis_is_shown_with_marks_and_remedies() -> None:
    diagnosis = Diagnosis((Check("api", "ok", "fine"), Check("engine", "failed", "none", "install <one>")))
    assert str(diagnosis).splitlines() == ["✓  api     fine", "✗  engine  none", "           → install <one>"]
    assert "install &lt;one&gt;" in diagnosis._repr_html_()
    assert not diagnosis
    with pytest.raises(KeyError):
        diagnosis["clock"]
