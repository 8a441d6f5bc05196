"""What a lock file holds: pins, and which of them an environment gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct
from packaging.utils import canonicalize_name
from packaging.version import Version

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection.environments import Environment
from chamber.run.project.detection.folder import Folder
from chamber.run.project.detection.needs import local_path, password_in, without_login

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "PYPI",
    "Locked",
    "Pin",
    "Select",
    "Wanted",
    "checked_url",
    "git_url",
    "hashes_of",
    "index_of",
    "local_pin",
    "pin_of",
]

PYPI = "https://pypi.org/simple"


class Pin(Struct, frozen=True):
    """One distribution, exactly."""

    #: Canonical.
    name: str
    #: None: wherever `url` or `path` leads, or, where there is neither, any.
    version: str | None = None
    #: An archive, or ``git+https://...@commit``.
    url: str | None = None
    #: A folder or archive of the project, by its path in it; ``.`` is the project itself.
    path: str | None = None
    editable: bool = False
    #: ``sha256:...``
    hashes: tuple[str, ...] = ()
    #: The package index, where it is not PyPI.
    index: str | None = None


#: The pins that an environment gets.
Select = Callable[[Environment], list[Pin]]


class Wanted(Struct, frozen=True):
    """What is to be installed from a lock."""

    folder: Folder
    #: What the project itself needs, for locks whose packages do not say who asked for them.
    roots: tuple[str, ...] = ()
    #: Extras and groups that are asked for.
    extras: frozenset[str] = frozenset()


class Locked(Struct, frozen=True):
    """A lock file that was read."""

    select: Select
    requires_python: str | None = None
    #: Canonical names of what the project itself asks for, where the lock says so.
    direct: frozenset[str] | None = None
    #: Extras and groups that the lock holds beside what is installed.
    optional: frozenset[str] = frozenset()


def pin_of(name: str, version: str | None, where: str, hashes: Iterable[str] = (), index: str | None = None) -> Pin:
    """A pin by name and version. Raises ConfigurationError: it is no version, or a hash is none."""
    if version is not None:
        try:
            Version(version)
        except ValueError:
            raise ConfigurationError(f"{where}: {name} has the version {version!r}, which is none") from None
    return Pin(name=_name(name, where), version=version, hashes=hashes_of(hashes, where), index=index)


def local_pin(name: str, path: str, wanted: Wanted, where: str, *, editable: bool = False) -> Pin:
    """A pin that is in the project. Raises ConfigurationError: it is outside of it."""
    inside = local_path(path or ".", "", wanted.folder, where)
    return Pin(name=_name(name, where), path=inside, editable=editable)


def git_url(url: str, commit: str | None, folder: str | None = None) -> str:
    """The URL of a commit of a git repository (PEP 610), and of a folder in it."""
    scheme = url if url.startswith("git+") else f"git+{url}"
    return scheme + (f"@{commit}" if commit else "") + (f"#subdirectory={folder}" if folder else "")


def hashes_of(hashes: Iterable[str], where: str) -> tuple[str, ...]:
    """The hashes, sorted and once. Raises ConfigurationError: one is not ``name:hexadecimal digits``."""
    found = sorted(set(hashes))
    for one in found:
        algorithm, _, digits = one.partition(":")
        if not (algorithm.isalnum() and algorithm.isascii() and digits.isalnum() and digits.isascii()):
            raise ConfigurationError(f"{where}: {one!r} is not a hash")
    return tuple(found)


def index_of(url: str | None, where: str) -> str | None:
    """The URL of a package index without a login; None for PyPI. Raises ConfigurationError: it is none."""
    if url is None or url.rstrip("/") == PYPI:
        return None
    if not url.startswith(("https://", "http://")) or any(character.isspace() for character in url):
        raise ConfigurationError(f"{where}: {without_login(url)!r} is not the URL of a package index")
    return without_login(url)


def checked_url(url: str, where: str) -> str:
    """A URL that may stand in a requirement. Raises ConfigurationError: it holds a password or a space."""
    reason = password_in(url)
    if reason or "://" not in url or any(character.isspace() for character in url):
        raise ConfigurationError(f"{where}: {reason or f'{url!r} is not a URL'}")
    return url


def _name(name: str, where: str) -> str:
    canonical = canonicalize_name(name)
    if not canonical.replace("-", "").isalnum() or not canonical.isascii():
        raise ConfigurationError(f"{where}: {name!r} is not the name of a distribution")
    return canonical
