"""Keys that must not leave in a file, told by their shape. A kind is named; the value never is.

A literal is found many times quicker than a pattern is matched, and each pass over a text costs as much as the next. So
there are two: one from the ``I`` of AWS's keys and of ``PRIVATE KEY``, one from the ``h`` that is in all the others.
Each then looks back.
"""

import re

__all__ = ["LONGEST_KEY", "kind_of_key"]

#: Bytes within which every shape fits, so that a text may be searched in pieces that overlap by so much.
LONGEST_KEY = 1024


_KINDS = {
    "aws": "an AWS access key",
    "github": "a GitHub token",
    "hugging_face": "a Hugging Face token",
    "private": "a private key",
    "chamber": "a Chamber token",
}

_AWS = rb"A(?<=A[KS]IA)(?<![A-Za-z0-9]A[KS]IA)(?P<aws>(?![A-Z2-7]{9}EXAMPLE)[A-Z2-7]{16}(?![A-Za-z0-9]))"
_GITHUB = rb"_(?<=gh[pousr]_)(?<![A-Za-z0-9_]gh[pousr]_)(?P<github>[A-Za-z0-9]{36})"
_GITHUB_PAT = rb"b_pat_(?<=github_pat_)(?P<github_pat>[A-Za-z0-9_]{82})"
_HUGGING_FACE = rb"_(?<=hf_)(?<![A-Za-z0-9_]hf_)(?P<hugging_face>[A-Za-z0-9]{34,64}(?![A-Za-z0-9_]))"
_CHAMBER = (
    rb"(?<=ch\.)(?<![A-Za-z0-9_.]ch\.)"
    rb"(?P<chamber>(?=(?:[A-Za-z_-]{0,200}[0-9]){2})[A-Za-z0-9_-]{24,255}(?![A-Za-z0-9_(]))"
)

#: The group that matched says the kind; of a private key no more than its literal is asked for.
_FROM_I = re.compile(rb"I(?:%b|VATE KEY(?P<private>))" % _AWS)
_FROM_H = re.compile(rb"h[fpousr.](?:%b|%b|%b|%b)" % (_GITHUB, _HUGGING_FACE, _GITHUB_PAT, _CHAMBER))

_AWS_ALONE = re.compile(rb"I%b" % _AWS)
_PRIVATE = re.compile(
    rb"-----BEGIN (?:[A-Z]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----(?P<private>"
    rb"(?:[\s\"'+,]|\\[nr]|[\w-]{1,40}: [^\n]{0,100}\n){1,20}[A-Za-z0-9+/]{40})"
)


def kind_of_key(text: bytes) -> str | None:
    """What kind of key `text` holds, such as "a GitHub token"; None when it holds none."""
    found = _search(_FROM_I, b"I", text)
    if found is not None and found.lastgroup == "private":
        found = _AWS_ALONE.search(text, found.end()) or _PRIVATE.search(text)
    found = found or _search(_FROM_H, b"h", text)
    if found is None:
        return None
    assert found.lastgroup is not None
    return _KINDS[found.lastgroup.removesuffix("_pat")]


def _search(pattern: re.Pattern[bytes], literal: bytes, text: bytes) -> re.Match[bytes] | None:
    """The first match of what begins with `literal`. Up to the first of those, which numbers lack, it is C's memchr."""
    first = text.find(literal)
    return None if first < 0 else pattern.search(text, first)
