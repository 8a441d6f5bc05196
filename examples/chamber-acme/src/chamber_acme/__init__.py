"""What GPU jobs cost at Acme."""

from chamber_acme.operations import Cost, CostOperations

__all__ = ["Cost", "CostOperations"]
