import os
import stat
import tarfile

import pytest

from chamber.local.executors.layers import Bounds, unpack
from chamber.local.executors.refusal import Refused


@pytest.fixture
def unpacked(tmp_path, tools):
    """Unpacks layers of these entries into an empty folder with a neighbour."""
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "neighbour").write_text("untouched")

    def run(*layers, bounds=None):
        files = []
        for number, entries in enumerate(layers):
            content = entries if isinstance(entries, bytes) else tools.layer(*entries)
            (tmp_path / f"layer{number}").write_bytes(content)
            files.append(tmp_path / f"layer{number}")
        unpack(files, target, bounds or Bounds())
        return target

    yield run
    assert (tmp_path / "neighbour").read_text() == "untouched"
    assert {path.name for path in tmp_path.iterdir()} <= {"target", "neighbour", "layer0", "layer1"}


def entry(name, kind=tarfile.REGTYPE, link="", mode=0o644):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    return info


def test_files_folders_and_links_inside_arrive(unpacked):
    target = unpacked(
        [
            entry("app", tarfile.DIRTYPE),
            ("app/a.txt", b"a"),
            entry("app/run.sh", mode=0o4755),
            entry("app/soft", tarfile.SYMTYPE, "a.txt"),
            entry("app/hard", tarfile.LNKTYPE, "app/a.txt"),
            entry("app/up", tarfile.SYMTYPE, "../app/a.txt"),
        ]
    )

    assert [(target / "app" / name).read_text() for name in ("a.txt", "soft", "hard", "up")] == ["a"] * 4
    assert stat.S_IMODE((target / "app/run.sh").stat().st_mode) == 0o755


def test_an_upper_layer_replaces_files(unpacked):
    target = unpacked(
        [("app/a.txt", b"old"), entry("app/l", tarfile.SYMTYPE, "a.txt")], [("app/a.txt", b"new"), ("app/l", b"own")]
    )

    assert (target / "app/a.txt").read_text() == "new"
    assert (target / "app/l").read_text() == "own"


def test_a_layer_need_not_be_compressed(unpacked, tools):
    import gzip

    assert (unpacked(gzip.decompress(tools.layer(("a", b"x")))) / "a").read_bytes() == b"x"


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([("/etc/x", b"")], "leads out"),
        ([("../neighbour", b"evil")], "leads out"),
        ([("app/../../neighbour", b"evil")], "leads out"),
        ([("..", b"")], "leads out"),
        ([(".", b"")], "is not a folder"),
        ([entry("l", tarfile.SYMTYPE, "/etc/passwd")], "leads out"),
        ([entry("l", tarfile.SYMTYPE, "../neighbour")], "leads out"),
        ([entry("a/l", tarfile.SYMTYPE, "../../neighbour")], "leads out"),
        ([entry("d", tarfile.SYMTYPE, "."), ("d/file", b"")], "lies below a link"),
        ([entry("d", tarfile.SYMTYPE, ".."), ("d/neighbour", b"evil")], "leads out"),
        ([entry("a/b/l", tarfile.SYMTYPE, "../.."), entry("m", tarfile.SYMTYPE, "a/b/l/../neighbour")], "leads out"),
        ([entry("h", tarfile.LNKTYPE, "../neighbour")], "leads out"),
        ([entry("h", tarfile.LNKTYPE, "/etc/passwd")], "leads out"),
        ([entry("h", tarfile.LNKTYPE, "none")], "is not a file in it"),
        ([("a", b""), entry("s", tarfile.SYMTYPE, "a"), entry("h", tarfile.LNKTYPE, "s")], "is not a file in it"),
        ([entry("f", tarfile.FIFOTYPE)], "device or a fifo"),
        ([entry("c", tarfile.CHRTYPE)], "device or a fifo"),
        ([entry("b", tarfile.BLKTYPE)], "device or a fifo"),
        ([("app/.wh.a", b"")], "whiteout"),
        ([("app/.wh..wh..opq", b"")], "whiteout"),
        ([("app/a/b", b""), ("app/a", b"")], "replaces the folder"),
        ([("a", b""), ("a/b", b"")], "cannot be unpacked"),
    ],
)
def test_what_could_harm_is_refused(unpacked, entries, reason):
    with pytest.raises(Refused, match=reason):
        unpacked(entries)


@pytest.mark.parametrize("bounds", [Bounds(size=99), Bounds(entries=1)])
def test_an_image_does_not_grow_over_the_bounds(unpacked, bounds):
    with pytest.raises(Refused, match="unpacks to more than"):
        unpacked([("a", b"x" * 60), ("b", b"x" * 60)], bounds=bounds)


def test_a_header_does_not_fill_the_memory(unpacked):
    name = "n" * 3_000_000

    with pytest.raises(Refused, match="not a sound tar archive"):
        unpacked([(name, b"")])


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"\x1f\x8bbroken", b"\x28\xb5\x2f\xfdzstd"])
def test_a_broken_layer_is_refused(unpacked, content):
    with pytest.raises(Refused):
        unpacked(content)


def test_a_truncated_layer_is_refused(unpacked, tools):
    content = tools.layer(("a", os.urandom(100_000)))

    with pytest.raises(Refused, match="cannot be unpacked"):
        unpacked(content[:50_000])


def test_a_loop_of_links_is_harmless(unpacked):
    unpacked([entry("a", tarfile.SYMTYPE, "b"), entry("b", tarfile.SYMTYPE, "a")])
