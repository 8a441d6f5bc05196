"""What workloads print: where it is read, line by line, and followed through cuts."""

from chamber.core.output.sources import LogSource as LogSource
from chamber.core.output.sources import Pod as Pod
from chamber.core.output.sources import Reading as Reading

__all__ = ["LogSource", "Pod", "Reading"]
