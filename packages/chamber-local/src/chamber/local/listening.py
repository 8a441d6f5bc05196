"""The socket, bound before anything else so that its port is known."""

import ipaddress
import socket

from chamber.core.errors import ConfigurationError

__all__ = ["listen"]


def listen(host: str, port: int) -> tuple[socket.socket, str]:
    """A listening socket and its host:port. Raises ConfigurationError when the port is taken."""
    name = "127.0.0.1" if host == "localhost" else host
    try:
        family = socket.AF_INET6 if ":" in name else socket.AF_INET
        listening = socket.create_server((name, port), family=family, backlog=128)
    except OSError as error:
        raise ConfigurationError(f"{host}:{port} cannot be listened on: {error.strerror or error}") from error
    return listening, f"{_reachable(name)}:{listening.getsockname()[1]}"


def _reachable(name: str) -> str:
    """What clients on this machine connect to; a wildcard address is no destination."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"
    return f"[{name}]" if address.version == 6 else name
