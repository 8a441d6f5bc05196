"""The planted secrets: their values, and where each of them is put."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

__all__ = ["NAMES", "Canaries", "Given", "Hosts", "core", "identify", "plant", "values"]

#: What is planted, and how it is written there: "word" as tokens are; "odd" with marks that every encoding changes;
#: "key" as several lines; "aws" as their shape is known.
NAMES: dict[str, str] = {
    "token in the environment": "token",
    "token as an argument": "token",
    "token with a line break": "token",
    "token in token.json": "token",
    "refresh token in token.json": "word",
    "token of a plugin": "token",
    "unknown key of config.json": "odd",
    "password in api_url": "odd",
    "query of api_url": "word",
    "password of HTTPS_PROXY": "odd",
    "password of ALL_PROXY": "odd",
    "env as an argument": "odd",
    "password of a URL in env": "odd",
    "env in .chamber.yaml": "odd",
    "forwarded variable": "word",
    "forwarded key of several lines": "key",
    "secrets= by mistake": "odd",
    "pip_index_url as an argument": "odd",
    "PIP_INDEX_URL of the user": "odd",
    "UV_INDEX_URL of the user": "odd",
    "AWS_SECRET_ACCESS_KEY": "word",
    "AWS_SESSION_TOKEN": "odd",
    "GITHUB_TOKEN": "word",
    "AZURE_CLIENT_SECRET": "odd",
    "GOOGLE_APPLICATION_CREDENTIALS": "key",
    "variable of the user that nobody forwards": "odd",
    "login of docker": "odd",
    "login of docker elsewhere": "odd",
    "identity token of docker elsewhere": "word",
    "login of a credential helper": "odd",
    "HttpHeaders of docker": "word",
    "password of a plugin's registry": "odd",
    "login() of a plugin's registry": "odd",
    "password in registry=": "odd",
    "password in base_image=": "word",
    "password in add_registry()": "odd",
    "netrc of the API": "word",
    "netrc of a registry": "word",
    ".env": "odd",
    ".ssh/id_ed25519": "key",
    ".aws/credentials": "word",
    ".kube/config": "word",
    ".npmrc": "word",
    ".pypirc": "odd",
    ".git-credentials": "odd",
    ".docker/config.json": "odd",
    "token.json": "word",
    "terraform.tfstate": "odd",
    "remote of git": "odd",
    "key within a source": "aws",
}

_ODD = "/+\"&'%@?"


class Hosts(Struct, frozen=True):
    """Who listens where: each ``127.0.0.1:port``."""

    api: str
    registry: str
    strangers: dict[str, str]


class Canaries(Struct, frozen=True):
    """What was planted."""

    values: dict[str, str]
    #: The part of a value that no encoding of texts changes, and that is nowhere else.
    cores: dict[str, str]
    #: The files that hold a canary because it was put there.
    files: dict[str, str]
    environment: dict[str, str]


class Given(Struct):
    """What the session is told."""

    root: str
    registry: str
    strangers: dict[str, str]
    values: dict[str, str]
    engine: bool
    leak: bool


def plant(root: Path, seed: int, hosts: Hosts, values: dict[str, str]) -> Canaries:
    """Put every canary into its place under `root`: ``home``, ``project`` and ``guarded``. Returns what was planted."""
    placed = _Placed(root, values)
    _user(placed, hosts)
    _docker(placed, hosts)
    _project(placed, root / "project")
    _refused(placed, root / "guarded")
    return Canaries(
        values, {name: core(seed, name) for name in values}, placed.files, _environment(root, hosts, values)
    )


def identify(folder: Path, value: dict[str, str]) -> None:
    """Have the embedded Chamber that keeps its data in `folder` take a canary for its token."""
    folder.mkdir(mode=stat.S_IRWXU)
    identity = {"token": value["token in the environment"], "users": {}}
    (folder / "identity.json").write_text(json.dumps(identity))
    (folder / "identity.json").chmod(0o600)


def values(seed: int) -> dict[str, str]:
    """The canaries of a seed."""
    return {name: _value(kind, core(seed, name)) for name, kind in NAMES.items()}


def core(seed: int, name: str) -> str:
    """What is in a canary and nowhere else."""
    return "k7" + hashlib.sha256(f"{seed} {name}".encode()).hexdigest()[:22]


def _value(kind: str, inner: str) -> str:
    match kind:
        case "token":
            return f"ch.{inner}_{inner[::-1]}"
        case "odd":
            return f"{inner}{_ODD}"
        case "key":
            body = base64.b64encode(hashlib.sha512(inner.encode()).digest() * 2).decode()
            lines = [inner * 2, body[:64], body[64:128]]
            return "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----", ""])
        case "aws":
            return "AKIA" + base64.b32encode(inner.encode()).decode()[:16]
    return inner


class _Placed:
    """Writes files, and remembers what was put into them."""

    def __init__(self, root: Path, planted: dict[str, str]) -> None:
        self.root, self.values = root, planted
        self.files: dict[str, str] = {}

    def write(self, name: str, path: str, text: str, mode: int = 0o600) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        file.chmod(mode)
        self.files[name] = path


def _user(placed: _Placed, hosts: Hosts) -> None:
    """The user's own files."""
    value = placed.values
    tokens = {"access_token": value["token in token.json"], "refresh_token": value["refresh token in token.json"]}
    for name in ("token in token.json", "refresh token in token.json"):
        placed.write(name, "home/.chamber/token.json", json.dumps(tokens))
    kept = {"session_key": value["unknown key of config.json"], "registries": {}}
    placed.write("unknown key of config.json", "home/.chamber/config.json", json.dumps(kept))
    machines = {"netrc of the API": "127.0.0.1", "netrc of a registry": "localhost"}
    lines = "".join(f"machine {host} login ada password {value[name]}\n" for name, host in machines.items())
    for name in machines:
        placed.write(name, "home/.netrc", lines)
    name = "GOOGLE_APPLICATION_CREDENTIALS"
    placed.write(name, "home/google.json", json.dumps({"type": "service_account", "private_key": value[name]}))
    placed.files["token in the environment"] = "chamber/identity.json"


