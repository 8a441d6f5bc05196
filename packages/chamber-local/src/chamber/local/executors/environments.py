"""Recipes: an environment's dependencies, installed once into a virtual environment and kept by its key."""

import asyncio
import hashlib
import os
import platform
import re
import shutil
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from chamber.core.unreadable import UNREADABLE
from chamber.local.executors.groups import ProcessGroup
from chamber.local.executors.output import Output
from chamber.local.executors.refusal import Refused
from chamber.local.executors.tail import last_lines
from chamber.local.marks import marked

__all__ = ["FOLDER", "Environments", "Recipe", "recipe_in"]

#: Where a recipe layer keeps its files, in an image.
FOLDER = "opt/chamber/environment"

_READY = "chamber-ready"
_INSTALLERS = ("PIP_", "UV_", "SSL_CERT_", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


class Recipe(msgspec.Struct, frozen=True):
    """``recipe.json`` of an environment layer: each of `install` is the arguments of one ``pip install``."""

    schema: int
    key: str
    install: tuple[tuple[str, ...], ...]
    python: str | None = None


def recipe_in(root: Path) -> Recipe | None:
    """The recipe of an unpacked image, or None. Raises Refused when it is not one that this version knows."""
    path = root / FOLDER / "recipe.json"
    if not path.is_file():
        return None
    try:
        recipe = msgspec.json.decode(path.read_bytes(), type=Recipe)
    except UNREADABLE as error:
        raise Refused(f"the image's environment recipe cannot be read: {error}") from error
    if recipe.schema != 1 or not re.fullmatch(r"[0-9a-f]{8,64}", recipe.key):
        raise Refused(f"the image's environment recipe has schema {recipe.schema} and key {recipe.key!r}")
    _check_python(recipe)
    return recipe


class Environments:
    """The virtual environments of one data folder."""

    def __init__(self, folder: Path, grace: float) -> None:
        self._folder, self._grace = folder, grace
        self._making: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def prepare(self, recipe: Recipe, files: Path, run: Path, output: Output) -> Path:
        """The folder of the environment, made first if need be, for the run in that folder. Raises Refused.

        `files` is the unpacked image; what pip says goes to `output`.
        """
        source = files / FOLDER
        name = f"{recipe.key}-{await asyncio.to_thread(_fingerprint, source)}"
        async with self._making[name]:
            place = self._folder / name
            if not (place / _READY).exists():
                await self._make(place, recipe, source, run, output)
            return place

    async def _make(self, place: Path, recipe: Recipe, source: Path, run: Path, output: Output) -> None:
        await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)
        await self._perform((sys.executable, "-m", "venv", str(place)), source, run, output)
        python = str(place / "bin" / "python")
        for arguments in recipe.install:
            pip = (python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *arguments)
            await self._perform(pip, source, run, output)
        (place / _READY).touch()

    async def _perform(self, command: Sequence[str], cwd: Path, run: Path, output: Output) -> None:
        group = ProcessGroup(command, cwd, _installer_env(os.environ) | marked(run), output.stream())
        try:
            ended = await group.wait()
        finally:
            await group.stop(self._grace)
        if ended.code:
            what = " ".join(command[1:])
            raise Refused(
                f"the environment could not be made: python {what} ended with {ended.code}{last_lines(output)}"
            )


def _check_python(recipe: Recipe) -> None:
    version = platform.python_version()
    try:
        fits = not recipe.python or SpecifierSet(recipe.python).contains(version, prereleases=True)
    except InvalidSpecifier as error:
        raise Refused(f"the image's environment recipe asks for the Python {recipe.python!r}") from error
    if not fits:
        raise Refused(f"the project asks for Python {recipe.python}; this Chamber runs jobs with {version}")


def _fingerprint(folder: Path) -> str:
    """The same key with other files, or another interpreter, is another environment."""
    digest = hashlib.sha256(f"{sys.executable} {sys.version}".encode())
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _installer_env(environ: Mapping[str, str]) -> dict[str, str]:
    """What pip needs to reach the user's package index; it is not passed on to the job."""
    kept = {k: v for k, v in environ.items() if k.upper().startswith(_INSTALLERS)}
    return {"PATH": environ.get("PATH", os.defpath), "HOME": environ.get("HOME", "/"), "LANG": "C.UTF-8", **kept}
