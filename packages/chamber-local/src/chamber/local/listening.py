"""The socket, bound before anything else so that its port is known."""

import ipaddress
import socket

from chamber.core.errors import ConfigurationError

__all__ = ["Listening"]


class Listening:
    """A port of this machine that is ours until closed. Raises ConfigurationError when it is taken."""

    def __init__(self, host: str, port: int) -> None:
        self._name = "127.0.0.1" if host == "localhost" else host
        try:
            #: Listens, or after `hold` is ready to.
            self.socket: socket.socket = _bound(self._name, port)
            self.socket.listen(128)
        except OSError as error:
            raise ConfigurationError(f"{host}:{port} cannot be listened on: {error.strerror or error}") from error
        self._port = self.socket.getsockname()[1]
        #: host:port, as clients on this machine connect to it.
        self.address: str = f"{_reachable(self._name)}:{self._port}"

    def hold(self) -> None:
        """Keeps the port without listening on it: whoever connects is refused. The old socket is closed."""
        self.socket.close()
        self.socket = _bound(self._name, self._port)

    def close(self) -> None:
        """Gives the port up."""
        self.socket.close()


def _bound(name: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in name else socket.AF_INET)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if bound.family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((name, port))
    except BaseException:
        bound.close()
        raise
    return bound


def _reachable(name: str) -> str:
    """What clients on this machine connect to; a wildcard address is no destination."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"
    return f"[{name}]" if address.version == 6 else name
