import contextlib
import os
import stat
import tempfile
from pathlib import Path

import pytest

from chamber.core.errors import DockerError
from chamber.run import temporary


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def _names(place: Path) -> set[str]:
    return {file.name for file in place.iterdir()}


def _left(folder: Path) -> Path:
    """What a process left that was killed a while ago."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("a password")
    (folder / ".held").touch()
    os.utime(folder, (0, 0))
    return folder


def test_a_folder_is_for_its_owner_alone_and_gone_at_the_end(place: Path) -> None:
    with contextlib.suppress(InterruptedError), temporary.folder("build", "the build") as folder:
        assert folder.parent == place
        assert folder.name.startswith("chamber-build-")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "deep").mkdir()
        raise InterruptedError
    assert _names(place) == set()


def test_the_folders_of_dead_processes_are_cleared(place: Path) -> None:
    dead = {_left(place / f"chamber-{kind}-dead") for kind in ("login", "build")}
    temporary.clear()
    assert _names(place) == set()
    assert len(dead) == 2


def test_a_folder_that_is_in_use_or_was_just_made_stays(place: Path) -> None:
    os.utime(_left(place / "chamber-build-new"))
    with temporary.folder("build", "the build") as used:
        os.utime(used, (0, 0))
        temporary.clear()
        assert _names(place) == {used.name, "chamber-build-new"}
    assert _names(place) == {"chamber-build-new"}


def test_what_is_not_ours_is_left_alone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _left(place / "theirs")
    (place / "chamber-build-link").symlink_to("theirs")
    (place / "chamber-build-file").touch()
    (place / "chamber-of-another-tool").mkdir()
    os.utime(place / "chamber-of-another-tool", (0, 0))
    foreign = _left(place / "chamber-build-foreign")
    before = _names(place)
    with monkeypatch.context() as patch:
        patch.setattr("os.geteuid", lambda: os.getuid() + 1)
        temporary.clear()
    assert _names(place) == before
    temporary.clear()
    assert _names(place) == before - {foreign.name}


def test_without_a_place_for_it_the_error_says_where(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(place / "none"))
    with (
        pytest.raises(DockerError, match=r"No folder for logins can be made in .*none"),
        temporary.folder("login", "logins"),
    ):
        pass
