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


def _age(folder: Path) -> None:
    os.utime(folder, (0, 0))


def test_a_folder_is_for_its_owner_alone_and_gone_at_the_end(place: Path) -> None:
    with contextlib.suppress(InterruptedError), temporary.folder("build", "the build") as folder:
        assert folder.parent == place
        assert folder.name.startswith("chamber-build-")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "deep").mkdir()
        raise InterruptedError
    assert _names(place) == set()


def test_a_folder_of_a_dead_process_is_removed_by_the_next_of_its_kind(place: Path) -> None:
    dead = place / "chamber-login-dead"
    (dead / "deep").mkdir(parents=True)
    (dead / "config.json").write_text("a password")
    _age(dead)
    with temporary.folder("build", "the build"):
        assert dead.exists()
    with temporary.folder("login", "logins"):
        assert not dead.exists()


def test_a_folder_that_is_in_use_or_was_just_made_stays(place: Path) -> None:
    (place / "chamber-build-new").mkdir()
    with temporary.folder("build", "the build") as used:
        _age(used)
        with temporary.folder("build", "the build"):
            assert _names(place) > {used.name, "chamber-build-new"}
    assert _names(place) == {"chamber-build-new"}


def test_what_is_not_ours_is_left_alone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "theirs").mkdir()
    (place / "chamber-build-link").symlink_to("theirs")
    (place / "chamber-build-file").touch()
    (place / "chamber-build-foreign").mkdir()
    for name in _names(place):
        _age(place / name)
    before = _names(place)
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    with temporary.folder("build", "the build"):
        pass
    assert _names(place) == before
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    with temporary.folder("build", "the build"):
        pass
    assert _names(place) == before - {"chamber-build-foreign"}


def test_without_a_place_for_it_the_error_says_where(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(place / "none"))
    with (
        pytest.raises(DockerError, match=r"No folder for logins can be made in .*none"),
        temporary.folder("login", "logins"),
    ):
        pass
