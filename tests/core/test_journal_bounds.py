"""What the journal says, leaves alone and lets go of where the disk or another process is in the way."""

from __future__ import annotations

import errno
import os
import resource
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chamber.core import ConfigurationError, TransportError, journal
from chamber.core.journal import Intent, Journal

URL = "https://chamber.test/v1"


def intent(external_id="mine", digest="d" * 64, organization_id=None):
    return Intent(external_id, "train", "h", URL, organization_id, datetime(2026, 1, 1, tzinfo=UTC), digest)


@pytest.fixture
def kept(tmp_path):
    return Journal(tmp_path / "submissions")


def failing(error):
    def fail(*_arguments, **_options):
        raise error

    return fail


def test_an_intent_is_what_it_was():
    with pytest.raises(AttributeError):
        intent().external_id = "other"


@pytest.mark.parametrize(("age", "there"), [(3600.0, True), (3600.5, False)])
def test_what_is_being_written_is_left_for_an_hour(kept, monkeypatch, age, there):
    kept.write(intent()).release()
    unfinished = kept.folder / ".a.tmp"
    unfinished.touch()
    os.utime(unfinished, (1000, 1000))
    monkeypatch.setattr(time, "time", lambda: 1000 + age)
    kept.pending()
    assert unfinished.exists() is there


def test_an_entry_is_of_its_intent_wherever_that_is_kept(kept, monkeypatch):
    assert kept.write(intent("mine")).intent.external_id == "mine"
    monkeypatch.setattr(Path, "replace", failing(OSError(28, "No space left on device")))
    assert kept.write(intent("other")).intent.external_id == "other"


@pytest.mark.parametrize(
    ("digest", "name"),
    [
        (None, "3fd30542fe3f61b14bd4a4b2dc0b6fb3.json"),
        ("d" * 64, "396a1ac315339b09f2bdfca55e1dcbda.3fd30542fe3f61b14bd4a4b2dc0b6fb3.json"),
    ],
)
def test_an_intent_has_the_name_by_which_earlier_versions_look_for_it(kept, digest, name):
    assert kept.write(intent(digest=digest)).file == kept.folder / name


def test_what_is_being_written_is_no_intent_yet_and_is_told_from_one_by_its_name(kept, monkeypatch):
    seen, fsync = [], os.fsync

    def looking(descriptor):
        seen.append(([file.name for file in kept.folder.iterdir()], len(kept.pending())))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", looking)
    kept.write(intent()).release()
    (name,), intents = seen[0]
    assert (name[:1], name[-4:], intents) == (".", ".tmp", 0)


def test_a_name_that_leads_nowhere_is_in_nobodys_way(kept):
    kept.write(intent()).release()
    (kept.folder / ".a.tmp").symlink_to("nowhere")
    assert [each.external_id for each in kept.pending()] == ["mine"]


def test_a_submission_that_is_not_journalled_is_told_in_the_log(kept, monkeypatch, caplog):
    monkeypatch.setattr(Path, "replace", failing(OSError(28, "No space left on device")))
    assert kept.write(intent()).file is None
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage() == (
        "event='submission not journalled' external_id='mine' error='[Errno 28] No space left on device'"
    )


def test_a_user_without_a_home_is_told_in_the_log(monkeypatch, caplog):
    monkeypatch.delenv("CHAMBER_CONFIG_DIR")
    monkeypatch.setattr(Path, "home", failing(RuntimeError("no home")))
    Journal().write(intent())
    assert "error='this user has no home folder'" in caplog.text


def test_a_folder_that_cannot_be_listed_is_named_with_the_reason(kept):
    kept.folder.symlink_to(kept.folder)
    with pytest.raises(ConfigurationError) as caught:
        kept.find("mine")
    assert caught.value.message.startswith(f"{kept.folder} cannot be read ([Errno {errno.ELOOP}] ")


@pytest.mark.parametrize("error", [FileNotFoundError, NotADirectoryError, PermissionError])
def test_a_folder_that_is_not_there_or_is_another_users_holds_nothing(kept, monkeypatch, error):
    monkeypatch.setattr(Path, "iterdir", failing(error(1, "no")))
    assert (kept.pending(), kept.find("mine"), kept.claim("mine")) == ([], None, None)


def test_what_is_broken_in_an_intent_is_named(kept):
    kept.write(intent()).release()
    (file,) = kept.folder.iterdir()
    file.write_bytes(b'{"external_id":1}')
    with pytest.raises(ConfigurationError, match=r"external_id"):
        kept.find("mine")


