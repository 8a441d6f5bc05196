"""What is said of a registry beyond its address: the key ``registry_options`` of ``~/.chamber/config.json``."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

import msgspec
from msgspec import Struct

from chamber.core.errors import ConfigurationError
from chamber.core.loopback import is_loopback
from chamber.core.redaction import redacted
from chamber.run.reference import split_prefix

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Options", "checked", "find", "keep"]

_KEY = "registry_options"


class Options(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What was said of one registry."""

    #: Whether its host is spoken to in plain HTTP.
    insecure: bool = False
    #: The site that gives out its tokens.
    auth_realm: str | None = None


def find(content: Mapping[str, Any], address: str) -> Options:
    """What `content` says of `address`, or else of the longest address at the same host.

    Raises ConfigurationError: it is no option, or one that nobody should have.
    """
    said = {where: _read(where, what) for where, what in _said(content).items()}
    host = _host(address)
    near = [where for where in said if _host(where) == host]
    return said[max(near, key=lambda where: (where == address, len(where)))] if near else Options()


def keep(content: dict[str, Any], address: str, said: Options, gone: str | None) -> None:
    """Have `content` say that of `address`, and nothing of the address that is `gone`.

    Raises ConfigurationError: `content` has something else in that place.
    """
    others = {where: what for where, what in _said(content).items() if where not in {address, gone}}
    ours = {} if said == Options() else {address: msgspec.to_builtins(said)}
    if others or ours or _KEY in content:
        content[_KEY] = {**others, **ours}


def checked(options: Options, address: str) -> Options:
    """`options` of `address`. Raises ConfigurationError: the realm is no site, or one where no login should go."""
    if options.auth_realm is None:
        return options
    realm = _site(options.auth_realm)
    if realm is None or not (realm.scheme == "https" or (realm.scheme == "http" and options.insecure)):
        raise ConfigurationError(
            f"auth_realm of {address} must be the site that gives out its tokens, such as https://login.example.com "
            f"(http only if insecure), not {redacted(str(options.auth_realm))!r}"
        )
    if _is_local(realm.hostname or "") and not is_loopback(split_prefix(address)[0]):
        raise ConfigurationError(f"auth_realm of {address} must be no address of this machine, as {realm.hostname} is")
    return options


def _said(content: Mapping[str, Any]) -> dict[str, Any]:
    said = content.get(_KEY) or {}
    if isinstance(said, dict):
        return said
    raise ConfigurationError(f"config.json: {_KEY} must be an object of addresses and options")


def _read(address: str, what: object) -> Options:
    try:
        return checked(msgspec.convert(what, Options), address)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"config.json: {_KEY} of {address!r}: {error}") from None


def _host(address: str) -> str:
    return address.partition("/")[0].lower()


def _site(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        has_port = parts.port != 0
    except ValueError:
        return None
    is_site = has_port and parts.hostname and "@" not in parts.netloc
    return parts if is_site and url.isprintable() and " " not in url else None


def _is_local(host: str) -> bool:
    """Whether a host is this machine, or an address that no other network knows, as those of metadata services."""
    if is_loopback(host):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_link_local or address.is_unspecified
