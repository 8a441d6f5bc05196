"""Faults on purpose: what a network, a proxy or a broken server does to a client."""

from chamber.local.faults.faults import Faults
from chamber.local.faults.kinds import Fault, Injected, Kind

__all__ = ["Fault", "Faults", "Injected", "Kind"]
