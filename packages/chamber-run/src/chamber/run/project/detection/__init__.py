"""Finds out what a project is: from its files alone, without running anything of it."""

from chamber.run.project.detection.dependencies import Dependencies
from chamber.run.project.detection.dependencies import read as read_dependencies
from chamber.run.project.detection.project import detect

__all__ = ["Dependencies", "detect", "read_dependencies"]
