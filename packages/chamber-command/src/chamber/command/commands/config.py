"""``chamber config``: the settings in ``~/.chamber/config.json``, which other tools keep theirs in too."""

from __future__ import annotations

import json
import os
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from chamber.command.options import command, group
from chamber.command.output.cells import printable
from chamber.command.output.columns import SETTINGS
from chamber.command.session import Session, pass_session

__all__ = ["config", "get", "list_", "set_", "unset"]

#: Setting → the environment variable that beats it.
_KEYS = {
    "api_url": "CHAMBER_API_URL",
    "organization_id": "CHAMBER_ORGANIZATION_ID",
    "default_registry": None,
    "credential_process": None,
}
#: What is kept here by other commands. All else is another tool's, and may be anything.
_SHOWN = (*_KEYS, "registries", "registry_options")


@group("config")
def config() -> None:
    """Read and write settings."""


@command("list", "chamber config list", "chamber config list -o json")
@pass_session
def list_(session: Session) -> None:
    """List the settings, and where each comes from."""
    content = _content()
    names = [*_KEYS, *(name for name in content if name not in _KEYS)]
    rows = [row for name in names if (row := _row(name, content))["value"] is not None]
    session.show_all(rows, SETTINGS, f"Nothing is set in {_file()}")


@command("get", "chamber config get organization_id")
@click.argument("key")
@pass_session
def get(session: Session, key: str) -> None:
    """Print one setting."""
    row = _row(key, _content())
    if row["value"] is None and key not in _KEYS:
        raise _unknown(key)
    if session.format == "table":
        click.echo("" if row["value"] is None else printable(str(row["value"])))
    else:
        session.show(row)


@command("set", "chamber config set organization_id org_123", "chamber config set default_registry prod")
@click.argument("key")
@click.argument("value")
@pass_session
def set_(session: Session, key: str, value: str) -> None:
    """Keep a setting."""
    from chamber.core.settings import updating

    _check(key, value)
    with updating(_file()) as content:
        content[key] = value
    session.tell(f"{key} is {value} in {_file()}")
    if (variable := _KEYS[key]) and os.environ.get(variable):
        session.tell(f"{variable} is set here, and beats it")


@command("unset", "chamber config unset organization_id")
@click.argument("key")
@pass_session
def unset(session: Session, key: str) -> None:
    """Forget a setting."""
    from chamber.core.settings import updating

    if key not in _KEYS:
        raise _unknown(key)
    with updating(_file()) as content:
        content.pop(key, None)
    session.tell(f"{key} is not set in {_file()}")


def _row(key: str, content: dict[str, Any]) -> dict[str, Any]:
    from chamber.core.redaction import redacted

    variable = _KEYS.get(key)
    if variable and (value := os.environ.get(variable)):
        return {"key": key, "value": redacted(value), "source": variable}
    held = content.get(key) if key in _SHOWN else _without_texts(content.get(key))
    shown = json.loads(redacted(json.dumps({key: held})))
    return {"key": key, "value": shown[key], "source": str(_file())}


def _without_texts(value: Any) -> Any:
    """What another tool keeps, as far as it cannot be a secret."""
    if isinstance(value, dict):
        return {name: _without_texts(held) for name, held in value.items()}
    if isinstance(value, list):
        return [_without_texts(held) for held in value]
    return "***" if isinstance(value, str) else value


def _check(key: str, value: str) -> None:
    """Raises ConfigurationError: there is no such setting, or it cannot be this."""
    from chamber.core.settings import Settings

    if key not in _KEYS:
        raise _unknown(key)
    if key == "api_url":
        Settings("ch.unused", value)
    elif key == "organization_id":
        Settings("ch.unused", "https://localhost", value)
    elif key == "default_registry":
        _check_registry(value)
    else:
        _check_command(value)


def _check_registry(value: str) -> None:
    from chamber.core import ConfigurationError

    if "@" in value:
        raise ConfigurationError("A registry's URL holds no user, password or digest: log in with 'docker login'")


def _check_command(value: str) -> None:
    import shlex

    from chamber.core import ConfigurationError

    try:
        words = shlex.split(value)
    except ValueError as error:
        raise ConfigurationError(f"{value!r} is no command: {error}") from None
    if not words:
        raise ConfigurationError("credential_process is the command of a program that prints a token")


def _unknown(key: str) -> Exception:
    from chamber.core import ConfigurationError

    close = get_close_matches(key, _KEYS, n=1)
    guess = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(_KEYS)}"
    return ConfigurationError(f"There is no setting {key!r}: {guess}")


def _content() -> dict[str, Any]:
    from chamber.core.settings import read_json

    return read_json(_file())


def _file() -> Path:
    from chamber.core.settings import home

    return home() / "config.json"


for _command in (list_, get, set_, unset):
    config.add_command(_command)
