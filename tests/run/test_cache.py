import os
import stat
import threading
from pathlib import Path

import pytest

from chamber.core import writing
from chamber.run import cache


def test_what_is_written_is_read_by_its_user_alone(own_settings: Path) -> None:
    assert cache.read("a") is None
    cache.write("a", b"1")
    cache.write("a", b"2")
    assert cache.read("a") == b"2"
    folder = own_settings / "cache"
    assert [stat.S_IMODE(made.stat().st_mode) for made in (own_settings, folder)] == [0o700, 0o700]
    assert [(file.name, stat.S_IMODE(file.stat().st_mode)) for file in folder.iterdir()] == [("a", 0o600)]


def test_a_home_that_cannot_be_written_to_is_a_run_without_a_cache(
    own_settings: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    own_settings.write_text("not a folder")
    cache.write("a", b"1")
    assert cache.read("a") is None
    assert "not kept in the cache" in caplog.text
    monkeypatch.setenv("CHAMBER_CONFIG_DIR", "/proc/none")
    cache.write("a", b"1")
    assert cache.read("a") is None


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHAMBER_CONFIG_DIR")

    def nowhere() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", nowhere)
    cache.write("a", b"1")
    assert cache.read("a") is None


def test_the_oldest_make_room_for_the_newest(own_settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_FILES", 3)
    for number in range(5):
        cache.write(f"f{number}", b"1")
        os.utime(own_settings / "cache" / f"f{number}", (number, number))
    assert sorted(file.name for file in (own_settings / "cache").iterdir()) == ["f2", "f3", "f4"]
    monkeypatch.setattr(cache, "MOST_BYTES", 10)
    cache.write("large", b"x" * 100)
    assert [file.name for file in (own_settings / "cache").iterdir()] == ["large"], "the last one is kept in any case"


def test_several_may_write_at_once_and_a_reader_sees_one_of_them() -> None:
    contents = {bytes([number]) * 50_000 for number in range(4)}
    started = threading.Barrier(5)

    def write(content: bytes) -> None:
        started.wait()
        for _ in range(20):
            cache.write("a", content)

    writers = [threading.Thread(target=write, args=(content,)) for content in contents]
    for writer in writers:
        writer.start()
    started.wait()
    while any(writer.is_alive() for writer in writers):
        assert cache.read("a") in {None, *contents}
    assert cache.read("a") in contents


def test_a_project_has_one_name_however_it_is_reached(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "link").symlink_to("project")
    names = {cache.name_for("files", folder) for folder in (tmp_path / "project", tmp_path / "link", tmp_path)}
    assert len(names) == 2
    assert "project" not in "".join(names)


def test_what_a_killed_process_left_is_cleared_and_folders_stay(own_settings: Path) -> None:
    cache.write("a", b"1")
    folder = own_settings / "cache"
    (folder / "turns").mkdir()
    left, fresh = (folder / f".a.{number}{writing.PART}" for number in (1, 2))
    for file in (left, fresh):
        file.touch()
    os.utime(left, (0, 0))
    cache.write("b", b"1")
    assert {file.name for file in folder.iterdir()} == {"a", "b", "turns", fresh.name}


def test_folders_do_not_keep_the_oldest_from_making_room(own_settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_FILES", 2)
    (own_settings / "cache" / "turns").mkdir(parents=True)
    os.utime(own_settings / "cache" / "turns", (0, 0))
    for number in range(4):
        cache.write(f"f{number}", b"1")
        os.utime(own_settings / "cache" / f"f{number}", (number + 1, number + 1))
    assert {file.name for file in (own_settings / "cache").iterdir()} == {"turns", "f2", "f3"}
