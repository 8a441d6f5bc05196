"""What a dialect is: words for statuses, names for parameters, and a shape for every answer."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from chamber.local.api.asked import StatusWord, When
from chamber.local.api.errors import ApiError
from chamber.local.workloads import Status

__all__ = ["Dialect", "Shape", "filled"]

S = TypeVar("S", bound=msgspec.Struct)


class Shape(msgspec.Struct, frozen=True):
    """The type that an answer has on the wire, and the function from the answer and the request's id to it.

    `made` points to the id of what was made (RFC 6901).
    """

    wire: Any
    render: Callable[[Any, str], Any]
    made: str | None = None


class Dialect(msgspec.Struct, frozen=True):
    """One way of speaking. `parameters` says what some query parameters are called in it."""

    name: str
    case: Callable[[str], str]
    parameters: Mapping[str, str]
    shapes: Mapping[type, Shape]
    refusal: Shape

    @property
    def statuses(self) -> tuple[str, ...]:
        """Its words for the statuses."""
        return tuple(self.case(status.value) for status in Status)

    def parameter(self, name: str) -> str:
        """What a query parameter is called."""
        return self.parameters.get(name, name)

    def read(self, kind: type, value: Any) -> Any:
        """A value of one of our own types (msgspec's `dec_hook`). Raises ValueError."""
        if kind is StatusWord:
            return StatusWord.read(value, self.statuses)
        if kind is When:
            return When.read(value)
        raise NotImplementedError(kind)

    def render(self, answer: Any, request_id: str) -> bytes:
        """The body of a success."""
        return msgspec.json.encode(self.shapes[type(answer)].render(answer, request_id))

    def refuse(self, error: ApiError, request_id: str) -> bytes:
        """The body of a refusal."""
        return msgspec.json.encode(self.refusal.render(error, request_id))


def filled(kind: type[S], facts: Mapping[str, Any], **others: Any) -> S:
    """A Struct with the facts that it has fields for."""
    known = {**facts, **others}
    return kind(**{name: known[name] for name in kind.__struct_fields__ if name in known})
