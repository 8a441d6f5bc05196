"""Which file starts a project."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from chamber.run.errors import AmbiguousEntrypointError, EntrypointNotFoundError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["find", "module_of"]

_NAMES = ("train.py", "main.py", "run.py", "app.py")
_FOLDERS = ("", "src/")


def find(paths: Collection[str], entrypoint: str | None = None) -> str:
    """The entrypoint among the files of a project, or the one that was asked for when it is there.

    Raises EntrypointNotFoundError: there is none, or not the one asked for.
    Raises AmbiguousEntrypointError: there are several of equal standing.
    """
    if entrypoint is not None:
        return _asked_for(entrypoint, paths)
    for candidates in _levels(paths):
        if len(candidates) > 1:
            raise _ambiguous(candidates)
        if candidates:
            return candidates[0]
    raise EntrypointNotFoundError(
        f"The project has no Python entrypoint: none of {', '.join(_NAMES)} at its top or in src/, and no package "
        "with a __main__.py. Say what starts it: entrypoint='path/to/script.py' or entrypoint='-m package'"
    )


def module_of(entrypoint: str) -> str | None:
    """The module of an entrypoint ``-m package``; None for a file."""
    option, _, module = entrypoint.partition(" ")
    return module.strip() if option == "-m" else None


def _asked_for(entrypoint: str, paths: Collection[str]) -> str:
    module = module_of(entrypoint)
    if module is not None:
        return _module(module, paths)
    file = PurePosixPath(entrypoint).as_posix()
    if file not in paths:
        raise EntrypointNotFoundError(
            f"The entrypoint {entrypoint!r} is not among the files of the project "
            f"(or is ignored){_nearest(file, paths)}"
        )
    if not file.endswith(".py"):
        raise EntrypointNotFoundError(f"The entrypoint {entrypoint!r} is no Python file")
    return file


def _module(module: str, paths: Collection[str]) -> str:
    file = module.replace(".", "/")
    if any(f"{folder}{file}{end}" in paths for folder in _FOLDERS for end in (".py", "/__main__.py")):
        return f"-m {module}"
    raise EntrypointNotFoundError(f"The entrypoint '-m {module}' is no module of the project with a __main__.py")


def _nearest(file: str, paths: Collection[str]) -> str:
    same_name = sorted(path for path in paths if PurePosixPath(path).name == PurePosixPath(file).name)
    return f": did you mean {same_name[0]!r}?" if same_name else ""


def _levels(paths: Collection[str]) -> Iterator[list[str]]:
    for folder in _FOLDERS:
        yield [f"{folder}{name}" for name in _NAMES if f"{folder}{name}" in paths]
    for folder in _FOLDERS:
        yield sorted(f"-m {package}" for package in _packages(paths, folder))


def _packages(paths: Collection[str], folder: str) -> Iterator[str]:
    for path in paths:
        package, _, file = path.removeprefix(folder).rpartition("/")
        if path.startswith(folder) and file == "__main__.py" and package.isidentifier():
            yield package


def _ambiguous(candidates: list[str]) -> AmbiguousEntrypointError:
    choices = " or ".join(f"entrypoint={candidate!r}" for candidate in candidates)
    return AmbiguousEntrypointError(
        f"The project could be started with {', '.join(candidates)}. Say which: {choices}, "
        "or 'entrypoint: ...' in .chamber.yaml"
    )
