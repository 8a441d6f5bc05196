"""Reads a conda ``environment.yml`` as far as pip can install what it lists."""

from __future__ import annotations

import shlex
from typing import Any

from msgspec import Struct
from packaging.specifiers import SpecifierSet

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection import requirements
from chamber.run.project.detection.folder import Folder
from chamber.run.project.detection.formats import from_yaml
from chamber.run.project.detection.needs import Listed, Need, local_path, need, without_login

__all__ = ["FILES", "listed", "python_of"]

FILES = ("environment.yml", "environment.yaml", "conda.yml", "conda.yaml")
_LARGEST = 256 << 10

#: conda's names of distributions that have another one on PyPI.
_NAMES = {
    "dask-core": "dask",
    "matplotlib-base": "matplotlib",
    "msgpack-python": "msgpack",
    "opencv": "opencv-python-headless",
    "py-opencv": "opencv-python-headless",
    "py-xgboost": "xgboost",
    "pytables": "tables",
    "python-lmdb": "lmdb",
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "ruamel_yaml": "ruamel.yaml",
    "tensorflow-base": "tensorflow",
    "tensorflow-gpu": "tensorflow",
}

#: What the base image brings, or no Python project needs by itself.
_OF_THE_BASE = {
    "pip",
    "setuptools",
    "wheel",
    "conda",
    "ca-certificates",
    "openssl",
    "ncurses",
    "readline",
    "sqlite",
    "tk",
    "xz",
    "zlib",
    "zstd",
    "bzip2",
    "blas",
    "mkl",
    "mkl-service",
    "intel-openmp",
    "openblas",
    "llvm-openmp",
    "icu",
    "ninja-base",
    "cxx-compiler",
    "c-compiler",
    "compilers",
    "cudatoolkit",
    "cudatoolkit-dev",
    "cudnn",
    "nccl",
    "magma",
    "pytorch-cuda",
    "pytorch-mutex",
    "cpuonly",
    "nodejs",
}
_OF_THE_BASE_BEGIN = ("cuda", "libcu", "libnv", "libgcc", "libstdc", "libgomp", "ld_impl", "_", "gcc", "gxx", "sysroot")

#: Programs, and the Debian packages that have them.
_PROGRAMS = {
    name: name
    for name in (
        "ffmpeg",
        "git",
        "git-lfs",
        "graphviz",
        "curl",
        "wget",
        "cmake",
        "make",
        "tmux",
        "vim",
        "swig",
        "unzip",
    )
} | {"openmpi": "openmpi-bin", "sox": "sox", "libsndfile": "libsndfile1", "libgl": "libgl1"}


class _File(Struct, frozen=True):
    dependencies: list[str | dict[str, list[str]]] | None = None
    variables: Any = None


def listed(folder: Folder, file: str) -> Listed:
    """What an ``environment.yml`` says that the project needs, in the names of PyPI.

    Raises ConfigurationError: it is malformed, or its pip section asks for something outside the project.
    """
    reader = _Reader(folder, file)
    for item in _read(folder, file):
        if isinstance(item, str):
            reader.package(item)
        else:
            for line in item.get("pip") or ():
                reader.of_pip(line)
    return reader.listed()


def python_of(folder: Folder, file: str) -> str | None:
    """The version of Python in an ``environment.yml``, as it is written after the operator."""
    for item in _read(folder, file):
        if isinstance(item, str) and _split(item)[0] == "python":
            return _split(item)[1].lstrip("=<>~! ").partition(",")[0].removesuffix(".*") or None
    return None


def _read(folder: Folder, file: str) -> list[str | dict[str, list[str]]]:
    content = from_yaml(folder.text(file, _LARGEST), file, _File)
    return content.dependencies or []


