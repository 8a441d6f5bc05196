"""The one redactor: keeps secrets out of whatever is shown.

Known values first: every `Secret` that is alive, also in the forms that requests give it. Then what looks like a
credential although nobody told us.
"""

from __future__ import annotations

import base64
import re
import weakref
from collections.abc import Iterable
from urllib.parse import quote

__all__ = ["Secret", "redacted"]

_MASK = "***"
#: Characters; a shorter value, as tests have, may be part of any word.
_SHORTEST = 8
_LOOKS_SECRET = (
    (re.compile(r"(?i)\b(bearer|basic)(\s+)[A-Za-z0-9+/=._~-]{8,}"), rf"\1\2{_MASK}"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/@\s'\"]+@"), rf"\1{_MASK}@"),
    (re.compile(r"\bch\.[A-Za-z0-9_-]{16,}"), _MASK),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"), _MASK),
)


class Secret:
    """A text that is never shown: `reveal` alone returns it."""

    __slots__ = ("__value", "__weakref__")

    def __init__(self, value: str) -> None:
        self.__value = value
        _alive.add(self)

    def reveal(self) -> str:
        """The text itself, for the one place that sends it."""
        return self.__value

    def __repr__(self) -> str:
        return _MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.__value

    def __hash__(self) -> int:
        return hash(self.__value)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: object) -> Secret:
        return self

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return Secret, (_MASK,)


_alive: weakref.WeakSet[Secret] = weakref.WeakSet()


def redacted(text: str, *secrets: Secret | str | None) -> str:
    """`text` with every known secret, these too, and whatever looks like a credential, replaced by ``***``."""
    given = (secret.reveal() if isinstance(secret, Secret) else secret for secret in secrets)
    known = (value for secret in list(_alive) if len(value := secret.reveal()) >= _SHORTEST)
    for form in sorted(_forms({value for value in (*given, *known) if value}), key=len, reverse=True):
        text = text.replace(form, _MASK)
    for pattern, replacement in _LOOKS_SECRET:
        text = pattern.sub(replacement, text)
    return text


def _forms(values: Iterable[str]) -> set[str]:
    """The values as they are, quoted in a URL, and in base64."""
    forms: set[str] = set()
    for value in values:
        encoded = value.encode("utf-8", "surrogateescape")
        forms |= {value, quote(encoded, safe=""), base64.b64encode(encoded).decode()}
    return forms
