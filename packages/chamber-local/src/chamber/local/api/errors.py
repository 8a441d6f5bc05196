"""Refusals, as the API words them."""

from typing import Any

__all__ = ["ApiError", "conflict", "invalid", "not_found"]


class ApiError(Exception):
    """A request is refused with an HTTP status and the API's own code."""

    def __init__(self, status: int, code: str, message: str, details: tuple[dict[str, Any], ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details


def invalid(field: str, message: str) -> ApiError:
    """400: one field of the request is wrong."""
    return ApiError(400, "VALIDATION_ERROR", f"{field}: {message}", ({"field": field, "message": message},))


def not_found(kind: str, noun_id: str) -> ApiError:
    """404."""
    return ApiError(404, "NOT_FOUND", f"there is no {kind} {noun_id!r}")


def conflict(message: str) -> ApiError:
    """409."""
    return ApiError(409, "CONFLICT", message)
