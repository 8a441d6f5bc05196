"""The host's NVIDIA GPUs through NVML, where there are any and nvidia-ml-py is installed."""

import importlib
from typing import Any

import msgspec

__all__ = ["GpuReading", "NvidiaGpus"]


class GpuReading(msgspec.Struct, frozen=True):
    """Averages over the GPUs: percent, percent, degrees Celsius; `power_usage` is their sum in watts."""

    gpu_utilization: float
    memory_utilization: float
    temperature: float
    power_usage: float
    gpu_usage: float


class NvidiaGpus:
    """The GPUs of this host."""

    def __init__(self, nvml: Any, devices: tuple[Any, ...]) -> None:
        self._nvml, self._devices = nvml, devices

    @classmethod
    def find(cls) -> "NvidiaGpus | None":
        """None without a GPU, its driver or the module."""
        try:
            nvml = importlib.import_module("pynvml")
            nvml.nvmlInit()
            devices = tuple(nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount()))
        except Exception:
            return None
        return cls(nvml, devices) if devices else None

    def read(self) -> GpuReading | None:
        """What they do now; None when the driver does not answer."""
        try:
            readings = tuple(self._one(device) for device in self._devices)
        except self._nvml.NVMLError:
            return None
        mean = [sum(column) / len(readings) for column in zip(*readings, strict=True)]
        power = sum(reading[3] for reading in readings)
        return GpuReading(mean[0], mean[1], mean[2], power, sum(r[0] for r in readings) / 100)

    def _one(self, device: Any) -> tuple[float, float, float, float]:
        memory = self._nvml.nvmlDeviceGetMemoryInfo(device)
        return (
            float(self._nvml.nvmlDeviceGetUtilizationRates(device).gpu),
            100.0 * memory.used / memory.total,
            float(self._nvml.nvmlDeviceGetTemperature(device, self._nvml.NVML_TEMPERATURE_GPU)),
            self._nvml.nvmlDeviceGetPowerUsage(device) / 1000,
        )
