"""Image references by the grammar of the distribution project (its package ``reference``).

    reference = name [ ":" tag ] [ "@" digest ]
    name      = host [ ":" port ] "/" path-component [ "/" path-component ]*

A name without a host is refused: it never means Docker Hub.
"""

import re
from ipaddress import ip_address
from typing import Self

from msgspec import Struct

from chamber.core.errors import ConfigurationError

__all__ = ["Reference", "is_digest", "split_prefix"]

_DOMAIN_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = re.compile(rf"(?P<name>{_DOMAIN_LABEL}(?:\.{_DOMAIN_LABEL})*|\[[0-9a-fA-F:.]+\])(?::(?P<port>[0-9]{{1,5}}))?")
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_LONGEST_NAME = 255
_HIGHEST_PORT = 65535
_DOCKER_HUB = {"docker.io", "index.docker.io", "registry-1.docker.io"}


class Reference(Struct, frozen=True):
    """Where an image is: `host` and `repository`, and which one there: `tag`, `digest` or both."""

    host: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The reference written in `text`; raises ConfigurationError that says what is wrong with it."""
        rest, at, digest = text.partition("@")
        name, colon, tag = _split_tag(rest)
        if at and not is_digest(digest):
            raise _wrong(text, "after '@' comes a digest: sha256: and 64 digits of 0-9a-f")
        if colon and not _TAG.fullmatch(tag):
            raise _wrong(text, f"{tag!r} is not a tag: up to 128 letters, digits, '_', '.' and '-'")
        host, slash, repository = name.partition("/")
        if not slash or not _looks_like_host(host):
            raise _wrong(text, "no registry in it; write the host in front, as in docker.io/library/python")
        _check_host(text, host)
        _check_repository(text, name, repository)
        return cls(host, _on_docker_hub(host, repository), tag or None, digest or None)

    @property
    def name(self) -> str:
        """The reference without tag and digest."""
        return f"{self.host}/{self.repository}"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"


def split_prefix(prefix: str) -> tuple[str, str]:
    """The host and the path ('' when there is none) of ``host[:port][/path]``, both checked."""
    host, _, path = prefix.rstrip("/").partition("/")
    _check_host(prefix, host)
    if path:
        _check_repository(prefix, f"{host}/{path}", path)
    return host, path


def is_digest(text: str) -> bool:
    """Whether `text` is a digest that can be verified here: sha256 or sha512."""
    return _DIGEST.fullmatch(text) is not None


def _split_tag(text: str) -> tuple[str, str, str]:
    directory, slash, last = text.rpartition("/")
    name, colon, tag = last.partition(":") if slash else (last, "", "")
    return f"{directory}{slash}{name}", colon, tag


def _looks_like_host(first: str) -> bool:
    return first == "localhost" or any(mark in first for mark in ".:[") or first != first.lower()


def _check_host(text: str, host: str) -> None:
    if "://" in text or host in {"http:", "https:"}:
        raise _wrong(text, "leave out the scheme; it begins with the registry's host")
    found = _HOST.fullmatch(host)
    if found is None:
        raise _wrong(text, f"{host!r} is not a host: a name or an address, and a port after ':'")
    name, port = found["name"], found["port"]
    if name.startswith("[") and ("." in name or not _is_address(name.strip("[]"))):
        raise _wrong(text, f"{name} is not an IPv6 address")
    if port is not None and not 0 < int(port) <= _HIGHEST_PORT:
        raise _wrong(text, f"{port} is not a port: 1 to {_HIGHEST_PORT}")


def _check_repository(text: str, name: str, repository: str) -> None:
    if len(name) > _LONGEST_NAME:
        raise _wrong(text, f"its name has {len(name)} characters; {_LONGEST_NAME} are allowed")
    for component in repository.split("/"):
        if not _COMPONENT.fullmatch(component):
            raise _wrong(text, f"{component!r} is no part of a name: a-z, 0-9, in between '.', '_', '__', '-'")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _on_docker_hub(host: str, repository: str) -> str:
    return f"library/{repository}" if host in _DOCKER_HUB and "/" not in repository else repository


def _wrong(text: str, reason: str) -> ConfigurationError:
    return ConfigurationError(f"{text!r} is not an image reference: {reason}")
