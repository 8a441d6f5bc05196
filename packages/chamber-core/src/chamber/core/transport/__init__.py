"""The only room that talks HTTP: calls of the API, and streaming calls for image registries."""

from chamber.core.transport.calls import Listener, Transport
from chamber.core.transport.elsewhere import Elsewhere
from chamber.core.transport.exchange import Request, Streamed, is_final

__all__ = ["Elsewhere", "Listener", "Request", "Streamed", "Transport", "is_final"]
