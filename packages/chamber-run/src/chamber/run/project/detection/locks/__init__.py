"""Lock files, turned into requirements files of exact pins that pip and uv can install."""

from chamber.run.project.detection.locks.kinds import FILES, is_lock, read
from chamber.run.project.detection.locks.pins import Locked, Pin, Wanted
from chamber.run.project.detection.locks.rendering import pins_by_environment, rendered

__all__ = ["FILES", "Locked", "Pin", "Wanted", "is_lock", "pins_by_environment", "read", "rendered"]
