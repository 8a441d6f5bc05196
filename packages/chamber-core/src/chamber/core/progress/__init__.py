"""How far long work is: told to a function, and shown where somebody looks on."""

from chamber.core.progress.steps import OnProgress as OnProgress
from chamber.core.progress.steps import Step as Step

__all__ = ["OnProgress", "Step"]
