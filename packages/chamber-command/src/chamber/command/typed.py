"""What a program is advised to write, as what is typed for it."""

from __future__ import annotations

import re

__all__ = ["advised", "typed"]

#: A call → the command. Compiled when there is something to say, and not whenever the program starts.
_CALLS = (
    (r"client\.resolve_submission\((['\"])(.*?)\1\)", r"`chamber submissions resolve \2`"),
    (r"client\.get_capacity\((['\"])(.*?)\1\)", r"`chamber capacity --team \2`"),
    (r"client\.get_capacity\(\)", "`chamber capacity`"),
    (r"client\.logs\((['\"])(.*?)\1\)", r"`chamber logs \2`"),
    (r"client\.logs\((['\"])(.*?)\1, follow=True\)", r"`chamber logs -f \2`"),
    (r"client\.doctor\(\)", "`chamber doctor`"),
    (r"client\.plan\(\) shows what run\(\)", "`chamber run --dry-run` shows what a run"),
    (r"ChamberClient\.add_registry\(name, url\)", "`chamber registries add NAME HOST/PATH`"),
    (
        r"ChamberClient\.add_registry\(name, url, set_default=True\)",
        "`chamber registries add --default NAME HOST/PATH`",
    ),
    (
        r"ChamberClient\.add_registry\(name, url, auth_realm='(.*?)'\)",
        r"`chamber registries add --auth-realm \1 NAME HOST/PATH`",
    ),
    (r'run\((\w+=".*?")\)', r"`chamber run` with \1"),
)
#: An argument, as a name or a flag or with a value.
_ARGUMENT = r"(?<![^\s(])([a-z][a-z_]+)=(?!=)(\.\.\.|True\b|(?=[\s,;:.)]|$))?"
#: A dict with one item.
_PAIR = r"""(?<=--)(env|secret) \{['"](\w+)['"]: (['"]?)([^'"}]+)\3\}"""
#: Those whose options have another name.
_OPTIONS = {
    "secrets": "secret",
    "image_pull_secrets": "image-pull-secret",
    "extra_pip_packages": "pip",
    "extra_apt_packages": "apt",
    "pre_build_commands": "pre-build",
    "post_build_commands": "post-build",
}


def typed(message: str) -> str:
    """A message with commands in place of calls."""
    for call, command in _CALLS:
        message = re.sub(call, command, message)
    return message


def advised(message: str) -> str:
    """Advice of ours, also with options in place of arguments."""
    return re.sub(_PAIR, r"\1 \2=\4", re.sub(_ARGUMENT, _option, typed(message)))


def _option(argument: re.Match[str]) -> str:
    name, rest = argument.groups()
    return f"--{_OPTIONS.get(name, name.replace('_', '-'))}{' ' if rest is None else ''}"