@pytest.fixture
def no_descriptor():
    """Lets this process open no file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("look", [Journal.pending, lambda kept: kept.find("mine"), lambda kept: kept.claim("mine")])
def test_without_a_descriptor_nothing_is_taken_for_broken_or_for_sent(kept, no_descriptor, look):
    with pytest.raises(TransportError, match="descriptor") as caught:
        look(kept)
    assert caught.value.sent is False


def test_a_file_that_cannot_be_opened_is_named_with_the_reason(kept):
    kept.write(intent()).release()
    (file,) = kept.folder.iterdir()
    file.unlink()
    file.mkdir()
    with pytest.raises(ConfigurationError) as caught:
        kept.claim("mine")
    assert caught.value.message.startswith(f"{file} cannot be read ([Errno 21] Is a directory")


def test_an_intent_that_was_settled_between_two_looks_is_none(kept, monkeypatch):
    kept.write(intent()).release()
    (file,) = kept.folder.iterdir()
    monkeypatch.setattr(Journal, "_files", lambda _self, _pattern: [file])
    file.unlink()
    assert kept.claim("mine") is None
    assert kept.find("mine") is None


@pytest.mark.parametrize("organization_id", [None, "org"])
def test_a_run_takes_up_what_its_own_organisation_left(kept, organization_id):
    kept.write(intent(organization_id=organization_id)).release()
    other = "org" if organization_id is None else None
    assert kept.claim_run("d" * 64, URL, other) is None
    assert kept.claim_run("d" * 64, URL, organization_id).intent.organization_id == organization_id


def test_a_file_system_that_cannot_flush_a_folder_keeps_intents(kept, monkeypatch):
    kept.folder.mkdir()
    opened = os.open

    def no_folders(path, *arguments, **options):
        if Path(path) == kept.folder:
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **options)

    monkeypatch.setattr(os, "open", no_folders)
    assert kept.write(intent()).file is not None


def test_what_runs_in_a_forked_child_lets_go_of_every_intent(kept):
    held = [kept.write(intent("a")), kept.write(intent("b"))]
    journal._let_go()
    assert [kept.claim(name).intent.external_id for name in ("a", "b")] == ["a", "b"]
    for entry in held:
        entry.release()


def test_an_intent_from_the_future_says_what_to_do(kept, monkeypatch):
    with monkeypatch.context() as later:
        later.setattr(journal, "_VERSION", 3)
        kept.write(intent()).release()
    (file,) = kept.folder.iterdir()
    with pytest.raises(ConfigurationError) as caught:
        kept.find("mine")
    assert caught.value.message == f"{file} was written by a newer chamber-core: update this one"


def test_settling_what_somebody_removed_is_no_error(kept):
    entry = kept.write(intent())
    (file,) = kept.folder.iterdir()
    file.unlink()
    entry.settle()
    assert kept.pending() == []


def test_settling_what_was_let_go_leaves_it_to_whoever_comes(kept):
    entry = kept.write(intent())
    entry.release()
    entry.settle()
    assert kept.claim("mine").intent.external_id == "mine"


def test_forgetting_what_somebody_just_removed_is_no_error(kept, monkeypatch):
    kept.write(intent()).release()
    monkeypatch.setattr(Path, "unlink", failing(FileNotFoundError(2, "No such file or directory")))
    kept.forget("mine")
    assert kept.find("mine") is not None


def test_a_disk_that_neither_writes_nor_removes_keeps_nobody_from_submitting(kept, monkeypatch):
    monkeypatch.setattr(Path, "replace", failing(OSError(28, "No space left on device")))
    monkeypatch.setattr(Path, "unlink", failing(OSError(30, "Read-only file system")))
    assert kept.write(intent()).file is None


def test_an_intent_that_is_settled_while_it_is_taken_up_is_not_taken_up(kept, monkeypatch):
    kept.write(intent()).release()
    before = len(list(Path("/proc/self/fd").iterdir()))
    (file,) = kept.folder.iterdir()
    monkeypatch.setattr(Journal, "_files", lambda _self, _pattern: [file])
    monkeypatch.setattr(Path, "stat", failing(FileNotFoundError(2, "No such file or directory")))
    assert kept.claim("mine") is None
    assert len(list(Path("/proc/self/fd").iterdir())) == before
