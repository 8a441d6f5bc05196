"""What a run is to be: argument, else ``.chamber.yaml``, else ``~/.chamber/config.json``, else default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct

from chamber.core.redaction import Secret
from chamber.run.settings import project_file
from chamber.run.settings.keys import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["DEFAULT", "DefaultNumber", "DefaultText", "RunSettings", "is_given", "looks_secret", "resolve"]

ARGUMENT = "argument"
DEFAULT = "default"
USER_FILE = "~/.chamber/config.json"

_SECRET_NAMES = {
    "AUTH",
    "CREDENTIAL",
    "CREDENTIALS",
    "KEY",
    "PASSPHRASE",
    "PASSWD",
    "PAT",
    "SECRETS",
    "TOKENS",
}
_SECRET_ENDINGS = ("APIKEY", "PASSWORD", "SECRET", "TOKEN")
_SECRET_BEGINNINGS = ("-----BEGIN", "AKIA", "ch.", "ghp_", "github_pat_", "glpat-", "hf_", "sk-", "xoxb-")


class DefaultNumber(int):
    """A parameter's default that can be told from the same number given by the caller."""


class DefaultText(str):
    """A parameter's default that can be told from the same text given by the caller."""

    __slots__ = ()


class RunSettings(Struct, frozen=True, kw_only=True):
    """Every setting of a run, in its normal form."""

    name: str
    gpus: int
    gpu_type: str
    team: str | None
    registry: str | None
    entrypoint: str | None
    entrypoint_args: tuple[str, ...]
    distributed: str
    job_class: str
    python_version: str | None
    base_image: str | None
    #: With those of `forward_env`; what is not to be shown is a `Secret`.
    variables: dict[str, str | Secret]
    forward_env: tuple[str, ...]
    extra_pip_packages: tuple[str, ...]
    extra_apt_packages: tuple[str, ...]
    cpu: str | None
    memory: str | None
    shm_size: str | None
    pre_build_commands: tuple[str, ...]
    post_build_commands: tuple[str, ...]
    ignore: tuple[str, ...]
    include: tuple[str, ...]
    #: RESERVED work has 100 or more by convention.
    priority: int | None
    framework: str | None
    #: The file that lists what the project needs.
    dependencies: str | None
    launcher: str | None
    nodes: int | None
    gpus_per_node: int | None
    #: Environment variables whose values are in the cluster: ``name of a Kubernetes secret/key``.
    secrets: dict[str, str]
    image_pull_secrets: tuple[str, ...]
    #: ``os/architecture`` of the image.
    platform: str
    #: May hold a password: used in the build, and shown nowhere.
    pip_index_url: Secret | None
    #: In bytes.
    max_project_size: int
    #: Where each setting came from; environment variables under ``env.NAME``.
    sources: dict[str, str]

    @property
    def env(self) -> dict[str, str]:
        """The environment variables as the job gets them."""
        return {n: v.reveal() if isinstance(v, Secret) else v for n, v in self.variables.items()}

    @property
    def secret_env(self) -> dict[str, str]:
        """The environment variables whose values are never shown."""
        return {name: value.reveal() for name, value in self.variables.items() if isinstance(value, Secret)}

    @property
    def shown_env(self) -> dict[str, str]:
        """The environment variables with ``***`` for those that are never shown."""
        return {name: str(value) for name, value in self.variables.items()}

    @property
    def shown(self) -> dict[str, object]:
        """Every setting, for eyes and files."""
        return {name: self._shown(name) for name in KEYS}

    def __repr__(self) -> str:
        given = [name for name in KEYS if self.sources.get(name, DEFAULT) != DEFAULT or (name == "env" and self.env)]
        return f"RunSettings({', '.join(f'{name}={self._shown(name)!r}' for name in given)})"

    def _shown(self, name: str) -> object:
        value = self.shown_env if name == "env" else getattr(self, name)
        return str(value) if isinstance(value, Secret) else value


def is_given(value: object) -> bool:
    """Whether a caller passed this argument, be it equal to the default."""
    return value is not None and not isinstance(value, (DefaultNumber, DefaultText))


