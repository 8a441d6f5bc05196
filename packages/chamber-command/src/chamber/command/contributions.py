"""What plugins bring: commands, and ways to log in."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import Any, cast

import click

from chamber.core.errors import ChamberError, PluginError
from chamber.core.logs import logger
from chamber.core.plugins import manager

__all__ = ["commands", "token"]

_log = logger(__name__)


def commands(taken: Container[str]) -> dict[str, click.Command]:
    """The plugins' commands by name. One that fails, or whose name is `taken`, is set aside and logged."""
    found: dict[str, click.Command] = {}
    for owner, command in _brought():
        if not isinstance(command, click.Command) or not command.name:
            _log.warning("command set aside", distribution=owner, error=f"{command!r} is no command with a name")
        elif command.name in taken or command.name in found:
            _log.warning("command set aside", distribution=owner, error=f"there is a command {command.name} already")
        else:
            found[command.name] = command
    return found


def token(api_url: str) -> str | None:
    """A token that a plugin's login got, from a browser or however else; None: there is no such plugin.

    Raises PluginError: the plugin failed.
    """
    try:
        found: str | None = manager().hook.chamber_login(api_url=api_url)
    except ChamberError:
        raise
    except Exception as error:
        raise PluginError(f"A plugin's login failed ({type(error).__name__}: {error}): pass a token instead") from error
    return found


def _brought() -> Iterator[tuple[str, Any]]:
    for implementation in manager().hook.chamber_commands.get_hookimpls():
        try:
            brought: list[Any] = list(cast("Iterable[Any]", implementation.function()))
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
            _log.warning("commands set aside", distribution=implementation.plugin_name, error=told)
            continue
        yield from ((implementation.plugin_name, command) for command in brought)
