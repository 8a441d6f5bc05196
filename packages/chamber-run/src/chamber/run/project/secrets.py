"""Keys that must not leave in a file, told by their shape. A kind is named; the value never is."""

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

#: Each begins with the rarest literal of its keys and then looks back, because a literal is found many times quicker
#: than a pattern is matched. The group that matched says the kind.
_SHAPES = (
    re.compile(
        rb"IA(?<=A[KS]IA)(?<![A-Za-z0-9]A[KS]IA)(?P<aws>(?![A-Z2-7]{9}EXAMPLE)[A-Z2-7]{16}(?![A-Za-z0-9]))",
    ),
    re.compile(
        rb"_(?<=[pousrtf]_)(?:"
        rb"(?<=gh[pousr]_)(?<![A-Za-z0-9_]gh[pousr]_)(?P<github>[A-Za-z0-9]{36})"
        rb"|(?<=github_pat_)(?P<github_pat>[A-Za-z0-9_]{82})"
        rb"|(?<=hf_)(?<![A-Za-z0-9_]hf_)(?P<hugging_face>[A-Za-z0-9]{34,64}(?![A-Za-z0-9_])))"
    ),
    re.compile(
        rb"\.(?<=ch\.)(?<![A-Za-z0-9_.]ch\.)"
        rb"(?P<chamber>(?=(?:[A-Za-z_-]{0,200}[0-9]){2})[A-Za-z0-9_-]{24,255}(?![A-Za-z0-9_(]))"
    ),
)


_PRIVATE = b"PRIVATE KEY"
_PRIVATE_SHAPE = re.compile(
    rb"-----BEGIN (?:[A-Z]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----(?P<private>"
    rb"(?:[\s\"'+,]|\\[nr]|[\w-]{1,40}: [^\n]{0,100}\n){1,20}[A-Za-z0-9+/]{40})"
)


def kind_of_key(text: bytes) -> str | None:
    """What kind of key `text` holds, such as "a GitHub token"; None when it holds none."""
    for shape in (*_SHAPES, _PRIVATE_SHAPE) if _PRIVATE in text else _SHAPES:
        if found := shape.search(text):
            assert found.lastgroup is not None
            return _KINDS[found.lastgroup.removesuffix("_pat")]
    return None
