import asyncio
import gzip
import hashlib
import io
import os
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chamber.core.errors import ConfigurationError, DockerError
from chamber.run.images import deflate
from chamber.run.images.layers import Layer, ProjectLayers, StoredLayer, image_key, pack_entries, plan_layers
from chamber.run.images.tarball import Tarball, entry
from chamber.run.project.files import GeneratedFile, select
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


@settings(max_examples=25, deadline=None)
@given(tree=trees, mask=st.sampled_from([0o022, 0o077, 0o002]))
def test_neither_time_nor_place_nor_umask_nor_order_nor_cache_changes_a_digest(
    tmp_path_factory: pytest.TempPathFactory, tree: Tree, mask: int
) -> None:
    one = _write(tmp_path_factory.mktemp("one"), tree)
    before = os.umask(mask)
    try:
        two = _write(tmp_path_factory.mktemp("two") / "deeper", dict(reversed(tree.items())))
    finally:
        os.umask(before)
    for name, (_, executable) in tree.items():
        (two / name).chmod(0o700 if executable else 0o600)
        os.utime(two / name, (1, 1))
    told = [_told(plan_layers(root, select(root), cached=cached)) for root in (one, two) for cached in (False, True)]
    assert told[0] == told[1] == told[2] == told[3]


def _told(planned: ProjectLayers) -> tuple[str, list[tuple[str, str, str]]]:
    packed = [(layer.key, planned.pack(layer)) for layer in planned.layers]
    for _, layer in packed:
        layer.close()
    return planned.content_key, [(key, layer.digest, layer.diff_id) for key, layer in packed]


generated_files = st.builds(
    GeneratedFile,
    st.sampled_from([".chamber/bin/t", "n.ipynb.py"]),
    st.binary(max_size=3),
    st.sampled_from([0o644, 0o755]),
)


@settings(max_examples=60, deadline=None)
@given(one=st.lists(generated_files, max_size=1), two=st.lists(generated_files, max_size=1))
def test_the_key_changes_exactly_when_what_is_generated_does(
    tmp_path_factory: pytest.TempPathFactory, one: list[GeneratedFile], two: list[GeneratedFile]
) -> None:
    root = _write(tmp_path_factory.mktemp("one"), {"a.x": (b"1", False)})
    keys = [plan_layers(root, select(root), made, cached=False).content_key for made in (one, two)]
    assert (keys[0] == keys[1]) is (one == two)


def test_generated_files_are_packed_where_they_belong(tmp_path: Path) -> None:
    _write(tmp_path, {"z.py": (b"1", False)})
    made = [GeneratedFile(".chamber/bin/train", b"#!python", 0o755), GeneratedFile("a/b.ipynb.py", b"x")]
    planned = plan_layers(tmp_path, select(tmp_path), made)
    entries = _entries(_bytes(planned.pack(planned.layers[0])))
    assert [name for name, entry in entries.items() if entry.isreg()] == [
        "app/.chamber/bin/train",
        "app/a/b.ipynb.py",
        "app/z.py",
    ]
    assert entries["app/.chamber/bin/train"].mode == 0o755
    assert not (tmp_path / ".chamber").exists()


def test_nothing_is_generated_over_a_file_of_the_project(tmp_path: Path) -> None:
    _write(tmp_path, {"b.ipynb.py": (b"1", False)})
    with pytest.raises(ConfigurationError, match=r"b\.ipynb\.py is a file of the project"):
        plan_layers(tmp_path, select(tmp_path), [GeneratedFile("b.ipynb.py", b"x")])


def test_an_empty_folder_is_told_from_a_file_and_is_packed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with_folder = _key(tmp_path)
    assert _entries(_bytes(_pack(tmp_path)))["app/out"].isdir()
    (tmp_path / "out").rmdir()
    without = _key(tmp_path)
    (tmp_path / "out").touch()
    assert len({with_folder, without, _key(tmp_path)}) == 3


#: A file with its content and whether it can be run, a link with its target, or an empty folder.
entry_kinds = (
    st.tuples(st.just("file"), st.binary(max_size=2), st.booleans())
    | st.tuples(st.just("link"), st.sampled_from(["a", "b"]))
    | st.tuples(st.just("folder"))
)
contexts = st.dictionaries(st.sampled_from(["a", "b", "c/d", "c/e"]), entry_kinds, max_size=3)
Context = dict[str, tuple[Any, ...]]


