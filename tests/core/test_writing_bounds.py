"""What a file of settings looks like, what is said when it cannot be changed, and what is cleared away beside it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from chamber.core import ConfigurationError, writing
from chamber.core.settings.store import updating


def _part(folder, name, age=0.0):
    file = folder / f"{name}.chamber-part"  # as earlier versions left it
    file.touch()
    os.utime(file, (time.time() - age,) * 2)
    return file


def test_a_part_that_cannot_be_removed_is_in_nobodys_way(tmp_path, monkeypatch):
    parts = [_part(tmp_path, ".a.1", 1e6), _part(tmp_path, ".b.1", 1e6)]
    unlink = Path.unlink

    def refuse(self, missing_ok=False):
        if self == parts[0]:
            raise PermissionError(1, "Operation not permitted")
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    writing.clear(tmp_path)
    assert [part.exists() for part in parts] == [True, False]


def test_clearing_a_folder_that_is_not_there_is_no_error(tmp_path):
    writing.clear(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_parts_of_one_file_are_cleared_and_no_others(tmp_path):
    mine, theirs, fresh = _part(tmp_path, ".a.1", 1e6), _part(tmp_path, ".ab.1", 1e6), _part(tmp_path, ".a.2")
    plain = _part(tmp_path, "a.1", 1e6)
    writing.clear(tmp_path, "a")
    assert [file.exists() for file in (mine, theirs, fresh, plain)] == [False, True, True, True]


def test_a_file_of_settings_is_for_eyes_too(tmp_path):
    with updating(tmp_path / "a.json") as content:
        content |= {"b": {"c": ["ü"]}}
    text = (tmp_path / "a.json").read_text("utf-8")
    assert text == '{\n  "b": {\n    "c": [\n      "ü"\n    ]\n  }\n}\n'


def _refused(file, value=1):
    with pytest.raises(ConfigurationError) as caught, updating(file) as content:
        content["a"] = value
    return caught.value.message


def test_a_file_that_cannot_be_written_is_told_with_the_reason_in_words(tmp_path, monkeypatch):
    file = tmp_path / "a.json"
    for error, reason in ((OSError(28, "No space left on device"), "No space left on device"), (OSError("odd"), "odd")):
        monkeypatch.setattr(writing, "write", lambda *_, error=error: (_ for _ in ()).throw(error))
        assert _refused(file) == f"{file} cannot be written ({reason}); it is as it was"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ('{"a": 1, "a": 2}', "a name twice in one object"),
        ('{"a": NaN}', "NaN"),
        ('{"a": -Infinity}', "-Infinity"),
        ('{"a": 0.1000000000000000055}', "the number 0.1000000000000000055"),
        ('{"a": ' + "1" * 50 + ".5}", "the number " + "1" * 40),
    ],
)
def test_what_would_not_stay_the_same_is_told(tmp_path, content, what):
    file = tmp_path / "a.json"
    file.write_text(content)
    assert _refused(file) == (
        f"{file} holds {what}, which would not stay the same when the file is changed: repair it, or move it away"
    )
    assert file.read_text() == content


def test_what_json_cannot_hold_is_told(tmp_path):
    assert _refused(tmp_path / "a.json", {1}) == (
        f"{tmp_path / 'a.json'} is as it was, as JSON cannot hold what it was to hold: "
        "Object of type set is not JSON serializable"
    )


@pytest.mark.parametrize(("age", "there"), [(3599.0, True), (3600.0, False)])
def test_a_part_is_left_for_an_hour(tmp_path, monkeypatch, age, there):
    part = _part(tmp_path, ".a.1")
    os.utime(part, (1000, 1000))
    monkeypatch.setattr(time, "time", lambda: 1000 + age)
    writing.clear(tmp_path)
    assert part.exists() is there


def test_a_part_that_is_a_link_is_as_old_as_the_link(tmp_path):
    old = tmp_path / "old"
    old.touch()
    os.utime(old, (1, 1))
    link = tmp_path / f".a.1{writing.PART}"
    link.symlink_to(old)
    writing.clear(tmp_path)
    assert link.is_symlink()


def test_a_disk_that_neither_writes_nor_removes_says_why_it_does_not_write(tmp_path, monkeypatch):
    def fail(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    def fail_too(*_arguments, **_options):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "replace", fail)
    monkeypatch.setattr(Path, "unlink", fail_too)
    with pytest.raises(OSError, match="No space left"):
        writing.write(tmp_path / "a", b"1")


def test_nothing_is_written_through_a_link_that_has_the_name_of_the_part(tmp_path, monkeypatch):
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / ".a.00000000.chamber-part").symlink_to(tmp_path / "theirs")
    monkeypatch.setattr(os, "urandom", bytes)
    with pytest.raises(FileExistsError):
        writing.write(tmp_path / "a", b"1")
    assert (tmp_path / "theirs").read_text() == "theirs"


def test_a_folder_that_somebody_makes_meanwhile_is_there(tmp_path, monkeypatch):
    mkdir = Path.mkdir

    def late(self, *arguments, **options):
        os.mkdir(self)  # noqa: PTH102  whoever was faster
        mkdir(self, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", late)
    writing.make_private(tmp_path / "b" / "c")
    assert (tmp_path / "b" / "c").is_dir()


def test_a_folder_is_made_with_those_above_it(tmp_path):
    with updating(tmp_path / "b" / "c" / "a.json") as content:
        content["a"] = 1
    assert (tmp_path / "b" / "c" / "a.json").exists()
