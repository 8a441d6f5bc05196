"""Between the bytes of the API and models, in every dialect.

An answer that is not understood is an error that says so, never an empty success.
"""

from chamber.core.wire.answers import Answer
from chamber.core.wire.decoding import NotUnderstood, Unread, decode, understood
from chamber.core.wire.dialect import Dialect, spelt
from chamber.core.wire.encoding import encode_body, encode_query
from chamber.core.wire.failures import failure

__all__ = [
    "Answer",
    "Dialect",
    "NotUnderstood",
    "Unread",
    "decode",
    "encode_body",
    "encode_query",
    "failure",
    "spelt",
    "understood",
]
