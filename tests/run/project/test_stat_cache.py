"""Cached and uncached results are the same, whatever was done to the files in between."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import msgpack
from msgspec.structs import replace

from chamber.core.errors import ConfigurationError
from chamber.run import cache
from chamber.run.images.layers import plan_layers
from chamber.run.project import reading
from chamber.run.project.files import Selection, select
from chamber.run.project.reading import contents
from chamber.run.project.stat_cache import Content, StatCache, encoded

LATER = 3_000_000_000
SECRET = "hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were opened."""
    paths: list[str] = []
    content_of = reading.content_of

    def noted(directory: Path, file: reading.ProjectFile) -> Iterator[bytes]:
        paths.append(file.path)
        return content_of(directory, file)

    monkeypatch.setattr(reading, "content_of", noted)
    return paths


def _later(directory: Path) -> Selection:
    """The files as they would be selected when nobody touched them for a while."""
    selection = select(directory)
    return replace(selection, at=selection.at + LATER)


def _digests(directory: Path, selection: Selection | None = None) -> tuple[bytes, ...]:
    return contents(directory, selection or select(directory), StatCache(directory)).digests


def test_what_looks_the_same_is_not_read_again(tmp_path: Path, read: list[str]) -> None:
    for number in range(300):
        (tmp_path / f"{number}.py").write_text(str(number))
    (tmp_path / "link").symlink_to("1.py")
    first = _digests(tmp_path, _later(tmp_path))
    assert len(read) == 300
    read.clear()
    assert _digests(tmp_path) == first
    assert read == []
    (tmp_path / "7.py").write_text("x")
    assert _digests(tmp_path) != first
    assert read == ["7.py"]


def test_what_changed_shortly_before_is_read_again_and_then_no_more(tmp_path: Path, read: list[str]) -> None:
    (tmp_path / "a").write_text("1")
    _digests(tmp_path)
    _digests(tmp_path, _later(tmp_path))
    assert read == ["a", "a"]
    _digests(tmp_path)
    assert read == ["a", "a"]


def test_an_edit_that_keeps_size_and_times_is_seen_within_the_racy_window(tmp_path: Path) -> None:
    """As far as a program can keep them: the inode's own time is the kernel's."""
    file = tmp_path / "a"
    file.write_text("1")
    before = file.stat()
    first = _digests(tmp_path)
    file.write_text("2")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert _digests(tmp_path) != first


@pytest.mark.parametrize("place", range(5))
def test_each_part_of_how_a_file_looks_counts(tmp_path: Path, read: list[str], place: int) -> None:
    (tmp_path / "a").write_text("1")
    selection = _later(tmp_path)
    _digests(tmp_path, selection)
    assert _found(tmp_path, *selection.looks) == ["a"]
    (looks,) = [msgpack.decode(look) for look in selection.looks]
    looks["a"][place] += 1
    assert _found(tmp_path, msgpack.encode(looks)) == []


def _found(directory: Path, *looks: bytes) -> list[str]:
    return list(StatCache(directory).found(looks))


def test_a_file_of_the_future_is_always_read(tmp_path: Path, read: list[str]) -> None:
    (tmp_path / "a").write_text("1")
    os.utime(tmp_path / "a", (time.time() + 900, time.time() + 900))
    _digests(tmp_path, _later(tmp_path))
    _digests(tmp_path, _later(tmp_path))
    assert read == ["a", "a"]


def test_a_key_is_still_known_of_when_the_file_is_not_read(tmp_path: Path, read: list[str]) -> None:
    (tmp_path / "a").write_text(SECRET)
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="a Hugging Face token"):
            _digests(tmp_path, _later(tmp_path))
    assert read == ["a"]
    contents(tmp_path, _later(tmp_path), StatCache(tmp_path), ["a"])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93",
        b"junk" * 100,
        msgpack.encode([99, 0, {}]),
        msgpack.encode([1, 2, {"a": [1]}]),
        msgpack.encode([4, 1 << 62, 0, [b"\x93"], ["0" * 64, [bytes(32)]]]),
        msgpack.encode([4, 1 << 62, 0, [msgpack.encode({"a": [1, 2]})], ["0" * 64, [bytes(32)]]]),
    ],
)
def test_a_cache_that_is_broken_or_of_another_version_is_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_text("1")
    first = _digests(tmp_path)
    cache.write(cache.name_for("files", tmp_path), content)
    assert _digests(tmp_path) == first


def test_removed_files_are_forgotten(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("1")
    _digests(tmp_path, _later(tmp_path))
    (tmp_path / "b").unlink()
    _digests(tmp_path)
    assert StatCache(tmp_path).lists(select(tmp_path).looks)


def test_links_and_folders_are_listed_and_never_read(tmp_path: Path, read: list[str]) -> None:
    (tmp_path / "a").write_text("1")
    _digests(tmp_path, _later(tmp_path))
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "out").mkdir()
    assert [bool(digest) for digest in _digests(tmp_path)] == [True, False, False]
    assert StatCache(tmp_path).lists(select(tmp_path).looks)
    assert read == ["a"]