def _docker(placed: _Placed, hosts: Hosts) -> None:
    """What ``docker login`` leaves, and a credential helper."""
    value = placed.values
    auths = {
        hosts.registry: {"auth": _pair(value["login of docker"])},
        "elsewhere.test": {"auth": _pair(value["login of docker elsewhere"])},
        "tokens.test": {"identitytoken": value["identity token of docker elsewhere"]},
    }
    config = {
        "auths": auths,
        "credHelpers": {hosts.strangers["helped"]: "canary"},
        "HttpHeaders": {"X-Meta-Note": value["HttpHeaders of docker"]},
    }
    for name in ("login of docker", "login of docker elsewhere", "identity token of docker elsewhere"):
        placed.write(name, "home/.docker/config.json", json.dumps(config))
    placed.files["HttpHeaders of docker"] = "home/.docker/config.json"
    answer = json.dumps({"Username": "ada", "Secret": value["login of a credential helper"]})
    program = f"#!/bin/sh\ncat > /dev/null\ncat <<'END'\n{answer}\nEND\n"
    placed.write("login of a credential helper", "bin/docker-credential-canary", program, 0o755)


def _project(placed: _Placed, project: Path) -> None:
    """A project whose secrets have to stay behind."""
    value = placed.values
    written = {
        ".env": "PASSWORD={}\n",
        ".ssh/id_ed25519": "{}",
        ".aws/credentials": "[default]\naws_secret_access_key = {}\n",
        ".kube/config": "token: {}\n",
        ".npmrc": "//registry.test/:_authToken={}\n",
        ".pypirc": "[pypi]\npassword = {}\n",
        ".git-credentials": "https://ada:{}@git.test\n",
        ".docker/config.json": '{{"auths": {{"r.test": {{"auth": "{}"}}}}}}',
        "token.json": '{{"access_token": "{}"}}',
        "terraform.tfstate": '{{"outputs": {{"password": "{}"}}}}',
    }
    for name, text in written.items():
        placed.write(name, f"project/{name}", text.format(value[name]))
    settings = f"env:\n  DB_PASSWORD: {json.dumps(value['env in .chamber.yaml'])}\n"
    placed.write("env in .chamber.yaml", "project/.chamber.yaml", settings)
    remote = f"https://ada:{quote(value['remote of git'], safe='')}@git.test/x.git"
    placed.write("remote of git", "project/.git/config", f'[remote "origin"]\n\turl = {remote}\n')
    (project / "train.py").write_text("import os\nprint('trained with', sorted(n for n in os.environ if 'KEY' in n))\n")
    (project / "Dockerfile").write_text("FROM localhost/chamber-tests/python:1\nWORKDIR /app\nCOPY . .\nRUN ls -A\n")


def _refused(placed: _Placed, guarded: Path) -> None:
    """A project that must not be sent at all."""
    placed.write("key within a source", "guarded/train.py", f"KEY = {placed.values['key within a source']!r}\n")


def _environment(root: Path, hosts: Hosts, value: dict[str, str]) -> dict[str, str]:
    """The variables of the session."""
    bystanders = {
        name: value[name]
        for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "GITHUB_TOKEN", "AZURE_CLIENT_SECRET")
    }
    return {
        **bystanders,
        "PATH": f"{root / 'bin'}:{os.environ['PATH']}",
        "HOME": str(root / "home"),
        "TMPDIR": str(root / "tmp"),
        "DOCKER_CONFIG": str(root / "home" / ".docker"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CHAMBER_TOKEN": value["token in the environment"],
        "CHAMBER_API_URL": f"http://{hosts.api}/v1",
        "CHAMBER_ENGINE": "docker",
        "HTTPS_PROXY": _with_password("http", value["password of HTTPS_PROXY"], hosts.strangers["proxy"]),
        "ALL_PROXY": _with_password("http", value["password of ALL_PROXY"], hosts.strangers["proxy"]),
        "PIP_INDEX_URL": _with_password("https", value["PIP_INDEX_URL of the user"], "pypi.test/simple"),
        "UV_INDEX_URL": _with_password("https", value["UV_INDEX_URL of the user"], "pypi.test/simple"),
        "GOOGLE_APPLICATION_CREDENTIALS": str(root / "home" / "google.json"),
        "MY_OWN": value["variable of the user that nobody forwards"],
        "HF_TOKEN": value["forwarded variable"],
        "SIGNING": value["forwarded key of several lines"],
        "NO_PROXY": "127.0.0.1,localhost",
    }


def _pair(password: str) -> str:
    return base64.b64encode(f"ada:{password}".encode()).decode()


def _with_password(scheme: str, password: str, rest: str) -> str:
    return f"{scheme}://ada:{quote(password, safe='')}@{rest}"
