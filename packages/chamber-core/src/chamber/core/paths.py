"""Paths of the API, built so that no identifier can leave its collection."""

from __future__ import annotations

import re

from chamber.core.errors import ValidationError

__all__ = ["ApiPath", "path"]

_SEGMENT = re.compile(r"[A-Za-z0-9._~:@-]{1,255}")


class ApiPath(str):
    """A path below the API's base URL, already validated and quoted."""

    __slots__ = ()


def path(*segments: str) -> ApiPath:
    """The path of these segments: ``path("workloads", workload_id, "cancel")``.

    Raises ValidationError: a segment is empty, longer than 255 characters, ``.`` or ``..``, or has a character
    outside ``A-Z a-z 0-9 . _ ~ : @ -``.
    """
    return ApiPath("/".join([_quoted(segment) for segment in segments]))


def _quoted(segment: object) -> str:
    if not isinstance(segment, str) or not _SEGMENT.fullmatch(segment) or segment in {".", ".."}:
        raise ValidationError(
            f"{segment!r} is not an identifier: pass the id as the API returned it, 1 to 255 characters of "
            "letters, digits and . _ ~ : @ -"
        )
    return segment.replace(":", "%3A").replace("@", "%40")
