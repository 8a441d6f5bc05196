"""The documented dialect: an envelope around everything, snake_case, lower-case statuses."""

from chamber.local.api.dialect import Dialect
from chamber.local.api.documented.answers import REFUSAL, SHAPES

__all__ = ["DOCUMENTED"]

DOCUMENTED = Dialect(
    name="documented",
    case=str.lower,
    parameters={"submitted_after": "start_date", "submitted_before": "end_date"},
    shapes=SHAPES,
    refusal=REFUSAL,
)