def _made(root: Path, context: Context) -> Path:
    for name, (kind, *said) in context.items():
        (root / name).parent.mkdir(exist_ok=True)
        if kind == "file":
            (root / name).write_bytes(said[0])
            (root / name).chmod(0o755 if said[1] else 0o644)
        elif kind == "link":
            (root / name).symlink_to(f"{'../' * name.count('/')}{said[0]}")
        else:
            (root / name).mkdir()
    return root


@given(one=contexts, two=contexts)
def test_the_key_changes_exactly_when_a_file_a_mode_a_link_or_a_folder_does(
    tmp_path_factory: pytest.TempPathFactory, one: Context, two: Context
) -> None:
    first, second = (_made(tmp_path_factory.mktemp("made"), context) for context in (one, two))
    assert (_key(first) == _key(second)) is (one == two)


inputs = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4), min_size=1, max_size=4
)


@given(one=inputs, two=inputs)
def test_an_image_has_another_key_exactly_when_anything_it_is_made_from_is_another(
    one: list[str], two: list[str]
) -> None:
    assert (image_key(*one) == image_key(*two)) is (one == two)


def _large(root: Path) -> Path:
    return _write(root, {f"d{number % 7}/f{number}.x": (bytes([number]) * (1 << 20), False) for number in range(40)})


def test_a_large_project_is_spread_and_an_edit_changes_one_layer(tmp_path: Path) -> None:
    _large(tmp_path)
    before = _planned(tmp_path)
    assert 8 < len(before.layers) <= 16
    (tmp_path / "d0" / "f7.x").write_bytes(b"edited")
    (tmp_path / "new").touch()
    after = _planned(tmp_path)
    changed = {layer.key for layer in after.layers} - {layer.key for layer in before.layers}
    holders = {layer.key for layer in after.layers if {"d0/f7.x", "new"} & {one.file.path for one in layer.files}}
    assert changed == holders


@pytest.mark.parametrize("room", [16, 9, 8, 3, 1])
def test_with_less_room_the_same_files_are_in_fewer_layers(tmp_path: Path, room: int) -> None:
    planned = _planned(_large(tmp_path))
    fewer = planned.within(room)
    assert len(fewer.layers) <= room
    assert fewer.content_key == planned.content_key
    paths = [one.file.path for layer in fewer.layers for one in layer.files]
    assert sorted(paths) == sorted(one.file.path for layer in planned.layers for one in layer.files)
    for layer in planned.layers:
        there = {one.file.path for one in layer.files}
        assert sum(bool(there & {one.file.path for one in other.files}) for other in fewer.layers) == 1


def test_a_packed_layer_is_known_to_the_next_plan(tmp_path: Path) -> None:
    _write(tmp_path, {"a": (b"12", False)})
    first = plan_layers(tmp_path, select(tmp_path))
    assert first.layers[0].known is None
    layer = first.pack(first.layers[0])
    layer.close()
    known = plan_layers(tmp_path, select(tmp_path)).layers[0].known
    assert known == StoredLayer(layer.digest, layer.diff_id, layer.size, "project")
    assert _planned(tmp_path).layers[0].known is None


def test_a_known_layer_that_would_be_packed_otherwise_is_an_error(tmp_path: Path) -> None:
    _write(tmp_path, {"a": (b"12", False)})
    planned = _planned(tmp_path)
    wrong = replace(planned.layers[0], known=StoredLayer("sha256:" + "0" * 64, "sha256:" + "0" * 64, 1, "project"))
    with pytest.raises(DockerError, match="changed while"):
        planned.pack(wrong)


@pytest.mark.parametrize("pieces", [511, 100_000, 1 << 20])
def test_the_size_of_the_pieces_changes_no_digest(pieces: int) -> None:
    content = os.urandom(3 << 20)
    packed = []
    for size in (pieces, 3 << 20):
        with Tarball() as tarball:
            chunks = [content[start : start + size] for start in range(0, len(content), size)]
            tarball.add(entry("a", size=len(content)), chunks)
            packed.append(tarball.finish())
            packed[-1].content.close()
    assert packed[0].digest == packed[1].digest
    assert packed[0].diff_id == packed[1].diff_id


def test_without_isal_the_tar_and_the_keys_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path, {"a": (b"12" * 9000, False)})
    (key, [(_, _, diff_id)]) = _told(_planned(tmp_path))
    monkeypatch.setattr(deflate, "isal_zlib", None)
    planned = _planned(tmp_path)
    with planned.pack(planned.layers[0]) as layer:
        assert (planned.content_key, layer.diff_id) == (key, diff_id)
        assert f"sha256:{hashlib.sha256(gzip.decompress(layer.content.read())).hexdigest()}" == diff_id


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
