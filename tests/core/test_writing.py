import os
import stat

import pytest

from chamber.core import writing


def test_a_file_has_the_mode_that_is_asked_for_and_nothing_is_left_beside_it(tmp_path):
    for mode in (0o600, 0o644):
        writing.write(tmp_path / "a", b"content", mode)
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_whoever_has_the_old_file_open_keeps_it(tmp_path):
    writing.write(tmp_path / "a", b"old")
    with (tmp_path / "a").open("rb") as old:
        writing.write(tmp_path / "a", b"new")
        assert (old.read(), (tmp_path / "a").read_bytes()) == (b"old", b"new")


@pytest.mark.parametrize("durable", [True, False])
def test_the_content_and_then_the_name_are_on_the_disk_where_that_is_asked_for(tmp_path, monkeypatch, durable):
    done = []
    fsync, replace = os.fsync, writing.Path.replace
    monkeypatch.setattr(
        writing.os,
        "fsync",
        lambda opened: (done.append("folder" if stat.S_ISDIR(os.fstat(opened).st_mode) else "file"), fsync(opened)),
    )
    monkeypatch.setattr(writing.Path, "replace", lambda self, to: (done.append("replace"), replace(self, to)))
    writing.write(tmp_path / "a", b"content", durable=durable)
    assert done == (["file", "replace", "folder"] if durable else ["replace"])


def test_a_file_system_that_cannot_sync_a_folder_has_the_file_all_the_same(tmp_path, monkeypatch):
    opened = os.open

    def refuse(path, flags, *mode):
        if path == tmp_path:
            raise OSError("no folder is opened here")
        return opened(path, flags, *mode)

    monkeypatch.setattr(writing.os, "open", refuse)
    writing.write(tmp_path / "a", b"content")
    assert (tmp_path / "a").read_bytes() == b"content"


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="a"):
        writing.write(tmp_path / "a", b"content")
    with pytest.raises(OSError, match="none"):
        writing.write(tmp_path / "none" / "a", b"content")
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_only_what_was_abandoned_long_ago_is_cleared(tmp_path):
    names = [f".a.1{writing.PART}", f".a.2{writing.PART}", f".b.1{writing.PART}", ".a.swp", "a"]
    for name in names:
        (tmp_path / name).touch()
    long_ago = (tmp_path / names[0]).stat().st_mtime - writing.ABANDONED - 1
    for name in (names[0], names[2], names[3], names[4]):
        os.utime(tmp_path / name, (long_ago, long_ago))
    writing.clear(tmp_path, "a")
    assert {file.name for file in tmp_path.iterdir()} == {*names[1:]}
    writing.clear(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {names[1], names[3], names[4]}
    writing.clear(tmp_path / "none")


def test_what_is_missing_of_a_folder_is_made_for_its_owner_alone(tmp_path):
    (tmp_path / "there").mkdir(mode=0o755)
    before = os.umask(0)
    try:
        writing.make_private(tmp_path / "there" / "home" / "cache")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("there", "there/home", "there/home/cache")]
    assert modes == [0o755 & ~before, 0o700, 0o700]
    writing.make_private(tmp_path / "there" / "home" / "cache")
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        writing.make_private(tmp_path / "file" / "deeper")
