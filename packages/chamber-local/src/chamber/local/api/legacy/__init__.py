"""The legacy dialect: bare objects or any of several wrappers, camelCase, upper-case statuses."""

from chamber.local.api.dialect import Dialect
from chamber.local.api.legacy.answers import REFUSAL, SHAPES

__all__ = ["LEGACY"]

LEGACY = Dialect(
    name="legacy",
    case=str.upper,
    parameters={"start_date": "start_time", "end_date": "end_time", "order": "sort_order"},
    shapes=SHAPES,
    refusal=REFUSAL,
)
