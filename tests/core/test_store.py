"""Changing the files in ``~/.chamber``: whole or not at all, one after the other, and nobody else's fields."""

import errno
import json
import os
import resource
import stat
import threading

import pytest

from chamber.core import ConfigurationError, writing
from chamber.core.settings import store, updating


@pytest.fixture
def file(tmp_path):
    return tmp_path / "home" / "config.json"


def change(file, *, error=None, **fields):
    with updating(file) as content:
        content.update(fields)
        if error is not None:
            raise error


def modes(*paths):
    return [stat.S_IMODE(path.stat().st_mode) for path in paths]


def test_a_file_is_made_for_its_owner_alone(file):
    change(file, a=1)
    assert json.loads(file.read_text()) == {"a": 1}
    assert modes(file.parent, file, file.with_name("config.json.lock")) == [0o700, 0o600, 0o600]
    assert sorted(path.name for path in file.parent.iterdir()) == ["config.json", "config.json.lock"]


def test_no_byte_of_a_file_is_ever_readable_by_others(file, monkeypatch):
    seen = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda open_file: (seen.append(os.fstat(open_file).st_mode), fsync(open_file)))
    previous = os.umask(0)
    try:
        change(file, token="ch.secret")
    finally:
        os.umask(previous)
    assert {stat.S_IMODE(mode) for mode in seen if stat.S_ISREG(mode)} == {0o600}
    assert modes(file.parent, file) == [0o700, 0o600]


def test_a_file_that_others_could_read_is_private_afterwards(file):
    file.parent.mkdir()
    file.write_text("{}")
    file.chmod(0o644)
    change(file, a=1)
    assert modes(file) == [0o600]


THEIRS = (
    '{"z": 1.5, "theirs": {"b": [null, true, "\\u00e9", "\\ud83d\\ude00"], "a": {}}, '
    '"n": 123456789012345678901234567890, "e": 1e300}'
)


def test_what_others_keep_stays_in_its_order(file):
    file.parent.mkdir()
    file.write_text(THEIRS)
    change(file, api_url="https://x.example")
    content = json.loads(file.read_text())
    assert list(content) == ["z", "theirs", "n", "e", "api_url"]
    content.pop("api_url")
    assert content == json.loads(THEIRS)
    assert list(content["theirs"]) == ["b", "a"]


def test_half_of_a_surrogate_pair_survives(file):
    file.parent.mkdir()
    file.write_text(r'{"theirs": "\ud800 é"}')
    change(file, a=1)
    assert json.loads(file.read_text()) == {"theirs": "\ud800 é", "a": 1}


@pytest.mark.parametrize(
    "content",
    [
        '{"a": 1, "a": 2}',
        '{"o": {"a": 1, "a": 1}}',
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": 1e999}',
        '{"a": 1e99999999999999999999}',
        '{"a": 1e-99999999999999999999}',
        '{"a": 0.12345678901234567890123}',
    ],
)
def test_what_would_not_stay_the_same_is_refused_and_left(file, content):
    file.parent.mkdir()
    file.write_text(content)
    with pytest.raises(ConfigurationError, match=r"config\.json holds .* repair it, or move it away"):
        change(file, b=1)
    assert file.read_text() == content


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe{}", b"\xef\xbb\xbf{}", b"[" * 100_000, b'{"a":' * 100_000, b"[]", b"null", b"1" * 10_000],
    ids=["empty", "cut off", "UTF-16", "BOM", "lists", "objects", "a list", "null", "a number"],
)
def test_what_cannot_be_read_is_refused_and_left(file, content):
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"config\.json .*repair it, or move it away"):
        change(file, a=1)
    assert file.read_bytes() == content
    assert sorted(path.name for path in file.parent.iterdir()) == ["config.json", "config.json.lock"]


def test_objects_as_deep_as_python_reads_are_written_or_refused(file):
    file.parent.mkdir()
    for depth in (100, 400, 900, 950, 990):
        text = '{"a":' * depth + "1" + "}" * depth
        file.write_text(text)
        try:
            change(file, b=1)
        except ConfigurationError:
            assert file.read_text() == text
        else:
            assert json.loads(file.read_text()) == {**json.loads(text), "b": 1}


def test_what_json_cannot_hold_is_refused(file):
    change(file, a=1)
    for value in (b"bytes", object(), float("nan"), {1, 2}):
        with pytest.raises(ConfigurationError, match="JSON cannot hold"):
            change(file, b=value)
    assert json.loads(file.read_text()) == {"a": 1}


def test_a_block_that_fails_changes_nothing_and_its_error_is_its_own(file):
    change(file, a=1)
    for raised in (OSError("mine"), ValueError("mine"), KeyboardInterrupt("mine")):
        with pytest.raises(type(raised), match="mine"):
            change(file, error=raised, b=2)
    assert json.loads(file.read_text()) == {"a": 1}
    change(file, c=3)
    assert json.loads(file.read_text()) == {"a": 1, "c": 3}


