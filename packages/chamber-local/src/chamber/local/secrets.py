"""Values that manifests take from Kubernetes secrets, by the secret's name and its key. No file of ours holds them."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from chamber.core.errors import ConfigurationError
from chamber.core.redaction import Secret

__all__ = ["Secrets", "check_private", "secrets_of"]

#: Of each secret, by its name: the values, by their keys.
Secrets: TypeAlias = Mapping[str, Mapping[str, Secret]]

_FORM = "secrets are values by name and key, such as {'wandb': {'api-key': '…'}}"


def secrets_of(given: object, where: str, environment: Mapping[str, str] = os.environ) -> Secrets:
    """The values in texts and Secrets; ``{"env": NAME}`` in place of one is that environment variable's.

    Raises ConfigurationError, without a value in it.
    """
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"{where}: {_FORM}, not {type(given).__name__}")
    return {str(name): dict(_values(name, held, where, environment)) for name, held in given.items()}


def check_private(path: Path, given: Any) -> None:
    """Raises ConfigurationError: a file has values in it, and others may read it."""
    held = [value for values in given.values() for value in values.values()] if _is_nested(given) else []
    if path.stat().st_mode & 0o077 and not all(isinstance(value, Mapping) for value in held):
        raise ConfigurationError(
            f"{path} has the values of secrets in it, and others can read it: chmod 600 {path}, "
            "or write {env: NAME} in place of each value"
        )


def _is_nested(given: Any) -> bool:
    return isinstance(given, Mapping) and all(isinstance(values, Mapping) for values in given.values())


def _values(name: object, held: object, where: str, environment: Mapping[str, str]) -> Iterator[tuple[str, Secret]]:
    if not isinstance(held, Mapping):
        raise ConfigurationError(f"{where}: the secret {name!r} has no keys; {_FORM}")
    for key, value in held.items():
        yield str(key), _secret(f"{where}: key {key!r} of the secret {name!r}", value, environment)


def _secret(what: str, value: object, environment: Mapping[str, str]) -> Secret:
    if isinstance(value, Mapping) and list(value) == ["env"]:
        variable = str(value["env"])
        if variable not in environment:
            raise ConfigurationError(f"{what} is the environment variable {variable}, which is not set")
        value = environment[variable]
    if isinstance(value, str):
        value = Secret(value)
    if not isinstance(value, Secret):
        raise ConfigurationError(f"{what} is a {type(value).__name__}: write a text, in quotes if need be")
    if "\0" in value.reveal():
        raise ConfigurationError(f"{what} has a NUL in it, which no environment variable can hold")
    return value
