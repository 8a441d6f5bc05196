"""Logins for one build and push, in a folder that lives as long: the user's own files are only read.

https://docs.docker.com/reference/cli/docker/#configuration-files; containers-auth.json(5).
"""

from __future__ import annotations

import base64
import shutil
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import json

from chamber.core.errors import DockerError
from chamber.core.redaction import Secret
from chamber.core.settings import read_json
from chamber.run import temporary
from chamber.run.registry import credentials
from chamber.run.registry.credentials import Login
from chamber.run.targets import Registry

__all__ = ["logged_in"]

#: What stays as it is in the user's folder: plugins, builders, and where daemons are.
_SHARED = ("cli-plugins", "buildx", "contexts")
#: What says who the user is elsewhere, which is nobody's business here.
_LOGINS = {"auths", "credHelpers", "credsStore"}
#: What of the rest may hold a secret: headers for the daemon, and proxies with their passwords.
_HIDDEN = ("HttpHeaders", "proxies")
#: Characters; what is shorter is no secret, but "1" or "true".
_SHORTEST = 8
_HUB_NAMES = ("docker.io", "https://index.docker.io/v1/")
_TOKEN_USER = "00000000-0000-0000-0000-000000000000"  # noqa: S105 - a name: whoever holds an identity token


@asynccontextmanager
async def logged_in(
    hosts: Iterable[str], registry: Registry, accepted: Mapping[str, Login] = MappingProxyType({})
) -> AsyncIterator[tuple[dict[str, str], list[Secret]]]:
    """Variables that let an engine log in at `hosts`, as `registry` says or `docker login` did, and what they hide.

    `accepted`: logins that are known to be good, by host.

    Raises ConfigurationError: the user's logins cannot be read. Raises DockerError: the folder cannot be made.
    """
    logins = dict(accepted)
    for host in sorted(set(hosts) - set(accepted)):
        if login := await credentials.find(host, registry):
            logins[host] = login
    with temporary.folder("login", "logins") as folder:
        kept = _write(folder, logins)
        yield (
            {"DOCKER_CONFIG": str(folder), "REGISTRY_AUTH_FILE": str(folder / "auth.json")},
            [*(login.password for login in logins.values()), *map(Secret, _texts([kept.get(key) for key in _HIDDEN]))],
        )


def _write(folder: Path, logins: dict[str, Login]) -> dict[str, Any]:
    """Write the logins, and beside them what is kept of the user's own configuration, which is returned."""
    own = credentials.docker_folder()
    auths = {"auths": {name: _entry(login) for host, login in logins.items() for name in _names(host)}}
    content = read_json(own / "config.json") if own else {}
    kept = {key: value for key, value in content.items() if key not in _LOGINS}
    try:
        _write_private(folder / "config.json", {**kept, **auths})
        _write_private(folder / "auth.json", auths)
        for there, here in ((own / name, folder / name) for name in _SHARED) if own else ():
            _share(there, here)
    except OSError as error:
        raise DockerError(f"The logins for the build cannot be written to {folder}: {error.strerror}") from error
    return kept


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str) and len(value) >= _SHORTEST:
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(inner)


def _entry(login: Login) -> dict[str, str]:
    password = login.password.reveal()
    if login.is_refresh_token:
        return {"auth": _encoded(f"{_TOKEN_USER}:"), "identitytoken": password}
    return {"auth": _encoded(f"{login.username}:{password}")}


def _encoded(pair: str) -> str:
    return base64.b64encode(pair.encode()).decode()


def _names(host: str) -> tuple[str, ...]:
    return _HUB_NAMES if host in {"docker.io", "index.docker.io"} else (host,)


def _write_private(file: Path, content: dict[str, Any]) -> None:
    file.touch(0o600, exist_ok=False)
    file.write_bytes(json.encode(content))


def _share(there: Path, here: Path) -> None:
    if not there.is_dir():
        return
    try:
        here.symlink_to(there.resolve(), target_is_directory=True)
    except OSError:  # not everybody may make links on Windows
        shutil.copytree(there, here)
