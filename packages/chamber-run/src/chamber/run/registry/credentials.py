"""Who to be at a registry: what a hook says, else what ``docker login`` left behind.

https://docs.docker.com/reference/cli/docker/login/#credential-stores
"""

import asyncio
import base64
import binascii
import contextlib
import os
import re
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import DecodeError, Struct, json

from chamber.core.errors import ConfigurationError
from chamber.core.redaction import Secret
from chamber.core.settings import read_json
from chamber.run.reference import split_prefix
from chamber.run.targets import Registry

__all__ = ["Login", "find", "from_docker", "from_registry"]

_DOCKER_HUB = "https://index.docker.io/v1/"
_HELPER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_HELPER_SECONDS = 20.0
_HELPER_OUTPUT = 1 << 20
#: The user name that marks a password as a refresh token (docker-credential-helpers).
_TOKEN_USER = "<token>"  # noqa: S105 - a name, not a secret
#: What a credential helper may see of the environment.
_PASSED_ON = re.compile(
    r"PATH|HOME|USER|LOGNAME|LANG|LC_.*|TMPDIR|DISPLAY|DBUS_.*|XDG_.*|GNUPGHOME|GPG_TTY|PASSWORD_STORE_DIR"
    r"|DOCKER_CONFIG|AWS_.*|AZURE_.*|GOOGLE_.*|CLOUDSDK_.*|(?i:https?_proxy|no_proxy)|SSL_CERT_.*|SYSTEMROOT"
)


class Login(Struct, frozen=True):
    """A user name and a password, or a refresh token that is exchanged for others."""

    username: str
    password: Secret
    is_refresh_token: bool = False

    def basic(self) -> str:
        """The value of an Authorization header (RFC 7617)."""
        pair = f"{self.username}:{self.password.reveal()}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


async def find(host: str, registry: Registry | None = None) -> Login | None:
    """The login for ``host[:port]``: that of `registry` if it is there, else Docker's; None: nobody.

    Raises ConfigurationError: Docker's configuration is broken, or its credential helper is.
    """
    return from_registry(host, registry) or await from_docker(host)


def from_registry(host: str, registry: Registry | None) -> Login | None:
    """The login that comes with `registry`, only for its own host."""
    if registry is None or registry.password is None or split_prefix(registry.prefix)[0].lower() != host.lower():
        return None
    return Login(registry.username or "", Secret(registry.password))


async def from_docker(host: str, environment: Mapping[str, str] = os.environ) -> Login | None:
    """What ``docker login`` keeps for `host`, in its configuration or behind a credential helper."""
    folder = environment.get("DOCKER_CONFIG")
    path = (Path(folder) if folder else Path.home() / ".docker") / "config.json"
    config = read_json(path)
    helper, key = _helper_for(host, config)
    if helper is not None:
        return await _ask(helper, key, path, environment)
    for key, entry in _table(config, "auths").items():
        if _host_of(key) == _canonical(host) and isinstance(entry, dict) and (login := _written(entry, path, host)):
            return login
    return None


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
        return Login(_TOKEN_USER, Secret(refresh), is_refresh_token=True)
    if not entry.get("auth"):
        return None
    username, colon, password = _decoded(str(entry["auth"])).partition(":")
    if not colon:
        raise ConfigurationError(f"the entry for {host} in {path} is broken: run `docker login {host}` again")
    return Login(username, Secret(password.rstrip("\0")))


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


async def _ask(helper: object, key: str, path: Path, environment: Mapping[str, str]) -> Login | None:
    """The answer of ``docker-credential-<helper> get``."""
    if not isinstance(helper, str) or not _HELPER.fullmatch(helper):
        raise ConfigurationError(f"{path} names a credential helper {helper!r}, which is no name of a program")
    program = f"docker-credential-{helper}"
    code, output = await _run(program, key, environment)
    if code != 0:
        return None
    try:
        answer = json.decode(output, type=dict[str, Any])
    except DecodeError:
        raise ConfigurationError(f"{program} gave an answer that is not JSON for {key}") from None
    username, secret = str(answer.get("Username", "")), str(answer.get("Secret", ""))
    return Login(username, Secret(secret), username == _TOKEN_USER) if secret else None


async def _run(program: str, key: str, environment: Mapping[str, str]) -> tuple[int, bytes]:
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            "get",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: value for name, value in environment.items() if _PASSED_ON.fullmatch(name)},
            start_new_session=True,
        )
    except OSError:
        return 127, b""
    try:
        return await asyncio.wait_for(_conversation(process, key.encode()), _HELPER_SECONDS)
    except TimeoutError:
        raise ConfigurationError(f"{program} did not answer within {_HELPER_SECONDS:g} s") from None
    finally:
        await _end(process)


async def _conversation(process: asyncio.subprocess.Process, question: bytes) -> tuple[int, bytes]:
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(ConnectionError):
        process.stdin.write(question)
        await process.stdin.drain()
    process.stdin.close()
    try:
        output = await process.stdout.readexactly(_HELPER_OUTPUT)
    except asyncio.IncompleteReadError as ended:
        output = ended.partial
    return await process.wait(), output


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
