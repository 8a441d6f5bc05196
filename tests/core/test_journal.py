"""Intents are written whole, held while their process lives, and taken up by whoever comes after a kill."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from chamber.core import ConfigurationError
from chamber.core.journal import Intent, Journal

URL = "https://chamber.test/v1"
DIGEST = "d" * 64


def intent(external_id="mine", *, day=1, digest=DIGEST, api_url=URL, organization_id=None):
    return Intent(external_id, "train", "h", api_url, organization_id, datetime(2026, 1, day, tzinfo=UTC), digest)


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "home" / "submissions")


def left(journal, *intents):
    """Intents whose process has ended."""
    for each in intents:
        journal.write(each).release()


def claimed(journal, digest=DIGEST, api_url=URL, organization_id=None):
    with journal.claim_run(digest, api_url, organization_id) or pytest.fail("nothing was claimed") as entry:
        return entry.intent


def test_what_a_process_left_is_taken_up(journal):
    left(journal, intent())
    assert claimed(journal).external_id == "mine"


def test_the_oldest_is_taken_up_first_and_the_others_stay_free(journal):
    left(journal, intent("b", day=2), intent("a", day=1), intent("c", day=3))
    first = journal.claim_run(DIGEST, URL, None)
    second = journal.claim_run(DIGEST, URL, None)
    assert (first.intent.external_id, second.intent.external_id) == ("a", "b")


@pytest.mark.parametrize(
    "other",
    [{"digest": "e" * 64}, {"api_url": "https://other.test/v1"}, {"organization_id": "org"}],
    ids=["plan", "origin", "organisation"],
)
def test_another_plan_origin_or_organisation_takes_up_nothing(journal, other):
    left(journal, intent())
    assert journal.claim_run(**{"digest": DIGEST, "api_url": URL, "organization_id": None, **other}) is None


def test_a_submission_of_no_run_is_not_taken_up_by_one(journal):
    left(journal, intent(digest=None))
    assert journal.claim_run(DIGEST, URL, None) is None
    assert journal.claim("mine").intent.external_id == "mine"


def test_what_is_under_way_is_nobody_elses(journal):
    with journal.write(intent()):
        assert journal.claim_run(DIGEST, URL, None) is None
        assert journal.claim("mine") is None
    assert claimed(journal).external_id == "mine"


def test_what_was_taken_up_is_nobody_elses(journal):
    left(journal, intent())
    with journal.claim_run(DIGEST, URL, None):
        assert journal.claim_run(DIGEST, URL, None) is None


def test_what_is_settled_is_gone(journal):
    journal.write(intent()).settle()
    assert journal.pending() == []
    assert list(journal.folder.iterdir()) == []


def test_a_settled_intent_that_was_opened_just_before_is_not_taken_up(journal, monkeypatch):
    entry = journal.write(intent())
    flock = fcntl.flock

    def settled_meanwhile(descriptor, how):
        monkeypatch.setattr(fcntl, "flock", flock)
        entry.settle()
        return flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", settled_meanwhile)
    assert journal.claim("mine") is None


def test_settling_leaves_the_intent_that_somebody_wrote_since(journal):
    first, second = journal.write(intent(day=1)), journal.write(intent(day=2))
    first.settle()
    assert [kept.time.day for kept in journal.pending()] == [2]
    second.settle()
    assert journal.pending() == []


def test_what_is_settled_is_gone_where_nothing_can_be_removed(journal, monkeypatch):
    entry = journal.write(intent())

    def refused(*_):
        raise PermissionError(errno.EACCES, "the folder is not yours")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.unlink", refused)
        entry.settle()
    assert (journal.pending(), journal.find("mine"), journal.claim("mine")) == ([], None, None)
    assert journal.claim_run(DIGEST, URL, None) is None


def test_an_entry_that_is_dropped_holds_nothing(journal):
    journal.write(intent())
    assert claimed(journal).external_id == "mine"


def test_a_forgotten_intent_is_forgotten_wherever_it_came_from(journal):
    left(journal, intent("a"), intent("b", digest=None))
    journal.forget("a")
    journal.forget("b")
    assert journal.pending() == []


def test_an_intent_is_found_by_its_id_alone(journal):
    left(journal, intent("a"), intent("b", digest=None))
    assert [journal.find(name) and journal.find(name).external_id for name in ("a", "b", "c")] == ["a", "b", None]


HOLDING = (
    "import sys, time\n"
    "from pathlib import Path\n"
    "from datetime import UTC, datetime\n"
    "from chamber.core.journal import Intent, Journal\n"
    "held = Journal(Path(sys.argv[1])).write("
    "Intent('mine', 'train', 'h', sys.argv[2], None, datetime.now(UTC), sys.argv[3]))\n"
    "print('held', flush=True)\n"
    "time.sleep(60)\n"
)


def test_a_process_that_lives_keeps_its_intent_and_a_killed_one_leaves_it(journal):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDING, journal.folder, URL, DIGEST], stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout.readline() == "held\n"
        while_it_lives = journal.claim_run(DIGEST, URL, None)
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
    assert while_it_lives is None
    assert claimed(journal).external_id == "mine"


@pytest.fixture
def child():
    """A forked child that lives as long as the test."""
    ready, tell_ready = os.pipe()
    ended, tell_ended = os.pipe()
    pids = []

    def fork():
        if (pid := os.fork()) == 0:
            os.close(tell_ended)
            os.write(tell_ready, b"!")
            os.read(ended, 1)
            os._exit(0)
        pids.append(pid)
        os.read(ready, 1)

    yield fork
    os.close(tell_ended)
    for pid in pids:
        os.waitpid(pid, 0)
    for descriptor in (ready, tell_ready, ended):
        os.close(descriptor)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_that_lives_on_keeps_nothing_of_its_parents(journal, child):
    held = journal.write(intent())
    child()
    assert journal.claim_run(DIGEST, URL, None) is None, "the child let go of what is the parent's"
    held.abandon()
    assert claimed(journal).external_id == "mine"


def test_where_files_cannot_be_locked_nothing_is_taken_up(journal, monkeypatch):
    def unsupported(*_):
        raise OSError(errno.ENOLCK, "no locks here")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    left(journal, intent())
    assert journal.claim_run(DIGEST, URL, None) is None
    assert [kept.external_id for kept in journal.pending()] == ["mine"]


def test_files_and_folders_are_private(journal):
    old = os.umask(0)
    try:
        left(journal, intent())
    finally:
        os.umask(old)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (journal.folder.parent, journal.folder)}
    assert modes == {"home": 0o700, "submissions": 0o700}
    assert [stat.S_IMODE(file.stat().st_mode) for file in journal.folder.iterdir()] == [0o600]


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("step", ["replace", "fsync"])
def test_a_disk_that_fails_leaves_no_half_of_an_intent(journal, monkeypatch, step):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "no space left on device")

    before = descriptors()
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace" if step == "replace" else "os.fsync", full)
        entry = journal.write(intent())
    assert entry.file is None
    entry.settle()
    assert list(journal.folder.iterdir()) == []
    assert descriptors() == before


def test_an_entry_says_where_its_intent_is_kept(journal):
    assert [journal.write(intent()).file] == list(journal.folder.iterdir())


def test_a_user_without_a_home_has_an_empty_journal(monkeypatch):
    monkeypatch.delenv("CHAMBER_CONFIG_DIR", raising=False)

    def homeless():
        raise RuntimeError("no home")

    monkeypatch.setattr("pathlib.Path.home", homeless)
    journal = Journal()
    assert journal.write(intent()).file is None
    assert (journal.pending(), journal.claim("mine"), journal.claim_run(DIGEST, URL, None)) == ([], None, None)


def test_what_was_being_written_at_a_kill_is_removed_after_an_hour(journal):
    left(journal, intent())
    fresh, old = journal.folder / ".a.tmp", journal.folder / ".b.tmp"
    for file in (fresh, old):
        file.write_text("{")
    os.utime(old, (time.time() - 4000,) * 2)
    assert [kept.external_id for kept in journal.pending()] == ["mine"]
    assert (fresh.exists(), old.exists()) == (True, False)


OLD = (
    b'{"external_id":"old","name":"n","payload":"h","api_url":"u","organization_id":null,"time":"2026-01-01T00:00:00Z"}'
)


def test_an_intent_of_the_first_format_is_read_and_is_no_runs(journal):
    left(journal, intent("mine"))
    folder = journal.folder
    Journal(folder).write(intent("old", digest=None)).release()
    (file,) = (found for found in folder.iterdir() if "." not in found.stem)
    file.write_bytes(OLD)
    found = journal.find("old")
    assert (found.version, found.digest, found.name) == (1, None, "n")
    assert claimed(journal).external_id == "mine"


def test_what_is_written_says_its_format(journal):
    left(journal, intent())
    (file,) = journal.folder.iterdir()
    assert msgspec.json.decode(file.read_bytes())["version"] == 2


def test_an_intent_of_a_later_format_is_not_guessed_at(journal):
    left(journal, intent())
    (file,) = journal.folder.iterdir()
    file.write_bytes(msgspec.json.encode(msgspec.json.decode(file.read_bytes()) | {"version": 3}))
    with pytest.raises(ConfigurationError, match=r"newer chamber-core"):
        journal.claim_run(DIGEST, URL, None)


@pytest.mark.parametrize("content", [b" ", b"{", b"[]", b"\xff", b'{"external_id":1}', b"[" * 100_000])
def test_a_broken_intent_is_named_and_stays(journal, content):
    left(journal, intent())
    (file,) = journal.folder.iterdir()
    file.write_bytes(content)
    for ask in (journal.pending, lambda: journal.find("mine"), lambda: journal.claim_run(DIGEST, URL, None)):
        with pytest.raises(ConfigurationError, match=file.name):
            ask()
    assert file.read_bytes() == content
    file.write_bytes(msgspec.json.encode(intent()))
    assert claimed(journal).external_id == "mine", "a broken intent is not held by whoever read it"
