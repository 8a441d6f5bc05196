"""A project's files as a folder, for those who build from one. Blocks: run it in a thread."""

import hashlib
from pathlib import Path

from chamber.core.errors import DockerError
from chamber.run.images.layers import LayerFile, ProjectLayers
from chamber.run.project.reading import content_of
from chamber.run.threads import Stop, check

__all__ = ["lay_out"]


def lay_out(layers: ProjectLayers, folder: Path, *, stop: Stop | None = None) -> None:
    """Copy what would be in the layers into `folder`, with modes and links.

    Raises DockerError: a file cannot be read, or is not what it was when the layers were planned.
    Raises OSError: `folder` cannot be written to.
    """
    for layer in layers.layers:
        for one in layer.files:
            check(stop)
            _put(layers.directory, one, folder / one.file.path)


def _put(directory: Path, one: LayerFile, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if one.file.is_folder:
        target.mkdir(exist_ok=True)
    elif one.file.link is not None:
        target.symlink_to(one.file.link)
    else:
        _write(directory, one, target)


def _write(directory: Path, one: LayerFile, target: Path) -> None:
    written = hashlib.sha256()
    with target.open("wb") as file:
        for piece in content_of(directory, one.file) if one.content is None else [one.content]:
            written.update(piece)
            file.write(piece)
    if written.digest() != one.digest:
        raise DockerError(f"{directory} changed while it was being copied for the build; run it again")
    target.chmod(one.file.mode)
