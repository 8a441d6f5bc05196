"""Named registries, kept in ``~/.chamber/config.json`` beside what other tools keep there.

::

    {"registries": {"lab": "harbor.lan:8080/ml"}, "default_registry": "lab",
     "registry_options": {"harbor.lan:8080/ml": {"insecure": true, "auth_realm": "http://login.lan"}}}

`registries` is shared with other tools, so what is said of a registry beyond its address is kept by that address.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from chamber.core.errors import ConfigurationError
from chamber.core.settings import home, read_json, updating
from chamber.run.reference import split_prefix
from chamber.run.settings import registry_options as options
from chamber.run.settings.registry_options import Options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chamber.run.targets import Registry

__all__ = ["add", "configured", "default", "default_name", "listed", "located", "prefix", "set_default"]


def add(
    name: str, url: str, set_default: bool = False, *, insecure: bool = False, auth_realm: str | None = None
) -> None:
    """Keep a registry under a name, in place of the one that had it.

    `url`: ``host[:port][/path]``; an ``https://`` before it is left out, and an ``http://`` if `insecure`, which lets
    its host be spoken to in plain HTTP. `auth_realm`: the site that gives out its tokens, where it is another.

    Raises ConfigurationError: the name, the URL or the realm is malformed, or the file cannot be read or written.
    """
    if not str(name).strip() or not str(name).isprintable() or "/" in str(name):
        raise ConfigurationError(f"{name!r} cannot be the name of a registry: use a word, such as 'prod'")
    address = prefix(url, insecure=insecure)
    said = options.checked(Options(bool(insecure), auth_realm), address)
    with updating(_file()) as content:
        replaced = _registries(content).get(name)
        known = {**_registries(content), name: address}
        content["registries"] = known
        options.keep(content, address, said, None if replaced in known.values() else replaced)
        if set_default:
            content["default_registry"] = name


def configured(registry: Registry) -> Registry:
    """`registry`, with what the configuration says of its address, or else of another registry at its host.

    Raises ConfigurationError: the file cannot be read, or does not hold options.
    """
    said = options.find(_content(), registry.prefix)
    return replace(
        registry,
        insecure=registry.insecure or said.insecure,
        auth_realm=registry.auth_realm or said.auth_realm,
    )


def listed() -> dict[str, str]:
    """The registries by name.

    Raises ConfigurationError: the file cannot be read.
    """
    return _registries(_content())


def set_default(name: str) -> None:
    """Make the registry of this name the one that is used where none is named.

    Raises ConfigurationError: there is no registry of that name.
    """
    with updating(_file()) as content:
        if name not in _registries(content):
            raise _unknown(name, _registries(content))
        content["default_registry"] = name


def default() -> tuple[str, str] | None:
    """Name and URL of the default registry; where the file names a URL, that twice; None when there is none.

    Raises ConfigurationError: the file cannot be read, or names a registry that is not there.
    """
    name = default_name()
    known = listed()
    if name is None:
        return None
    return (name, known[name]) if name in known else (name, _reference(name, known))


def default_name() -> str | None:
    """The default registry as the file has it: a name, or a URL.

    Raises ConfigurationError: the file cannot be read.
    """
    name = _content().get("default_registry")
    if isinstance(name, str | None):
        return name or None
    raise ConfigurationError(f"{_file()}: default_registry must be a text, not {type(name).__name__}")


def located(registry: str) -> str:
    """The address of a registry given by its name, or by its address.

    Raises ConfigurationError: it is neither.
    """
    known = listed()
    return known.get(registry) or prefix(_reference(registry, known))


def prefix(url: str, *, insecure: bool = False) -> str:
    """``host[:port][/path]`` of a registry's URL.

    Raises ConfigurationError: it has no host, is not https (or http, if `insecure`), or holds a password.
    """
    address = str(url).strip().removeprefix("https://").rstrip("/")
    if insecure:
        address = address.removeprefix("http://")
    if address.startswith("http://"):
        raise ConfigurationError(
            f"{url!r} must be https, or host/path alone; a registry that speaks plain HTTP needs insecure=True"
        )
    if "://" in address:
        raise ConfigurationError(f"{url!r} must be https, or host/path alone")
    if "@" in address:
        raise ConfigurationError("A registry's URL holds no user, password or digest: log in with 'docker login'")
    host, _ = split_prefix(address)
    if not _looks_like_host(host):
        raise ConfigurationError(f"{url!r} begins with no host: it looks like localhost:5000 or ghcr.io/my-team")
    return address


def _reference(registry: str, known: Mapping[str, str]) -> str:
    if _looks_like_host(registry.removeprefix("https://").partition("/")[0]):
        return registry
    raise _unknown(registry, known)


def _unknown(name: str, known: Mapping[str, str]) -> ConfigurationError:
    close = get_close_matches(str(name), known, n=1)
    guess = f"; did you mean {close[0]!r}?" if close else ""
    names = f"configured are {', '.join(sorted(known))}{guess}" if known else "none is configured"
    return ConfigurationError(
        f"There is no registry {name!r}: {names} (ChamberClient.add_registry(name, url) configures one; "
        "host/path names one directly)"
    )


def _looks_like_host(first: str) -> bool:
    return first == "localhost" or any(mark in first for mark in ".:[")


def _registries(content: Mapping[str, Any]) -> dict[str, str]:
    known = content.get("registries") or {}
    if isinstance(known, dict) and all(isinstance(url, str) for url in known.values()):
        return known
    raise ConfigurationError(f"{_file()}: registries must be an object of names and URLs")


def _content() -> dict[str, Any]:
    """What the file holds; nothing for a user without a home folder."""
    try:
        file = _file()
    except ConfigurationError:
        return {}
    return read_json(file)


def _file() -> Path:
    return home() / "config.json"
