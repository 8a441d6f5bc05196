"""Keys that must not leave in a file, told by their shape. A kind is named; the value never is.

Nearly all that is searched holds none, so one pass asks for signs of any. It stops at every ``h``, which all keys have
but AWS's and private ones: their ``I`` is read as an ``h``, because replacing a byte costs less than a second pass.
"""

import re

__all__ = ["LONGEST_KEY", "kind_of_key"]

#: Bytes within which every shape fits, so that a text may be searched in pieces that overlap by so much.
LONGEST_KEY = 1024

_TWO_DIGITS = rb"(?=(?:[A-Za-z_-]{0,200}[0-9]){2})"

#: Each begins with a literal, which is found many times quicker than a pattern is matched, and then looks back.
_SHAPES = {
    "an AWS access key": re.compile(
        rb"A[KS]IA(?<![A-Za-z0-9]A[KS]IA)(?![A-Z2-7]{9}EXAMPLE)[A-Z2-7]{16}(?![A-Za-z0-9])"
    ),
    "a GitHub token": re.compile(
        rb"g(?:h[pousr]_(?<![A-Za-z0-9_]gh[pousr]_)[A-Za-z0-9]{36}|ithub_pat_[A-Za-z0-9_]{82})"
    ),
    "a Hugging Face token": re.compile(rb"hf_(?<![A-Za-z0-9_]hf_)[A-Za-z0-9]{34,64}(?![A-Za-z0-9_])"),
    "a Chamber token": re.compile(
        rb"ch\.(?<![A-Za-z0-9_.]ch\.)%b[A-Za-z0-9_-]{24,255}(?![A-Za-z0-9_(])" % _TWO_DIGITS,
    ),
    "a private key": re.compile(
        rb"-----BEGIN (?:[A-Z]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----"
        rb"(?:[\s\"'+,]|\\[nr]|[\w-]{1,40}: [^\n]{0,100}\n){1,20}[A-Za-z0-9+/]{40}"
    ),
}

#: A part of each shape, as it is with an ``h`` for each ``I``.
_SIGN = re.compile(
    rb"h[AVfpousr.](?:"
    rb"(?<=hA)[A-Z2-7h]{16}|_[A-Za-z0-9]{34}|b_pat_|(?<=ch\.)%b[A-Za-z0-9_-]{24}|ATE KEY)" % _TWO_DIGITS
)


def kind_of_key(text: bytes) -> str | None:
    """What kind of key `text` holds, such as "a GitHub token"; None when it holds none."""
    signs = text.replace(b"I", b"h")
    if b"h" not in signs or _SIGN.search(signs) is None:
        return None
    return next((kind for kind, shape in _SHAPES.items() if shape.search(text)), None)
