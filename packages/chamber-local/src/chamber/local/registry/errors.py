"""Errors as registries answer them (OCI distribution spec, "Error codes")."""

from typing import Any

import msgspec
from aiohttp import web

__all__ = ["RegistryError", "error_answer"]


class RegistryError(Exception):
    """A request is refused with one of the spec's codes."""

    def __init__(self, status: int, code: str, message: str, detail: Any = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail


def error_answer(error: RegistryError) -> web.Response:
    """``{"errors": [{"code", "message", "detail"}]}``."""
    body = {"errors": [{"code": error.code, "message": error.message, "detail": error.detail}]}
    return web.Response(status=error.status, body=msgspec.json.encode(body), content_type="application/json")
