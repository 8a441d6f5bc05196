"""The errors, which are those of `chamber.core`: an error of either package is caught by the name of both."""

from chamber.core.errors import (
    AuthenticationError,
    AuthorizationError,
    ChamberError,
    NotFoundError,
    RateLimitError,
    ServerError,
    ValidationError,
)

__all__ = [
    "AuthenticationError",
    "AuthorizationError",
    "ChamberError",
    "NotFoundError",
    "RateLimitError",
    "ServerError",
    "ValidationError",
]
