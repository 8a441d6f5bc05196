"""The instructions of a Dockerfile, written so that no text can break out of its own.

Commands are in exec form: JSON, in which a builder expands nothing and which holds no line break
(docs.docker.com/reference/dockerfile, "Shell and exec form"). COPY, WORKDIR and ENV expand variables also there, so
only plain names are put into those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from chamber.core.errors import ConfigurationError
from chamber.run.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["assign", "cmd", "copy", "from_image", "is_plain", "run", "shell", "workdir", "written"]

#: Docker takes lines of up to 65535 bytes; characters may become several in JSON.
_PIECE = 8_000
_WRITE = (
    "import pathlib, sys; path = pathlib.Path(sys.argv[1]); path.parent.mkdir(parents=True, exist_ok=True); "
    "path.open(sys.argv[2], encoding='utf-8', newline='').write(sys.argv[3])"
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


def assign(name: str, value: str) -> str:
    """ENV with this very value. Raises ConfigurationError: it has several lines, which ENV cannot hold."""
    if not (name.isidentifier() and name.isascii()) or any(ord(letter) < ord(" ") for letter in value):
        raise ConfigurationError(f"{name} cannot be set in a Dockerfile: a name and one line of text can")
    escaped = "".join(f"\\{letter}" if letter in '\\"$' else letter for letter in value)
    return f'ENV {name}="{escaped}"'


def written(path: str, content: str) -> Iterator[str]:
    """Instructions that write a file which is not in the build context; Python has to be in the image."""
    pieces = [content[start : start + _PIECE] for start in range(0, len(content), _PIECE)] or [""]
    for number, piece in enumerate(pieces):
        yield run(["python", "-c", _WRITE, path, "a" if number else "w", piece])


def is_plain(path: str) -> bool:
    """Whether a path means itself in COPY: no variables, wildcards, quotes or blanks."""
    return path.isascii() and bool(path) and all(letter.isalnum() or letter in "._-/+@" for letter in path)


def _exec(instruction: str, words: Sequence[str], flags: Sequence[str] = ()) -> str:
    return " ".join((instruction, *flags, msgspec.json.encode(list(words)).decode()))