class _Reader:
    def __init__(self, folder: Folder, file: str) -> None:
        self._folder = folder
        self._file = file
        self._lines = [line.strip() for line in folder.text(file, _LARGEST).splitlines()]
        self._needs: list[Need] = []
        self._options: list[str] = []
        self._local: list[str] = []
        self._others: list[str] = []
        self._left_out: list[str] = []
        self._programs: list[str] = []
        self._itself: frozenset[str] | None = None
        self._requires_python: str | None = None
        self._warnings: list[str] = []

    def package(self, item: str) -> None:
        name, version, build = _split(item)
        if name == "python":
            self._requires_python = _specifier(version)
        elif name in _PROGRAMS:
            self._programs.append(name)
        elif name in _OF_THE_BASE or name.startswith(_OF_THE_BASE_BEGIN) or (build and "py" not in build):
            self._left_out.append(name)
        elif name:
            self._add(name, version, item)

    def of_pip(self, line: str) -> None:
        where = self._where(line)
        if line.startswith("-"):
            self._option(line, where)
        elif "://" in line.partition(" @ ")[0]:
            self._others.append(line)
        elif line.startswith((".", "/")):
            self._path(line, where)
        else:
            self._needs.append(need(line, where))

    def listed(self) -> Listed:
        return Listed(
            file=self._file,
            needs=tuple(self._needs),
            options=tuple(self._options),
            others=tuple(self._others),
            local=tuple(self._local),
            itself=self._itself,
            requires_python=self._requires_python,
            warnings=(*self._warnings, *self._told()),
        )

    def _told(self) -> list[str]:
        told = []
        if self._left_out:
            told.append(f"{self._file}: {', '.join(self._left_out)} is left to the base image")
        if self._programs:
            packages = ", ".join(_PROGRAMS[name] for name in self._programs)
            told.append(
                f"{self._file}: {', '.join(self._programs)} is no Python distribution, and is left out; "
                f"extra_apt_packages: [{packages}] installs it"
            )
        return told

    def _add(self, name: str, version: str, item: str) -> None:
        specifier = _specifier(version)
        if specifier is None:
            self._warnings.append(f"{self._where(item)}: pip does not know the version of {item!r}; any is installed")
        known = _NAMES.get(name, name)
        if known != name:
            self._warnings.append(f"{self._where(item)}: conda's {name} is {known} on PyPI")
        self._needs.append(need(f"{known}{specifier or ''}", self._where(item)))

    def _option(self, line: str, where: str) -> None:
        try:
            words = shlex.split(line.replace("=", " ", 1) if line.startswith("--") else line)
        except ValueError as error:
            raise ConfigurationError(f"{where}: {error}") from None
        option, value = words[0], " ".join(words[1:])
        if option in {"-r", "--requirement"} or line.startswith("-r"):
            included = requirements.read(self._folder, value or option.removeprefix("-r"))
            self._needs.extend(included.needs)
            self._others.extend(included.others)
            self._local.extend(included.local)
        elif option in {"-e", "--editable"}:
            self._path(value, where)
        elif option in {"--extra-index-url", "--index-url", "-i", "--find-links", "-f"}:
            self._options.append(f"{option} {without_login(value)}")
        else:
            self._warnings.append(f"{where}: {line} is left out")

    def _path(self, link: str, where: str) -> None:
        if "://" in link and not link.startswith("file:"):
            self._others.append(link)
            return
        path = local_path(link, "", self._folder, where)
        if path == ".":
            self._itself = self._itself or frozenset()
        else:
            self._local.append(f"{path} ({where})")

    def _where(self, item: str) -> str:
        number = next((n for n, line in enumerate(self._lines, 1) if item in line), None)
        return f"{self._file}, line {number}" if number else self._file


def _split(item: str) -> tuple[str, str, str]:
    """Name, version and build of a match specification: ``channel::name=version=build``, ``name >=1``."""
    text = item.rpartition("::")[2].partition("[")[0].strip()
    end = next((n for n, character in enumerate(text) if character in " =<>!~"), len(text))
    name, rest = text[:end].lower(), text[end:].strip()
    if not rest.startswith("="):
        version, _, build = rest.partition(" ") if not rest.startswith(("<", ">", "!", "~")) else (rest, "", "")
        return name, version, build.strip()
    exact = rest.startswith("==")
    version, _, build = rest.lstrip("=").partition("=")
    return name, f"=={version}" if exact or build else f"={version}", build


def _specifier(version: str) -> str | None:
    """conda's constraint as PEP 440 has it; None where it has no like."""
    text = version.replace(" ", "")
    if text in {"", "*"}:
        return ""
    if text.startswith("=") and not text.startswith("=="):
        text = f"=={text[1:].removesuffix('*').removesuffix('.')}.*"
    elif text[0] not in "<>!~=":
        text = f"=={text}"
    try:
        return str(SpecifierSet(text))
    except ValueError:
        return None
