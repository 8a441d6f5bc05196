"""The dialects that a Chamber can be told to speak."""

from collections.abc import Mapping

from chamber.local.api.dialect import Dialect
from chamber.local.api.documented import DOCUMENTED
from chamber.local.api.legacy import LEGACY

__all__ = ["DIALECTS"]

DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in (DOCUMENTED, LEGACY)}
