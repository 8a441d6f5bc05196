"""Names that Kubernetes and registries accept, from any text, without two texts getting the same one."""

from __future__ import annotations

import hashlib
import string
from typing import Literal

__all__ = ["Kind", "job_name", "label"]

Kind = Literal["Job", "RayJob"]

_ALLOWED = frozenset(string.ascii_lowercase + string.digits + "-")
_HASH_LENGTH = 8
#: RFC 1035 has 63. A Job's pods get a suffix of up to 11 more (``-<index>-<5 characters>``), and a RayJob's cluster
#: one of 6, which itself may have 53 (KubeRay: ``MaxRayJobNameLength``).
_LONGEST: dict[Kind, int] = {"Job": 52, "RayJob": 47}


def job_name(text: str, unique: str, kind: Kind = "Job") -> str:
    """The name of a Job or RayJob: `text` as a label, and what makes it unique."""
    return f"{label(text, _LONGEST[kind] - len(unique) - 1)}-{unique}"


def label(text: str, longest: int = 63) -> str:
    """`text` as an RFC 1035 label; where it had to be changed, with a hash of what it was."""
    plain = "".join(c if c in _ALLOWED else "-" for c in text.lower()).strip("-")
    plain = plain if plain[:1].isalpha() else f"p-{plain}".rstrip("-")
    if plain == text and len(plain) <= longest:
        return plain
    kept = plain[: longest - _HASH_LENGTH - 1].rstrip("-")
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    return f"{kept}-{digest[:_HASH_LENGTH]}"
