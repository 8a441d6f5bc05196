import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.core.errors import ConfigurationError, DockerError
from chamber.run.project import reading
from chamber.run.project.files import ProjectFile, select
from chamber.run.project.reading import content_of, contents


def _tree(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@contextmanager
def open_pipe(path: Path) -> Iterator[None]:
    """Within this, somebody has the pipe open, and may write to it yet."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        yield
    finally:
        os.close(descriptor)


def test_a_key_stops_with_its_kind_and_without_its_value(tmp_path: Path) -> None:
    key = "hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh"
    _tree(tmp_path, **{"src/config.py": "x = 1\n" * 300_000 + f"TOKEN = '{key}'"})
    with pytest.raises(ConfigurationError, match=r"src/config\.py .*a Hugging Face token") as caught:
        contents(tmp_path, select(tmp_path))
    assert key not in str(caught.value)
    contents(tmp_path, select(tmp_path), None, ["src/config.py"])


@pytest.mark.parametrize("before", [(1 << 20) - 20, (2 << 20) - 1])
def test_a_key_across_two_pieces_is_seen(tmp_path: Path, before: int) -> None:
    _tree(tmp_path, a="." * before + " ghp_" + "a1B2" * 9)
    with pytest.raises(ConfigurationError, match="GitHub"):
        contents(tmp_path, select(tmp_path))


@given(before=st.integers(0, 3000), piece=st.integers(1100, 1400))
def test_a_key_is_seen_wherever_the_pieces_end(before: int, piece: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_PIECE", piece)
        _tree(Path(folder), a="." * before + " ghp_" + "a1B2" * 9 + " " * 3000)
        with pytest.raises(ConfigurationError, match="GitHub"):
            contents(Path(folder), select(Path(folder)))


def test_files_of_all_sizes_have_the_digests_of_their_content(tmp_path: Path) -> None:
    sizes = [0, 1, 2047, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 2 << 20]
    made = [b"%d" % number * size for number, size in enumerate(sizes)]
    for number, content in enumerate(made):
        (tmp_path / str(number)).write_bytes(content)
    read = contents(tmp_path, select(tmp_path)).digests
    assert read == tuple(hashlib.sha256(content).digest() for content in made)


def test_what_took_the_place_of_a_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    _tree(tmp_path, a="1")
    selection = select(tmp_path)
    (tmp_path / "a").unlink()
    (tmp_path / "a").mkdir()
    with pytest.raises(DockerError, match=r"cannot read .*a: Is a directory"):
        contents(tmp_path, selection)
    (tmp_path / "a").rmdir()
    os.mkfifo(tmp_path / "a")
    with pytest.raises(DockerError, match="a changed while it was being read"):
        contents(tmp_path, selection)
    with open_pipe(tmp_path / "a"), pytest.raises(DockerError, match=r"cannot read .*a: Resource temporarily"):
        contents(tmp_path, selection)
    (tmp_path / "a").unlink()
    (tmp_path / "a").symlink_to("/dev/zero")
    with pytest.raises(DockerError, match=r"cannot read .*a"):
        contents(tmp_path, selection)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="a file that cannot be read is Linux's")
def test_a_file_that_can_be_opened_but_not_read_is_named() -> None:
    with pytest.raises(DockerError, match="cannot read /proc/self/mem: Input/output error"):
        list(content_of(Path("/proc/self"), ProjectFile("mem", 1, 0o644)))


def test_large_binaries_are_not_searched(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"\0" * (1 << 20) + b" ghp_" + b"a1B2" * 9)
    contents(tmp_path, select(tmp_path))


def test_links_are_not_searched(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to("nothing")
    contents(tmp_path, select(tmp_path))
