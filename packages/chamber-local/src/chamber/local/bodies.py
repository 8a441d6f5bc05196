"""Request bodies, read up to a limit."""

from aiohttp import web

__all__ = ["BODY", "BodyTooLarge", "read_body"]

#: Where a body that was read is kept during its request's handling.
BODY = web.RequestKey("chamber_body", bytes)


class BodyTooLarge(Exception):
    """The request has a larger body than is taken."""


async def read_body(request: web.Request, limit: int) -> bytes:
    """The body. Raises BodyTooLarge as soon as it is known to be larger than `limit` bytes."""
    body = bytearray()
    if (request.content_length or 0) > limit:
        raise BodyTooLarge(f"the request's body is larger than {limit} bytes")
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise BodyTooLarge(f"the request's body is larger than {limit} bytes")
    request[BODY] = bytes(body)
    return request[BODY]
