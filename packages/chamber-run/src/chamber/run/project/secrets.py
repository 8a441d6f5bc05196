"""Keys that must not leave in a file, told by their shape. A kind is named; the value never is."""

import re

from msgspec import Struct

__all__ = ["LONGEST_KEY", "kind_of_key"]

#: Bytes within which every shape fits, so that a text may be searched in pieces that overlap by so much.
LONGEST_KEY = 1024


class _Shape(Struct, frozen=True):
    kind: str
    #: What is looked for first, because finding a literal is many times quicker than matching a pattern.
    markers: tuple[bytes, ...]
    #: Begins with a literal where it can, for the same reason: what comes before is looked at afterwards.
    pattern: re.Pattern[bytes]


_SHAPES = (
    _Shape(
        "an AWS access key",
        (b"AKIA", b"ASIA"),
        re.compile(rb"A[KS]IA(?<![A-Za-z0-9]....)(?![A-Z2-7]{9}EXAMPLE)[A-Z2-7]{16}(?![A-Za-z0-9])"),
    ),
    _Shape(
        "a GitHub token",
        (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_"),
        re.compile(rb"gh[pousr]_(?<![A-Za-z0-9_]....)[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{82}"),
    ),
    _Shape(
        "a Hugging Face token",
        (b"hf_",),
        re.compile(rb"hf_(?<![A-Za-z0-9_]...)[A-Za-z0-9]{34,64}(?![A-Za-z0-9_])"),
    ),
    _Shape(
        "a private key",
        (b"PRIVATE KEY",),
        re.compile(
            rb"-----BEGIN (?:[A-Z]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----"
            rb"(?:[\s\"'+,]|\\[nr]|[\w-]{1,40}: [^\n]{0,100}\n){1,20}[A-Za-z0-9+/]{40}"
        ),
    ),
    _Shape(
        "a Chamber token",
        (b"ch.",),
        re.compile(
            rb"ch\.(?<![A-Za-z0-9_.]...)(?=(?:[A-Za-z_-]{0,200}[0-9]){2})[A-Za-z0-9_-]{24,255}(?![A-Za-z0-9_(])"
        ),
    ),
)


def kind_of_key(text: bytes) -> str | None:
    """What kind of key `text` holds, such as "a GitHub token"; None when it holds none."""
    for shape in _SHAPES:
        if any(marker in text for marker in shape.markers) and shape.pattern.search(text):
            return shape.kind
    return None
