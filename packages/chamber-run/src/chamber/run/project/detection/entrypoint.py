"""Which file starts a project.

What convention names as a start is a candidate: a command that the project declares; train.py, main.py, run.py or
app.py at the root, in ``src/`` and in ``scripts/``; and, of a lower rank because they are made to be imported, the same
names in a package and ``python -m package``. A command and the file that holds its function are one candidate. Names
that say that they do other work (``eval``, ``serve``, ...) are set aside where there are others.

One candidate is taken. Of several, one is taken only when it says that it trains and is the only one of the higher
rank: what lies in packages is then what it imports. Anything else is a question, because a wrong entrypoint costs
more than an argument.
"""

from __future__ import annotations

import shlex
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from msgspec import Struct
from packaging.utils import canonicalize_name

from chamber.core.errors import ConfigurationError
from chamber.run.errors import AmbiguousEntrypointError, EntrypointNotFoundError
from chamber.run.project.detection import imports
from chamber.run.project.detection.scripts import Script, file_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from chamber.run.project.detection.folder import Folder

__all__ = ["Found", "find", "module_of", "notebook_of"]

_NAMES = ("train.py", "main.py", "run.py", "app.py")
_FOLDERS = ("", "src/", "scripts/")
_ROOTS = ("", "src/")
_NO_PACKAGES = {"benchmarks", "doc", "docs", "example", "examples", "scripts", "src", "test", "tests", "tools"}
#: Words of names that say that something other than training is done.
_OTHER_WORK = {
    "benchmark",
    "convert",
    "demo",
    "download",
    "eval",
    "evaluate",
    "export",
    "generate",
    "infer",
    "inference",
    "plot",
    "predict",
    "prepare",
    "preprocess",
    "sample",
    "serve",
    "server",
    "test",
    "visualize",
}
_NOTEBOOK = ".ipynb"


class Found(Struct, frozen=True):
    """The entrypoint, and why it is."""

    #: A file of the project or of the image, or ``-m package``.
    start: str
    why: str


class _Candidate(Struct, frozen=True):
    start: str
    #: What is passed to choose it.
    argument: str
    why: str
    #: Without folder and ending, in lower case.
    name: str
    is_made_to_start: bool = True
    file: str | None = None

    @property
    def words(self) -> set[str]:
        return set(self.name.replace("_", "-").replace(".", "-").split("-"))


def find(
    folder: Folder,
    entrypoint: str | None = None,
    scripts: Sequence[Script] = (),
    required: Collection[str] = (),
) -> Found:
    """The entrypoint of a project, or the one that was asked for when it is there.

    `required`: canonical names of what is installed, of which ``-m`` may start a module.

    Raises EntrypointNotFoundError: there is none, or not the one asked for.
    Raises AmbiguousEntrypointError: there are several of equal standing.
    """
    if entrypoint is not None:
        return _Asked(folder, entrypoint.strip(), scripts, required).found()
    candidates = list(_candidates(folder, scripts))
    training = [one for one in candidates if not one.words & _OTHER_WORK] or candidates
    made_to_start = [one for one in training if one.is_made_to_start]
    if len(training) == 1:
        return Found(training[0].start, training[0].why)
    if len(made_to_start) == 1 and "train" in made_to_start[0].words:
        return Found(made_to_start[0].start, made_to_start[0].why)
    if training:
        raise _ambiguous(training)
    return _notebook(folder)


def module_of(entrypoint: str) -> str | None:
    """The module of an entrypoint ``-m package``; None for a file."""
    option, _, module = entrypoint.partition(" ")
    return module.strip() if option == "-m" else None


def notebook_of(entrypoint: str) -> str | None:
    """The notebook that an entrypoint was converted from."""
    return entrypoint.removesuffix(".py") if entrypoint.endswith(f"{_NOTEBOOK}.py") else None


def _candidates(folder: Folder, scripts: Sequence[Script]) -> Iterator[_Candidate]:
    held = {file_of(script, folder) for script in scripts}
    for script in scripts:
        why = f"{script.where} declares {script.name}"
        yield _Candidate(script.path, script.name, why, script.name.lower(), file=file_of(script, folder))
    for candidate in _files(folder):
        if candidate.file not in held:
            yield candidate


def _files(folder: Folder) -> Iterator[_Candidate]:
    for below in _FOLDERS:
        place = f"in {below}" if below else "at the top of the project"
        for name in _NAMES:
            if f"{below}{name}" in folder:
                path = f"{below}{name}"
                yield _Candidate(path, path, f"{name} is {place}", name.removesuffix(".py"), file=path)
    for root, package in sorted(_packages(folder)):
        for name in _NAMES:
            if f"{root}{package}/{name}" in folder:
                yield _in_package(folder, root, package, name)
        if f"{root}{package}/__main__.py" in folder:
            file = f"{root}{package}/__main__.py"
            yield _Candidate(f"-m {package}", f"-m {package}", f"{file} is there", package.lower(), False, file)


def _packages(folder: Folder) -> set[tuple[str, str]]:
    found = set()
    for path in folder.paths:
        for root in _ROOTS:
            package, _, file = path.removeprefix(root).partition("/")
            is_one = file in {"__init__.py", "__main__.py"} and package.isidentifier()
            if path.startswith(root) and is_one and package not in _NO_PACKAGES:
                found.add((root, package))
    return found