def looks_secret(variable: str, value: str = "") -> bool:
    """Whether an environment variable seems to hold a secret, going by its name or its value."""
    words = variable.upper().split("_")
    return (
        any(word in _SECRET_NAMES or word.endswith(_SECRET_ENDINGS) for word in words)
        or value.startswith(_SECRET_BEGINNINGS)
        or _has_password(value)
    )


def _has_password(value: str) -> bool:
    try:
        return bool(urlsplit(value).password)
    except ValueError:
        return False


def resolve(
    directory: Path,
    arguments: Mapping[str, object],
    environ: Mapping[str, str],
    default_registry: str | None = None,
) -> tuple[RunSettings, tuple[str, ...]]:
    """The settings of a run of `directory`, and warnings about them.

    Raises ConfigurationError: a value is not what its setting may hold; the message says where it stands.
    """
    layers = _layers(directory, arguments, default_registry)
    chosen = {name: next(layer for layer in layers if name in layer.values) for name in KEYS}
    values = {name: layer.values[name] for name, layer in chosen.items() if name != "env"}
    KEYS["name"].checked(values["name"], "The directory's name, or name=,")
    forwarded = {name: environ[name] for name in values["forward_env"] if name in environ}
    KEYS["env"].checked(forwarded, "forward_env")
    env, env_sources = _environment((*layers, _Layer("forward_env", {"env": forwarded})))
    sources = {name: layer.source for name, layer in chosen.items()} | env_sources
    index, secrets = values["pip_index_url"], values["secrets"]
    if sources["secrets"] != ARGUMENT:
        secrets = {name: key for name, key in secrets.items() if sources.get(f"env.{name}") != ARGUMENT}
    env = {name: value for name, value in env.items() if name not in secrets}
    normal: dict[str, Any] = {
        **values,
        "variables": _variables(env, values["forward_env"]),
        "secrets": secrets,
        "pip_index_url": Secret(index) if index else None,
        "sources": sources,
    }
    settings = RunSettings(**normal)
    return settings, tuple(_warnings(settings, environ))


class _Layer(Struct, frozen=True):
    """Settings from one source."""

    source: str
    values: Mapping[str, Any]


def _layers(
    directory: Path, arguments: Mapping[str, object], default_registry: str | None
) -> tuple[_Layer, _Layer, _Layer, _Layer]:
    """The sources of settings; the first that has one decides."""
    file = project_file.read(directory)
    given = {name: value for name, value in arguments.items() if is_given(value)}
    defaults = {name: key.default for name, key in KEYS.items()}
    return (
        _Layer(ARGUMENT, {name: KEYS[name].checked(value, f"{name}=") for name, value in given.items()}),
        _Layer(file.name or "", file.values),
        _Layer(USER_FILE, {"registry": default_registry} if default_registry else {}),
        _Layer(DEFAULT, defaults | {"name": directory.name or "project"}),
    )


def _environment(layers: tuple[_Layer, ...]) -> tuple[dict[str, str], dict[str, str]]:
    env: dict[str, str] = {}
    sources: dict[str, str] = {}
    for layer in reversed(layers):
        variables = layer.values.get("env", {})
        env |= variables
        sources |= {f"env.{name}": layer.source for name in variables}
    return env, sources


def _variables(env: Mapping[str, str], forwarded: Sequence[str]) -> dict[str, str | Secret]:
    return {n: Secret(value) if n in forwarded or looks_secret(n, value) else value for n, value in env.items()}


def _warnings(settings: RunSettings, environ: Mapping[str, str]) -> Iterator[str]:
    for name in settings.forward_env:
        if name not in environ and name not in settings.env:
            yield f"forward_env names {name}, which is not set here: the job will not have it"
    secret = sorted(settings.secret_env)
    if secret:
        yield (
            f"The manifest that is submitted holds in plain text: {', '.join(secret)}. Keep such values in a "
            f"Kubernetes secret, and name it with secrets={{{secret[0]!r}: 'name-of-the-secret/key'}}"
        )