def test_content_that_was_searched_is_not_searched_again_wherever_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text(SECRET)
    with pytest.raises(ConfigurationError, match="b seems to hold a Hugging Face token"):
        _digests(tmp_path)
    monkeypatch.setattr(reading, "kind_of_key", lambda text: pytest.fail(f"searched {text}"))
    (tmp_path / "a").rename(tmp_path / "c")
    (tmp_path / "b").rename(tmp_path / "d")
    with pytest.raises(ConfigurationError, match="d seems to hold a Hugging Face token"):
        _digests(tmp_path)


def test_the_key_of_a_known_project_is_kept_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "link").symlink_to("a")
    first = contents(tmp_path, _later(tmp_path), StatCache(tmp_path))
    monkeypatch.setattr(reading, "identity", lambda file, _: pytest.fail(f"{file.path} was asked for again"))
    assert contents(tmp_path, select(tmp_path), StatCache(tmp_path)) == first


@pytest.mark.parametrize("change", ["link", "mode", "folder", "name"])
def test_a_kept_key_is_not_that_of_a_project_with_another_link_mode_folder_or_name(tmp_path: Path, change: str) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("1")
    (tmp_path / "link").symlink_to("a")
    first = contents(tmp_path, _later(tmp_path), StatCache(tmp_path))
    if change == "link":
        (tmp_path / "link").unlink()
        (tmp_path / "link").symlink_to("b")
    elif change == "mode":
        (tmp_path / "a").chmod(0o755)
    elif change == "folder":
        (tmp_path / "out").mkdir()
    else:
        (tmp_path / "a").rename(tmp_path / "c")
    again = contents(tmp_path, _later(tmp_path), StatCache(tmp_path))
    assert again.key != first.key
    assert again == contents(tmp_path, select(tmp_path))


def test_an_entry_is_small(tmp_path: Path) -> None:
    signature = (1 << 20, 1_700_000_000 * 10**9, 1_700_000_000 * 10**9, 1 << 24, 0o100644)
    looks = [encoded({f"{number:04}": signature for number in range(1000)})]
    StatCache(tmp_path).keep(looks, Content("0" * 64, (bytes(32),) * 1000), {}, at=0)
    kept = cache.read(cache.name_for("files", tmp_path))
    assert kept is not None
    assert len(kept) < 1000 * 75


def _wait_for_the_next_tick(folder: Path) -> None:
    """Until a change gets another time than one before: what happens between two real runs anyhow."""
    deadline, first = time.monotonic() + 10, None
    while time.monotonic() < deadline:
        with tempfile.NamedTemporaryFile(dir=folder) as probe:
            now = os.fstat(probe.fileno()).st_ctime_ns
        first = first or now
        if now != first:
            return
    pytest.fail("the clock of the file system stands still")


NAMES = st.sampled_from(["a", "b", "d/c", "d/e/f"])


class Edits(RuleBasedStateMachine):
    """One run after another in a folder that is changed in between, sometimes long after and sometimes at once."""

    @initialize()
    def begin(self) -> None:
        self.root = Path(tempfile.mkdtemp())

    def teardown(self) -> None:
        shutil.rmtree(self.root)

    @rule(name=NAMES, content=st.sampled_from([b"1", b"2", b"12", b"21"]), keep_times=st.booleans())
    def write(self, name: str, content: bytes, *, keep_times: bool) -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        before = file.lstat() if file.is_file() and not file.is_symlink() else None
        if file.is_symlink():
            file.unlink()
        file.write_bytes(content)
        if before and keep_times:
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    @rule(name=NAMES, other=NAMES)
    def move(self, name: str, other: str) -> None:
        if (self.root / name).exists() and not (self.root / name).is_symlink():  # a link says where from it leads
            (self.root / other).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).rename(self.root / other)

    @rule(name=NAMES, mode=st.sampled_from([0o644, 0o755]))
    def change_mode(self, name: str, mode: int) -> None:
        if (self.root / name).is_file() and not (self.root / name).is_symlink():
            (self.root / name).chmod(mode)

    @rule(name=NAMES, to=st.sampled_from(["a", "b"]))
    def link(self, name: str, to: str) -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.symlink_to("../" * name.count("/") + to)

    @rule(name=NAMES, other=NAMES)
    def hard_link(self, name: str, other: str) -> None:
        if (self.root / name).is_file() and not (self.root / name).is_symlink() and name != other:
            (self.root / other).parent.mkdir(parents=True, exist_ok=True)
            (self.root / other).unlink(missing_ok=True)
            os.link(self.root / name, self.root / other)

    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        (self.root / name).unlink(missing_ok=True)

    @rule()
    def wait(self) -> None:
        """A run long after the last edit, from which nothing is read again that looks the same."""
        selection = _later(self.root)
        assert _digests(self.root, selection) == contents(self.root, selection).digests
        _wait_for_the_next_tick(self.root.parent)

    @invariant()
    def runs_agree(self) -> None:
        selection = select(self.root)
        known, anew = [plan_layers(self.root, selection, cached=cached) for cached in (True, False)]
        assert known.content_key == anew.content_key


Edits.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
test_any_edits_are_seen = Edits.TestCase
