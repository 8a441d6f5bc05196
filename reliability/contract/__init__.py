"""What the embedded server's OpenAPI document says of it, tried by schemathesis with all of its checks."""

from reliability.contract.cases import DIALECTS, Tried, main, run

__all__ = ["DIALECTS", "Tried", "main", "run"]
