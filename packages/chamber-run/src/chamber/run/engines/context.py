"""A build laid out in a temporary folder: the engine sees exactly what was chosen, and never the project itself."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from chamber.core.errors import DockerError
from chamber.run.engines.build import Build, Tree
from chamber.run.images.layers import content_key
from chamber.run.project.files import ProjectFile
from chamber.run.threads import Stop, Stopped

__all__ = ["laid_out"]

#: Engines would leave out what its rules name, again, and also what `include` re-admits.
_RULES = ".dockerignore"


@contextmanager
def laid_out(build: Build, stop: Stop) -> Iterator[Path]:
    """A folder with ``Dockerfile``, ``context/`` and ``secrets/<id>``, gone at the end. Blocks; `stop` ends it.

    Raises DockerError: a file of the project has changed or cannot be read, or there is no room.
    """
    folder = _new_folder()
    try:
        _fill(folder, build, stop)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _new_folder() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="chamber-build-"))  # for its owner alone: mode 0700
    except OSError as error:
        raise DockerError(f"No folder for the build can be made in {tempfile.gettempdir()}: {error}") from error


def _fill(folder: Path, build: Build, stop: Stop) -> None:
    try:
        _lay_out(folder, build, stop)
    except OSError as error:
        raise DockerError(f"The build cannot be laid out in {folder}: {error}") from error


def _lay_out(folder: Path, build: Build, stop: Stop) -> None:
    context = folder / "context"
    context.mkdir()
    if isinstance(build.context, Tree):
        _copy(build.context, context, stop)
    else:
        _write(build.context, context)
    (context / _RULES).unlink(missing_ok=True)
    (folder / "Dockerfile").write_bytes(build.dockerfile.encode())
    (folder / "secrets").mkdir()
    for name, secret in build.secrets.items():
        (folder / "secrets" / name).write_bytes(secret.reveal().encode())


def _write(files: Mapping[str, bytes], context: Path) -> None:
    for path, content in files.items():
        file = context / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(0o644)


def _copy(tree: Tree, context: Path, stop: Stop) -> None:
    for file in tree.files:
        if stop.is_set():
            raise Stopped
        _copy_file(tree.directory / file.path, context / file.path, file)
    if content_key(context, tree.files, stop=stop) != tree.key:
        raise DockerError(f"{tree.directory} changed while it was being copied for the build; run it again")


def _copy_file(source: Path, target: Path, file: ProjectFile) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if file.link is not None:
        target.symlink_to(file.link)
        return
    with _opened(source) as reading, target.open("wb") as writing:
        shutil.copyfileobj(reading, writing, 1 << 20)
    target.chmod(file.mode)


def _opened(path: Path) -> IO[bytes]:
    """The regular file at `path`; what has become a link or a pipe since it was chosen is refused."""
    try:
        file: IO[bytes] = open(path, "rb", opener=_open_itself)  # noqa: SIM115
    except OSError as error:
        raise DockerError(f"{path} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise DockerError(f"{path} is no longer a file; run it again")
    return file


def _open_itself(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
