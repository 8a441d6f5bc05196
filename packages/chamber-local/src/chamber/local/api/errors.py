"""Refusals, as the API words them."""

from collections.abc import Mapping
from typing import Any

__all__ = ["ApiError", "conflict", "forbidden", "invalid", "not_found"]


class ApiError(Exception):
    """A request is refused with an HTTP status and the API's own code."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: tuple[dict[str, Any], ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers: Mapping[str, str] = headers or {}


def invalid(field: str, message: str) -> ApiError:
    """400: one field of the request is wrong."""
    return ApiError(400, "VALIDATION_ERROR", f"{field}: {message}", ({"field": field, "message": message},))


def forbidden(message: str) -> ApiError:
    """403: the role does not permit it."""
    return ApiError(403, "FORBIDDEN", message)


def not_found(kind: str, noun_id: str) -> ApiError:
    """404."""
    return ApiError(404, "NOT_FOUND", f"there is no {kind} {noun_id!r}")


def conflict(message: str) -> ApiError:
    """409."""
    return ApiError(409, "CONFLICT", message)
