"""Values as the types of JSON, under the names that the API's reference has."""

from __future__ import annotations

from typing import Any

__all__ = ["names", "plain"]


def plain(value: Any) -> Any:
    """A value in texts, numbers, lists and dicts, with times as RFC 3339."""
    if hasattr(value, "to_dict"):
        told = value.to_dict()
        declared = [name for name in getattr(value, "__struct_fields__", ()) if name in told]
        return {**dict.fromkeys(declared), **told}  # what this version does not know comes last
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    import msgspec

    return msgspec.to_builtins(value, enc_hook=str)


def names(value: Any) -> list[str]:
    """The names of a value's fields: those that its kind declares, and of a dict those that it has."""
    declared = getattr(value, "__struct_fields__", None) or getattr(value, "_fields", None)
    return [name for name in declared if name != "extra"] if declared else list(plain(value))
