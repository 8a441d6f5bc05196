"""What msgspec raises for bytes that are not what they are to be, which is more than its own error."""

import msgspec

__all__ = ["UNREADABLE"]

#: Not of the form asked for; no UTF-8 in a text; nested too deeply.
UNREADABLE: tuple[type[msgspec.DecodeError], type[UnicodeDecodeError], type[RecursionError]] = (
    msgspec.DecodeError,
    UnicodeDecodeError,
    RecursionError,
)
