"""A build laid out in a temporary folder: the engine sees exactly what was chosen, and never the project itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from chamber.core.errors import DockerError
from chamber.run import temporary
from chamber.run.engines.build import Build
from chamber.run.images.layers import ProjectLayers
from chamber.run.images.layout import lay_out
from chamber.run.threads import Stop

__all__ = ["laid_out"]

#: Engines would leave out what its rules name, again, and also what `include` re-admits.
_RULES = ".dockerignore"


@contextmanager
def laid_out(build: Build, stop: Stop) -> Iterator[Path]:
    """A folder with ``Dockerfile``, ``context/`` and ``secrets/<id>``, gone at the end. Blocks; `stop` ends it.

    Raises DockerError: a file of the project has changed or cannot be read, or there is no room.
    """
    with temporary.folder("build", "the build") as folder:
        _fill(folder, build, stop)
        yield folder


def _fill(folder: Path, build: Build, stop: Stop) -> None:
    try:
        _lay_out(folder, build, stop)
    except OSError as error:
        raise DockerError(f"The build cannot be laid out in {folder}: {error}") from error


def _lay_out(folder: Path, build: Build, stop: Stop) -> None:
    context = folder / "context"
    context.mkdir()
    if isinstance(build.context, ProjectLayers):
        lay_out(build.context, context, stop=stop)
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
