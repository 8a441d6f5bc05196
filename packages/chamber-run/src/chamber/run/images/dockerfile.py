"""The instructions of a Dockerfile, written so that no text can break out of its own.

Commands are in exec form: JSON, in which a builder expands nothing and which holds no line break
(docs.docker.com/reference/dockerfile, "Shell and exec form"). COPY and WORKDIR expand variables also there, so
only plain names are put into those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from chamber.core.errors import ConfigurationError
from chamber.run.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["cmd", "copy", "from_image", "is_plain", "prepend", "run", "shell", "workdir", "written"]

#: Docker takes lines of up to 65535 bytes; characters may become several in JSON.
_PIECE = 8_000
_WRITE = (
    "import pathlib, sys; path = pathlib.Path(sys.argv[1]); path.parent.mkdir(parents=True, exist_ok=True); "
    "path.open(sys.argv[2], encoding='utf-8', newline='').write(sys.argv[3]); path.chmod(int(sys.argv[4], 8))"
)


def from_image(reference: str) -> str:
    """FROM. Raises ConfigurationError: it is no image reference."""
    return f"FROM {Reference.parse(reference)}"


def run(words: Sequence[str], mounts: Sequence[str] = ()) -> str:
    """RUN a program with these arguments; `mounts` as BuildKit knows them, such as ``type=cache,target=/a``."""
    return _exec("RUN", words, tuple(f"--mount={mount}" for mount in mounts))


def shell(command: str, mounts: Sequence[str] = ()) -> str:
    """RUN a command of the shell."""
    return run(["/bin/sh", "-c", command], mounts)


def cmd(words: Sequence[str]) -> str:
    """CMD: how a container of the image is started."""
    return _exec("CMD", words)


def copy(source: str, target: str) -> str:
    """COPY from the build context; both are plain names."""
    assert is_plain(source)
    assert is_plain(target)
    return _exec("COPY", [source, target])


def workdir(path: str) -> str:
    """WORKDIR, a plain name."""
    assert is_plain(path)
    return f"WORKDIR {path}"


def prepend(name: str, folders: str) -> str:
    """ENV with these folders before those of a search path, such as PATH, in the base.

    Raises ConfigurationError: their names have several lines, which ENV cannot hold.
    """
    if not folders.isprintable():
        raise ConfigurationError(f"a folder in {folders!r} cannot be named in a Dockerfile: rename it")
    escaped = "".join(f"\\{letter}" if letter in '\\"$' else letter for letter in folders)
    return f'ENV {name}="{escaped}${{{name}:+:${name}}}"'


def written(path: str, content: str, mode: int = 0o644) -> Iterator[str]:
    """Instructions that write a file which is not in the build context; Python has to be in the image."""
    pieces = [content[start : start + _PIECE] for start in range(0, len(content), _PIECE)] or [""]
    for number, piece in enumerate(pieces):
        yield run(["python", "-c", _WRITE, path, "a" if number else "w", piece, f"{mode:o}"])


def is_plain(path: str) -> bool:
    """Whether a path means itself in COPY: no variables, wildcards, quotes or blanks."""
    return path.isascii() and bool(path) and all(letter.isalnum() or letter in "._-/+@" for letter in path)


def _exec(instruction: str, words: Sequence[str], flags: Sequence[str] = ()) -> str:
    return " ".join((instruction, *flags, msgspec.json.encode(list(words)).decode()))
