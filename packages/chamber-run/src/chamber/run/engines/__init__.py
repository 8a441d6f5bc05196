"""Who builds images where one has to be built: docker with or without buildx, podman, nerdctl."""

from chamber.run.engines.build import Build
from chamber.run.engines.engine import Engine
from chamber.run.engines.finding import find

__all__ = ["Build", "Engine", "find"]
