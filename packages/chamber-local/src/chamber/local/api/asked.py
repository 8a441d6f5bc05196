"""What requests are asked in: values that are read from text, and the bounds of others."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta

from chamber.local.clock import parse
from chamber.local.workloads import Status

__all__ = [
    "AllocationId",
    "Cursor",
    "Filters",
    "Id",
    "NextToken",
    "Order",
    "Span",
    "StatusWord",
    "Tags",
    "TeamId",
    "TemplateId",
    "When",
    "moment",
    "statuses",
]

Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=255)]
TeamId: TypeAlias = Annotated[Id, Meta(extra_json_schema={"format": "team-id"})]
TemplateId: TypeAlias = Annotated[Id, Meta(extra_json_schema={"format": "template-id"})]
AllocationId: TypeAlias = Annotated[Id, Meta(extra_json_schema={"format": "allocation-id"})]
Cursor: TypeAlias = Annotated[str, Meta(extra_json_schema={"format": "cursor"})]
NextToken: TypeAlias = Annotated[str, Meta(extra_json_schema={"format": "next-token"})]
Filters: TypeAlias = Annotated[tuple[str, ...], Meta(max_length=100)]
Tags: TypeAlias = dict[str, str]
Order: TypeAlias = Literal["asc", "desc"]
Span: TypeAlias = Literal["last_1h", "last_6h", "last_24h", "last_7d", "last_30d"]


class StatusWord:
    """A status in a filter. In the other dialect's case it stands for no workload at all."""

    def __init__(self, status: Status | None) -> None:
        self.status = status

    @classmethod
    def read(cls, text: Any, known: Iterable[str]) -> "StatusWord":
        """One of the `known` words. Raises ValueError: it is none in either case."""
        if text in (words := tuple(known)):
            return cls(Status(text.upper()))
        if isinstance(text, str) and text.upper() in Status.__members__:
            return cls(None)
        raise ValueError(f"{text!r} is none of {', '.join(words)}")


class When:
    """A moment: RFC 3339 or a bare date."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    @classmethod
    def read(cls, text: Any) -> "When":
        """The moment that a text names. Raises ValueError: it names none."""
        try:
            return cls(parse(text).astimezone(UTC))
        except (ValueError, OverflowError, TypeError) as error:
            raise ValueError(f"{text!r} is not a date of ISO 8601") from error


def statuses(words: Iterable[StatusWord] | None) -> tuple[Status, ...] | None:
    """The statuses of a filter; None when it admits all, none at all when its words are of the other dialect."""
    asked = tuple(words or ())
    return tuple(word.status for word in asked if word.status) if asked else None


def moment(when: When | None) -> datetime | None:
    """The moment, where there is one."""
    return when.at if when else None
