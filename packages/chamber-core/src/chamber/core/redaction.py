"""Keeps secrets out of whatever is shown."""

from __future__ import annotations

__all__ = ["Secret", "redacted"]

_MASK = "***"


class Secret:
    """A text that is never shown: `reveal` alone returns it."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

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


def redacted(text: str, *secrets: Secret | str | None) -> str:
    """`text` with each of the secrets replaced by ``***``."""
    for secret in secrets:
        value = secret.reveal() if isinstance(secret, Secret) else secret
        if value:
            text = text.replace(value, _MASK)
    return text
