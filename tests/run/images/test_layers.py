import asyncio
import gzip
import hashlib
import io
import os
import tarfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chamber.core.errors import DockerError
from chamber.run.images.layers import Layer, ProjectLayers, image_key, pack_entries, plan_layers
from chamber.run.project.files import select
from chamber.run.threads import Stopped, in_thread

names = st.from_regex(r"[a-z]{1,3}(/[a-zü]{1,3}){0,2}\.x", fullmatch=True)
trees = st.dictionaries(names, st.tuples(st.binary(max_size=700), st.booleans()), min_size=1, max_size=4)
Tree = dict[str, tuple[bytes, bool]]


def _write(root: Path, tree: Tree) -> Path:
    for name, (content, executable) in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o755 if executable else 0o644)
    return root


def _planned(root: Path) -> ProjectLayers:
    return plan_layers(root, select(root), cached=False)


def _key(root: Path) -> str:
    return _planned(root).content_key


def _pack(root: Path) -> Layer:
    planned = _planned(root)
    assert len(planned.layers) == 1
    return planned.pack(planned.layers[0])


def _bytes(layer: Layer) -> bytes:
    with layer:
        return layer.content.read()


def _entries(data: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
        return {entry.name: entry for entry in tar}


@settings(max_examples=40, deadline=None)
@given(tree=trees)
def test_the_same_tree_gives_the_same_bytes(tmp_path_factory: pytest.TempPathFactory, tree: Tree) -> None:
    one = _write(tmp_path_factory.mktemp("one"), tree)
    two = _write(tmp_path_factory.mktemp("two"), dict(reversed(tree.items())))
    os.utime(two / next(iter(tree)), (1, 1))
    assert _key(one) == _key(two)
    assert _bytes(_pack(one)) == _bytes(_pack(two))


@settings(max_examples=60, deadline=None)
@given(one=trees, two=trees)
def test_the_key_changes_exactly_when_the_tree_does(
    tmp_path_factory: pytest.TempPathFactory, one: Tree, two: Tree
) -> None:
    first, second = _write(tmp_path_factory.mktemp("one"), one), _write(tmp_path_factory.mktemp("two"), two)
    same = _key(first) == _key(second)
    assert same is (one == two)


def test_digest_diff_id_and_size_are_those_of_the_bytes(tmp_path: Path) -> None:
    _write(tmp_path, {"a.py": (b"print(1)\n" * 1000, False)})
    layer = _pack(tmp_path)
    data = _bytes(layer)
    assert layer.digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert layer.diff_id == f"sha256:{hashlib.sha256(gzip.decompress(data)).hexdigest()}"
    assert layer.size == len(data)
    assert data[4:8] == bytes(4), "the gzip header carries no time"


def test_entries_belong_to_nobody_and_have_no_time(tmp_path: Path) -> None:
    _write(tmp_path, {"a/run.sh": (b"x", True), "b.py": (b"", False)})
    (tmp_path / "link").symlink_to("b.py")
    entries = _entries(_bytes(_pack(tmp_path)))
    assert list(entries) == ["app", "app/a", "app/a/run.sh", "app/b.py", "app/link"]
    assert [entry.mode for entry in entries.values()] == [0o755, 0o755, 0o755, 0o644, 0o777]
    assert entries["app/link"].linkname == "b.py"
    assert {(e.mtime, e.uid, e.gid, e.uname, e.gname) for e in entries.values()} == {(0, 0, 0, "", "")}


def test_long_and_foreign_names_survive(tmp_path: Path) -> None:
    name = "/".join(["ü" * 50] * 6) + "/a.py"
    _write(tmp_path, {name: (b"1", False)})
    assert f"app/{name}" in _entries(_bytes(_pack(tmp_path)))


def test_a_link_is_told_from_a_file_with_the_same_content(tmp_path: Path) -> None:
    _write(tmp_path, {"a": (b"", False)})
    before = _key(tmp_path)
    (tmp_path / "a").unlink()
    (tmp_path / "a").symlink_to("b")
    assert _key(tmp_path) != before


def test_a_file_that_changed_since_it_was_planned_is_an_error(tmp_path: Path) -> None:
    _write(tmp_path, {"a": (b"12", False)})
    planned = _planned(tmp_path)
    for content in (b"1", b"123", b"34"):
        (tmp_path / "a").write_bytes(content)
        with pytest.raises(DockerError, match="changed while"):
            planned.pack(planned.layers[0])
    (tmp_path / "a").write_bytes(b"12")
    planned.pack(planned.layers[0]).close()


def test_a_file_that_became_a_link_or_vanished_is_not_read(tmp_path: Path) -> None:
    _write(tmp_path, {"a": (b"12", False), "b": (b"12", False)})
    planned, selection = _planned(tmp_path), select(tmp_path)
    (tmp_path / "a").unlink()
    (tmp_path / "a").symlink_to("b")
    with pytest.raises(DockerError, match="cannot read"):
        planned.pack(planned.layers[0])
    with pytest.raises(DockerError, match="cannot read"):
        plan_layers(tmp_path, selection)


def test_a_large_layer_is_kept_in_a_nameless_file(tmp_path: Path) -> None:
    noise = os.urandom(9 << 20)
    _write(tmp_path, {"a": (noise, False)})
    with _pack(tmp_path) as layer, tarfile.open(fileobj=layer.content, mode="r:gz") as tar:
        content = tar.extractfile("app/a")
        assert content is not None
        assert content.read() == noise


def test_made_entries_are_packed_with_their_folders() -> None:
    data = _bytes(pack_entries({"opt/chamber/environment/recipe.json": b"{}"}))
    assert list(_entries(data))[-2:] == ["opt/chamber/environment", "opt/chamber/environment/recipe.json"]
    assert pack_entries({}).kind == "environment"


def test_an_image_key_tells_its_inputs_apart() -> None:
    assert image_key("ab", "c") != image_key("a", "bc")
    assert len(image_key("a")) == 16


def test_work_that_is_told_to_stop_stops(tmp_path: Path) -> None:
    _write(tmp_path, {"a": (b"12", False)})
    planned, stop = _planned(tmp_path), threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        planned.pack(planned.layers[0], stop)
    with pytest.raises(Stopped):
        plan_layers(tmp_path, select(tmp_path), stop=stop)


async def test_cancelling_waits_until_the_thread_has_stopped() -> None:
    started, ended = threading.Event(), threading.Event()

    def work(stop: threading.Event) -> None:
        started.set()
        stop.wait(10)
        ended.set()

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(started.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
