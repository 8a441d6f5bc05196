"""What is measured: its title, its unit, and how far its scale goes."""

from __future__ import annotations

import msgspec

__all__ = ["Quantity", "quantity"]


class Quantity(msgspec.Struct, frozen=True):
    """How a metric is shown."""

    title: str
    unit: str = ""
    #: Where its scale ends, in its unit; None: where its values do.
    top: float | None = None
    #: The API's values are divided by this to be in the unit.
    divisor: float = 1.0

    @property
    def label(self) -> str:
        """The title with the unit, as on an axis."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def scaled(self, value: float) -> float:
        """A value of the API in the unit."""
        return value / self.divisor

    def figure(self, value: float | None) -> str:
        """A value of the API as digits, without its unit; a dash where there is none."""
        return "-" if value is None else _digits(self.scaled(value))

    def text(self, value: float | None) -> str:
        """A value of the API with its unit."""
        return f"{self.figure(value)} {self.unit}" if self.unit and value is not None else self.figure(value)


#: What is less than this is not told exactly.
_HARDLY = 0.001

#: The metrics of the API, and the two that chamber-local adds.
_QUANTITIES = {
    "gpu_utilization": Quantity("GPU utilisation", "%", 100),
    "memory_utilization": Quantity("GPU memory", "%", 100),
    "temperature": Quantity("GPU temperature", "°C"),
    "power_usage": Quantity("GPU power", "W"),
    "gpu_usage": Quantity("GPUs in use", "GPUs"),
    "cpu_utilization": Quantity("CPU utilisation", "% of a core"),
    "memory_bytes": Quantity("Memory", "MiB", divisor=2**20),
    "gpu_hours": Quantity("GPU time", "GPU-hours"),
}


def quantity(metric: str) -> Quantity:
    """How a metric is shown; one that is not known here has its name for a title, and no unit."""
    title = "".join(sign if sign.isprintable() else "?" for sign in metric.replace("_", " ").strip())
    return _QUANTITIES.get(metric) or Quantity(title[:1].upper() + title[1:])


def _digits(value: float) -> str:
    """Four digits that count, or all before the point; what is hardly anything is said to be that."""
    if 0 < value < _HARDLY:
        return f"<{_HARDLY:g}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