def test_a_file_that_does_not_change_is_not_written(file):
    change(file, a=1)
    file.write_text('{"a":1}')
    inode = file.stat().st_ino
    change(file, a=1)
    assert (file.stat().st_ino, file.read_text()) == (inode, '{"a":1}')
    change(file.with_name("empty.json"))
    assert json.loads(file.with_name("empty.json").read_text()) == {}


def test_a_link_is_followed_and_stays(file, tmp_path):
    file.parent.mkdir()
    (tmp_path / "dotfiles").mkdir()
    target = tmp_path / "dotfiles" / "chamber.json"
    target.write_text('{"theirs": 1}')
    file.symlink_to("../dotfiles/chamber.json")
    change(file, a=1)
    assert file.is_symlink()
    assert json.loads(target.read_text()) == {"theirs": 1, "a": 1}
    assert [path.name for path in file.parent.iterdir()] == ["config.json"]


def test_a_link_to_nothing_is_filled(file, tmp_path):
    file.parent.mkdir()
    file.symlink_to(tmp_path / "not-yet.json")
    change(file, a=1)
    assert file.is_symlink()
    assert json.loads((tmp_path / "not-yet.json").read_text()) == {"a": 1}


def test_two_links_to_one_file_are_one_file(file, tmp_path):
    file.parent.mkdir()
    change(file, a=1)
    (tmp_path / "link.json").symlink_to(file)
    with updating(tmp_path / "link.json") as content:
        waiting = threading.Thread(target=change, args=(file,), kwargs={"b": 2})
        waiting.start()
        waiting.join(0.1)
        assert waiting.is_alive()
        content["c"] = 3
    waiting.join()
    assert json.loads(file.read_text()) == {"a": 1, "c": 3, "b": 2}


def _circle(file):
    file.symlink_to(file.name)


def _pipe(file):
    os.mkfifo(file)


def _device(file):
    file.symlink_to("/dev/zero")


def _large(file):
    with file.open("wb") as stream:
        stream.truncate(1 << 40)


@pytest.mark.parametrize("make", [_circle, _pipe, _device, _large, lambda file: file.mkdir()])
def test_what_is_no_file_of_settings_is_refused_at_once(file, make):
    file.parent.mkdir()
    make(file)
    before = file.lstat()
    with pytest.raises(ConfigurationError, match=r"config\.json"):
        change(file, a=1)
    after = file.lstat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)


def test_a_folder_that_cannot_be_made_is_our_error(tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "deeper"):
        with pytest.raises(ConfigurationError, match=r"config\.json cannot be written"):
            change(folder / "config.json", a=1)
    with pytest.raises(ConfigurationError, match=r"cannot be written \(File name too long\)"):
        change(tmp_path / ("x" * 300) / "config.json", a=1)


@pytest.mark.parametrize("refused", ["write", "fsync", "replace", "open"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO, errno.EMFILE])
def test_a_disk_that_refuses_loses_nothing(file, monkeypatch, refused, code):
    change(file, token="ch.old")
    before = file.read_bytes()

    def refuse(*_arguments, **_options):
        raise OSError(code, os.strerror(code))

    owner = {"write": (writing.os, "fdopen"), "replace": (writing.Path, "replace")}.get(refused, (writing.os, refused))
    with monkeypatch.context() as patch, updating(file) as content:
        content["token"] = "ch.new"
        patch.setattr(*owner, refuse)
        with pytest.raises(ConfigurationError, match=os.strerror(code)):
            store._put(file, file, b"{}")
        content["token"] = "ch.old"
    assert file.read_bytes() == before
    assert sorted(path.name for path in file.parent.iterdir()) == ["config.json", "config.json.lock"]


def test_a_file_that_may_grow_no_further_is_kept(file):
    change(file, a=1)
    before = file.read_bytes()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, limit[1]))
    try:
        with pytest.raises(ConfigurationError, match="too large"):
            change(file, b="x" * 4096)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert file.read_bytes() == before
    assert sorted(path.name for path in file.parent.iterdir()) == ["config.json", "config.json.lock"]


def test_a_process_that_holds_the_file_too_long_is_told_of(file, monkeypatch):
    monkeypatch.setattr(store, "_PATIENCE", 0.05)
    with updating(file) as content:
        content["a"] = 1
        with pytest.raises(ConfigurationError, match="being written by another process"):
            change(file, b=2)
    assert json.loads(file.read_text()) == {"a": 1}


def test_what_a_killed_process_left_is_cleared_by_the_next_change(file):
    change(file, a=1)
    left = file.with_name(f".config.json.01234567{writing.PART}")
    left.write_text("ch.secret")
    theirs = [file.with_name(name) for name in (".config.json.swp", f".token.json.01234567{writing.PART}")]
    for other in theirs:
        other.write_text("")
    change(file, b=2)
    assert not left.exists()
    assert all(other.exists() for other in theirs)


def test_threads_lose_nothing_of_each_other(file):
    def add(number):
        for turn in range(10):
            change(file, **{f"{number}-{turn}": turn})

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(json.loads(file.read_text())) == 80