def _in_package(folder: Folder, root: str, package: str, name: str) -> _Candidate:
    """A file of a package is started as a module when it imports its own package, which it would not find."""
    path, stem = f"{root}{package}/{name}", name.removesuffix(".py")
    imported = imports.of_file(folder, path)
    as_module = imported.relative or any(module.partition(".")[0] == package for module in imported.modules)
    start = f"-m {package}.{stem}" if as_module else path
    return _Candidate(start, start, f"{name} is in the package {package}", stem, False, path)


def _ambiguous(candidates: list[_Candidate]) -> AmbiguousEntrypointError:
    arguments = [candidate.argument for candidate in candidates]
    choices = " or ".join(f"entrypoint={argument!r}" for argument in arguments)
    return AmbiguousEntrypointError(
        f"The project could be started with {', '.join(arguments)}. Say which: {choices}, "
        "or 'entrypoint: ...' in .chamber.yaml"
    )


def _notebook(folder: Folder) -> Found:
    """A notebook that says that it trains; others are named in the error."""
    notebooks = sorted(path for path in folder.paths if path.endswith(_NOTEBOOK))
    named = [path for path in notebooks if PurePosixPath(path).stem.lower() in {"train", "main", "run"}]
    top = [path for path in named if "/" not in path]
    if len(top) == 1:
        return Found(f"{top[0]}.py", f"{top[0]} is at the top of the project, and there is no Python file to start")
    raise EntrypointNotFoundError(
        f"The project has no Python entrypoint: none of {', '.join(_NAMES)} at its top, in src/, in scripts/ or in a "
        "package, and no package with a __main__.py. Say what starts it: entrypoint='path/to/script.py' or "
        f"entrypoint='-m package'{_offered(folder, notebooks)}"
    )


def _offered(folder: Folder, notebooks: list[str]) -> str:
    files = sorted(path for path in folder.paths if path.endswith(".py") and _may_start(PurePosixPath(path)))
    offered = [*files, *notebooks][:8]
    return ". There are " + ", ".join(f"entrypoint={path!r}" for path in offered) if offered else ""


def _may_start(path: PurePosixPath) -> bool:
    in_tests = {"tests", "test", "docs"} & set(path.parts[:-1])
    return not in_tests and ("train" in path.stem.lower() or path.name in _NAMES or path.stem.startswith("run_"))


class _Asked:
    """An entrypoint that was asked for."""

    def __init__(self, folder: Folder, entrypoint: str, scripts: Sequence[Script], required: Collection[str]) -> None:
        self._folder = folder
        self._entrypoint = entrypoint
        self._scripts = {script.name: script for script in scripts}
        self._required = required

    def found(self) -> Found:
        module = module_of(self._entrypoint)
        if module is not None:
            return Found(self._module(module), "it was asked for")
        file = PurePosixPath(self._entrypoint).as_posix()
        if file not in self._folder and self._entrypoint in self._scripts:
            script = self._scripts[self._entrypoint]
            return Found(script.path, f"it was asked for, and {script.where} declares it")
        if file not in self._folder:
            raise self._missing(file)
        return Found(self._file(file), "it was asked for")

    def _module(self, module: str) -> str:
        file = module.replace(".", "/")
        ends = (".py", "/__main__.py")
        if any(f"{root}{file}{end}" in self._folder for root in _ROOTS for end in ends):
            return f"-m {module}"
        if module and canonicalize_name(module.partition(".")[0]) in self._required:
            return f"-m {module}"
        raise EntrypointNotFoundError(
            f"The entrypoint '-m {module}' is no module of the project with a __main__.py, nor of what it requires"
        )

    def _file(self, file: str) -> str:
        if file.endswith(_NOTEBOOK):
            return f"{file}.py"
        if file.endswith(".py"):
            return file
        if file.endswith((".sh", ".bash")):
            raise EntrypointNotFoundError(
                f"The entrypoint {file!r} is a shell script, which starts its processes itself, for the machine it was "
                f"written on: name the Python file that it starts, and its arguments with entrypoint_args"
                f"{self._of_script(file)}"
            )
        raise EntrypointNotFoundError(f"The entrypoint {file!r} is no Python file and no notebook")

    def _missing(self, file: str) -> EntrypointNotFoundError:
        named = self._files_in(self._entrypoint)
        hint = f": name {named[0]!r} alone, and its arguments with entrypoint_args" if named else self._nearest(file)
        scripts = f". Its commands are {', '.join(sorted(self._scripts))}" if self._scripts else ""
        return EntrypointNotFoundError(
            f"The entrypoint {self._entrypoint!r} is not among the files of the project (or is ignored){hint}{scripts}"
        )

    def _nearest(self, file: str) -> str:
        if self._folder.is_folder(file) and f"{file}/__main__.py" in self._folder:
            return f": did you mean '-m {file.removeprefix('src/').replace('/', '.')}'?"
        name = PurePosixPath(file).name
        same_name = sorted(path for path in self._folder.paths if PurePosixPath(path).name == name)
        return f": did you mean {same_name[0]!r}?" if same_name else ""

    def _of_script(self, file: str) -> str:
        try:
            named = self._files_in(self._folder.text(file, 1 << 20))
        except ConfigurationError:
            return ""
        return ". It names " + ", ".join(f"entrypoint={path!r}" for path in named) if named else ""

    def _files_in(self, command: str) -> list[str]:
        words = [word for line in command.splitlines() for word in _words(line)]
        paths = (PurePosixPath(word).as_posix() for word in words if word.endswith(".py"))
        return list(dict.fromkeys(path for path in paths if path in self._folder))


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return []
