"""Who to be at a registry: who a hook names, who ``docker login`` left behind, whom a hook's `login` finds.

https://docs.docker.com/reference/cli/docker/login/#credential-stores
"""

import asyncio
import base64
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct, json

from chamber.core.errors import ChamberError, ConfigurationError, PluginError
from chamber.core.redaction import Secret
from chamber.core.settings import read_json
from chamber.core.unreadable import UNREADABLE
from chamber.run.reference import split_prefix
from chamber.run.registry import programs
from chamber.run.targets import Registry

__all__ = ["Login", "Logins", "docker_folder", "find", "from_docker", "from_registry", "in_plugin", "is_at"]

T = TypeVar("T")

_DOCKER_HUB = "https://index.docker.io/v1/"
_HELPER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_HELPER_SECONDS = 20.0
#: The user name that marks a password as a refresh token (docker-credential-helpers).
_TOKEN_USER = "<token>"  # noqa: S105 - a name, not a secret


class Login(Struct, frozen=True):
    """A user name and a password, or a refresh token that is exchanged for others."""

    username: str
    password: Secret
    is_refresh_token: bool = False

    def basic(self) -> str:
        """The value of an Authorization header (RFC 7617)."""
        pair = f"{self.username}:{self.password.reveal()}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


class _Kept(Struct, rename={"username": "Username", "secret": "Secret"}):
    """What a credential helper answers."""

    username: str = ""
    secret: str = ""


class Logins:
    """Those that ``host[:port]`` may know, in the order in which they are tried, each found when it is needed.

    First the password that comes with `registry`; then Docker's, because the user chose it; then what the `login`
    of `registry` finds, which helps where Docker's has run out, as those of clouds do within hours.
    """

    def __init__(self, host: str, registry: Registry | None = None) -> None:
        self._known: list[Login] = []
        self._sources = [
            lambda: _at_once(from_registry(host, registry)),
            lambda: from_docker(host),
            lambda: self._from_callable(host, registry),
        ]
        #: Why `login` found nobody, where it said so.
        self.reason: str = ""

    async def at(self, place: int) -> Login | None:
        """The one at this place, counted from 0; None: there are no more.

        Raises ConfigurationError: Docker's configuration is broken, or its credential helper is.
        Raises PluginError: `login` broke.
        """
        while self._sources and len(self._known) <= place:
            found = await self._sources[0]()
            del self._sources[0]
            if found is not None and found not in self._known:
                self._known.append(found)
        return self._known[place] if place < len(self._known) else None

    async def _from_callable(self, host: str, registry: Registry | None) -> Login | None:
        if registry is None or registry.login is None or not is_at(host, registry):
            return None
        try:
            found = await in_plugin("login", registry.login)
        except PluginError:
            raise
        except ChamberError as error:
            self.reason = error.message
            return None
        return None if found is None else Login(found[0], Secret(found[1]))


async def find(host: str, registry: Registry | None = None) -> Login | None:
    """The first of the `Logins` for ``host[:port]``; None: nobody.

    Raises ConfigurationError: Docker's configuration is broken, or its credential helper is.
    """
    return await Logins(host, registry).at(0)


def from_registry(host: str, registry: Registry | None) -> Login | None:
    """The login that comes with `registry`, only for its own host."""
    if registry is None or registry.password is None or not is_at(host, registry):
        return None
    return Login(registry.username or "", Secret(registry.password))


def is_at(host: str, registry: Registry) -> bool:
    """Whether what is said in `registry` is said of ``host[:port]``."""
    return split_prefix(registry.prefix)[0].lower() == host.lower()


async def in_plugin(name: str, function: Callable[..., T], *arguments: object) -> T:
    """The result of a function that a plugin gave us, called in a thread.

    Raises PluginError: it failed with an error that is not of our family; what that one says may be secret.
    """
    try:
        return await asyncio.to_thread(function, *arguments)
    except ChamberError:
        raise
    except Exception as error:
        raise PluginError(f"A plugin failed in {name}() of its Registry: {type(error).__name__}") from error


async def from_docker(host: str, environment: Mapping[str, str] = os.environ) -> Login | None:
    """What ``docker login`` keeps for `host`, in its configuration or behind a credential helper."""
    folder = docker_folder(environment)
    if folder is None:
        return None
    path = folder / "config.json"
    config = read_json(path)
    helper, key = _helper_for(host, config)
    if helper is not None:
        return await _ask(helper, key, path, environment)
    for key, entry in _table(config, "auths").items():
        if _host_of(key) == _canonical(host) and isinstance(entry, dict) and (login := _written(entry, path, host)):
            return login
    return None


def docker_folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Where docker keeps its configuration; None: this user has no home folder."""
    named = environment.get("DOCKER_CONFIG")
    try:
        return Path(named) if named else Path.home() / ".docker"
    except RuntimeError:
        return None


async def _at_once(login: Login | None) -> Login | None:
    return login


def _helper_for(host: str, config: Mapping[str, Any]) -> tuple[str | None, str]:
    for key, helper in _table(config, "credHelpers").items():
        if _host_of(key) == _canonical(host):
            return helper, key
    store = config.get("credsStore")
    known = next((key for key in _table(config, "auths") if _host_of(key) == _canonical(host)), None)
    default = _DOCKER_HUB if _canonical(host) == _host_of(_DOCKER_HUB) else host
    return store if isinstance(store, str) and store else None, known or default


def _table(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = config.get(name)
    return found if isinstance(found, dict) else {}


def _host_of(key: str) -> str:
    """The host of a key of Docker's configuration, which may be a URL: compared in full, with its port."""
    return _canonical(re.sub(r"^https?://", "", key).partition("/")[0])


def _canonical(host: str) -> str:
    lower = host.lower()
    return "index.docker.io" if lower in {"docker.io", "registry-1.docker.io"} else lower


def _written(entry: dict[str, Any], path: Path, host: str) -> Login | None:
    refresh = entry.get("identitytoken")
    if isinstance(refresh, str) and refresh:
        if not refresh.isascii():
            raise _broken(path, host)
        return Login(_TOKEN_USER, Secret(refresh), is_refresh_token=True)
    if not entry.get("auth"):
        return None
    username, colon, password = _decoded(str(entry["auth"])).partition(":")
    if not colon:
        raise _broken(path, host)
    return Login(username, Secret(password.rstrip("\0")))


def _broken(path: Path, host: str) -> ConfigurationError:
    return ConfigurationError(f"the entry for {host} in {path} is broken: run `docker login {host}` again")


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text).decode()
    except ValueError:
        return ""


async def _ask(helper: object, key: str, path: Path, environment: Mapping[str, str]) -> Login | None:
    """The answer of ``docker-credential-<helper> get``."""
    if not isinstance(helper, str) or not _HELPER.fullmatch(helper):
        raise ConfigurationError(f"{path} names a credential helper {helper!r}, which is no name of a program")
    program = f"docker-credential-{helper}"
    code, output, _ = await programs.ask([program, "get"], key.encode(), environment, seconds=_HELPER_SECONDS)
    if code != 0:
        return None
    try:
        found = json.decode(output, type=_Kept)
    except UNREADABLE:
        raise ConfigurationError(
            f"{program} gave an answer for {key} that is not JSON with a Username and a Secret: "
            f"run `echo {key} | {program} get` to see it"
        ) from None
    return Login(found.username, Secret(found.secret), found.username == _TOKEN_USER) if found.secret else None
