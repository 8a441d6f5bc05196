"""Finds out what a project is: from its files alone, without running anything of it."""

from chamber.run.detection.dependencies import Dependencies
from chamber.run.detection.dependencies import read as read_dependencies
from chamber.run.detection.project import detect

__all__ = ["Dependencies", "detect", "read_dependencies"]
