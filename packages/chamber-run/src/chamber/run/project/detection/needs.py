"""One requirement of a project, and where it says so; and links to folders of the project."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from msgspec import Struct
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection.environments import Environment, applies
from chamber.run.project.detection.folder import outside

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chamber.run.project.detection.folder import Folder

__all__ = ["Listed", "Need", "is_wanted", "local_path", "need", "needs_of", "password_in", "without_login"]


#: What PDM writes for the project's folder.
_ROOT = "${PROJECT_ROOT}"
#: Users of URLs that are no secret; anything else before an ``@`` may be a token.
_PLAIN_USERS = {"git", "oauth2", "x-access-token"}


class Need(Struct, frozen=True, kw_only=True):
    """A requirement (PEP 508)."""

    #: The canonical name of the distribution.
    name: str
    #: The whole requirement.
    text: str
    #: The file, with the line or the key.
    where: str
    specifier: str = ""
    extras: tuple[str, ...] = ()
    marker: str | None = None
    url: str | None = None


class Listed(Struct, frozen=True, kw_only=True):
    """What one file, with all that it includes, says that a project needs."""

    file: str
    needs: tuple[Need, ...] = ()
    #: What limits versions without asking for anything.
    constraints: tuple[Need, ...] = ()
    #: Requirements files that are installed as they are, by their paths in the project.
    files: dict[str, bytes] = {}
    #: Lines that a requirements file for these needs begins with: package indexes.
    options: tuple[str, ...] = ()
    #: Requirements by URL, whose names are not known.
    others: tuple[str, ...] = ()
    #: The extras of the project itself that are installed with it; None: it does not name itself.
    itself: frozenset[str] | None = None
    #: Folders and archives of the project that would have to be installed, each with where it is said.
    local: tuple[str, ...] = ()
    requires_python: str | None = None
    #: Extras and groups, which are not installed unless they are asked for.
    optional: dict[str, tuple[Need, ...]] = {}
    #: Debian packages, where the file names them.
    apt_packages: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be installed."""
        return not (self.needs or self.others or self.local or self.apt_packages)


def need(text: str, where: str) -> Need:
    """A requirement as it is written.

    Raises ConfigurationError: it is none, its marker cannot be evaluated, or its URL holds a password.
    """
    try:
        requirement = Requirement(text)
        requirement.specifier.contains("1")
    except (ValueError, RecursionError) as error:
        reason = (str(error).splitlines() or ["it is nested too deeply"])[0]
        raise ConfigurationError(f"{where}: {_without_links(text)!r} is not a requirement: {reason}") from None
    if requirement.url and password_in(requirement.url):
        raise ConfigurationError(f"{where}: {password_in(requirement.url)}")
    marker = str(requirement.marker) if requirement.marker else None
    _checked(marker, where)
    return Need(
        name=canonicalize_name(requirement.name),
        text=text,
        where=where,
        specifier=str(requirement.specifier),
        extras=tuple(sorted(requirement.extras)),
        marker=marker,
        url=requirement.url,
    )


def needs_of(texts: Iterable[str], where: str) -> tuple[Need, ...]:
    """The requirements of a list. Raises ConfigurationError: as `need` does."""
    return tuple(need(text, where) for text in texts)


def is_wanted(one: Need, environments: Sequence[Environment]) -> bool:
    """Whether it is installed in any of the environments."""
    return any(applies(one.marker, environment) for environment in environments)


def local_path(link: str, below: str, folder: Folder, where: str) -> str:
    """The path in the project of a link to a folder or an archive, which is relative to the folder `below`.

    Raises ConfigurationError: it is outside of the project, or not there.
    """
    path = unquote(link.removeprefix("file:").removeprefix("//")).partition("#")[0]
    path = path.removeprefix("/").removeprefix(f"{_ROOT}/") if _ROOT in path else path
    path = path.partition(" ")[0].partition("[")[0]
    inside = posixpath.normpath(posixpath.join(below, path))
    if outside(inside) or path.startswith("~"):
        raise ConfigurationError(
            f"{where}: {_shown(link)} is on this machine, outside the project, and so cannot be in its image. Run "
            "the folder that holds both, or name it by a distribution or a URL"
        )
    if inside not in folder and not folder.is_folder(inside):
        raise ConfigurationError(f"{where}: {_shown(link)} is not in the project, or is ignored")
    return inside


def password_in(url: str) -> str | None:
    """Why a URL may not be used, when it holds a password that is not a variable (``${NAME}``)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    user = parts.username if parts.scheme.endswith(("http", "https")) else None
    secret = parts.password or (user if user not in _PLAIN_USERS else None)
    if not secret or secret.startswith("${"):
        return None
    return "there is a password in a URL, which everybody who has the image could read: see pip_index_url"


def without_login(url: str) -> str:
    """A URL without user name and password."""
    try:
        parts = urlsplit(url)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    except ValueError:
        return url


def _without_links(text: str) -> str:
    """`text` as far as it may be shown: links may hold what is secret."""
    return f"{text.partition('://')[0]}://..." if "://" in text else text


def _checked(marker: str | None, where: str) -> None:
    try:
        applies(marker, Environment())
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from None


def _shown(link: str) -> str:
    return without_login(link)
