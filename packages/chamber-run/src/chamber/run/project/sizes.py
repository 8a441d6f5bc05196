"""How large a project may be."""

import heapq
from collections.abc import Sequence

from chamber.core.errors import ConfigurationError
from chamber.run.project.files import GeneratedFile, ProjectFile

__all__ = ["check"]

_NAMED = 10


def check(files: Sequence[ProjectFile], most: int, generated: Sequence[GeneratedFile] = ()) -> None:
    """Raises ConfigurationError with the ten largest files: together they have more than `most` bytes."""
    whole = sum(file.size for file in files) + sum(len(file.content) for file in generated)
    if whole <= most:
        return
    largest = heapq.nlargest(_NAMED, files, key=lambda file: file.size)
    listed = "\n".join(f"  {_megabytes(file.size):>12}  {file.path}" for file in largest)
    raise ConfigurationError(
        f"The project has {_megabytes(whole)}, more than the {_megabytes(most)} that may go into its image. The "
        f"largest files are\n{listed}\nLeave data behind with `ignore` or .dockerignore and read it from storage "
        f"in the job, or allow more with max_project_size={_enough(whole)!r}"
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size:,} bytes"


def _enough(size: int) -> str:
    return f"{-(-size // 10**8) * 100}MB"
