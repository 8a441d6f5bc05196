"""How much the cache in ``~/.chamber`` holds, and what it touches besides."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from chamber.run import cache


def _there(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


@pytest.fixture
def folder(own_settings: Path) -> Path:
    made = own_settings / "cache"
    made.mkdir(parents=True)
    return made


def _made(folder: Path, name: str, size: int, time: int) -> None:
    (folder / name).touch()
    os.truncate(folder / name, size)
    os.utime(folder / name, (time, time))


def test_200_files_are_kept(folder: Path) -> None:
    for number in range(200):
        _made(folder, f"f{number}", 0, number)
    cache.write("new", b"1")
    assert _there(folder) == {"new", *(f"f{number}" for number in range(1, 200))}


@pytest.mark.parametrize(("size", "kept"), [((256 << 20) - 1, True), (256 << 20, False)])
def test_256_mebibytes_are_kept(folder: Path, size: int, kept: bool) -> None:
    _made(folder, "old", size, 1)
    cache.write("new", b"1")
    assert _there(folder) == ({"old", "new"} if kept else {"new"})


def test_a_link_in_the_cache_counts_as_itself_and_its_target_is_left_alone(folder: Path, tmp_path: Path) -> None:
    _made(tmp_path, "theirs", 300 << 20, 1)
    (folder / "link").symlink_to(tmp_path / "theirs")
    (folder / "nowhere").symlink_to(tmp_path / "missing")
    cache.write("new", b"1")
    assert {"link", "nowhere", "new"} <= _there(folder)
    assert (tmp_path / "theirs").stat().st_size == 300 << 20


def test_a_name_is_of_the_kind_and_of_the_folder_and_always_as_long(tmp_path: Path) -> None:
    assert re.fullmatch(r"layers-[0-9a-f]{32}", cache.name_for("layers", tmp_path / ("x" * 200)))


def test_a_write_that_fails_leaves_what_was_there_and_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.write("a", b"old")

    def full(_self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    cache.write("a", b"new")
    assert cache.read("a") == b"old"
    assert _there(folder) == {"a"}


def _with_removing(patch: pytest.MonkeyPatch, meanwhile: Callable[[Path], None]) -> None:
    unlink = Path.unlink

    def removing(file: Path, missing_ok: bool = False) -> None:
        meanwhile(file)
        unlink(file, missing_ok)

    patch.setattr(Path, "unlink", removing)


def test_what_another_process_removes_meanwhile_does_not_keep_the_rest(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(203):
        _made(folder, f"f{number}", 0, number)
    _with_removing(monkeypatch, os.remove)
    cache.write("new", b"1")
    assert len(_there(folder)) == 200


def test_what_cannot_be_removed_is_in_nobodys_way(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_file: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    _made(folder, "old", 300 << 20, 1)
    _with_removing(monkeypatch, refused)
    cache.write("new", b"1")
    assert cache.read("new") == b"1"


def test_nothing_waits_until_what_may_be_lost_is_on_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", pytest.fail)
    cache.write("a", b"1")
    assert cache.read("a") == b"1"


def test_what_could_not_be_kept_is_told_in_the_log(own_settings: Path, caplog: pytest.LogCaptureFixture) -> None:
    own_settings.write_text("a file where a folder should be")
    cache.write("files-1", b"1")
    (record,) = caplog.records
    assert record.getMessage().startswith(
        "event='not kept in the cache: the next run does it again' file='files-1' error=\"[Errno "
    )
