"""Faults in the body of a success: the server acted, and what it says of it is not to be understood."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from reliability.proxy.connection import Befalls, Connection
from reliability.proxy.kinds import Kind

__all__ = ["MALFORMED"]

_TYPE = re.compile(rb"Content-Type: [^\r]+", re.IGNORECASE)
_ID = re.compile(rb'"(\w*[iI]d)"\s*:')
_NOT_UNDERSTOOD = "UnexpectedResponseError"


def _said(body: Callable[[bytes], bytes]) -> Befalls:
    async def fault(connection: Connection) -> None:
        answer = await connection.answer()
        await connection.say(answer.saying(body(answer.body)))

    return fault


async def _without_content(connection: Connection) -> None:
    await connection.answer()
    await connection.say(b"HTTP/1.1 204 No Content\r\n\r\n")


async def _mislabelled(connection: Connection) -> None:
    answer = await connection.answer()
    await connection.say(_TYPE.sub(b"Content-Type: image/png", answer.head), answer.body)


def _fields(change: Callable[[dict[str, object]], object]) -> Befalls:
    """The fields of the thing that is answered, changed."""

    def changed(body: bytes) -> bytes:
        thing = json.loads(body)
        return json.dumps(change(thing.get("data", thing) if isinstance(thing, dict) else {})).encode()

    return _said(changed)


def _without_id(thing: dict[str, object]) -> object:
    return {key: value for key, value in thing.items() if not key.lower().endswith("id")}


def _another_id(body: bytes) -> bytes:
    return _ID.sub(rb'"\1":"wl_other",\g<0>', body, count=1)


def _kind(name: str, does: str, fault: Callable[..., object], read: str = _NOT_UNDERSTOOD) -> Kind:
    return Kind(name, "malformed", does, read, "once", fault)


MALFORMED = [
    _kind("empty", "an empty body", _said(lambda _: b"")),
    _kind("no_content", "204", _without_content),
    _kind("html", "a page of HTML", _said(lambda _: b"<!DOCTYPE html><html><body>Sign in</body></html>")),
    _kind("null", "null", _said(lambda _: b"null")),
    _kind("list", "a list of numbers", _said(lambda _: b"[1, 2]")),
    _kind("text", "a text", _said(lambda _: b'"created"')),
    _kind("nan", "NaN, which JSON does not have", _said(lambda body: b'{"id": NaN, ' + body[1:])),
    _kind("nested", "100,000 lists in each other", _said(lambda _: b"[" * 100_000 + b"]" * 100_000)),
    _kind("bad_utf8", "bytes that are no UTF-8", _said(lambda body: body[:-1] + b', "note": "\xff\xfe"}')),
    _kind("byte_order_mark", "a byte order mark before the JSON", _said(lambda body: b"\xef\xbb\xbf" + body)),
    _kind("mislabelled", "JSON under image/png", _mislabelled, read="result"),
    _kind(
        "unknown_status",
        "a status that nobody knows",
        _fields(lambda thing: {**thing, "status": "HIBERNATING"}),
        read="result",
    ),
    _kind("no_id", "no id", _fields(_without_id)),
    _kind("null_fields", "null in every field", _fields(dict.fromkeys)),
    _kind("wrong_envelope", "the thing in an envelope of another API", _fields(lambda thing: {"payload": [thing]})),
    _kind("key_twice", "a key twice in one object", _said(_another_id)),
]
