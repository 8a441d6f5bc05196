"""Blocking calls of coroutines: in a script, in threads, inside a running loop or a notebook, after a fork, at exit.

One event loop serves the whole process. A call that is alone is run in the thread that made it; for everything else a
daemon thread drives the loop (`wheel` says which, and when).
"""

from chamber.core.portal.calls import call
from chamber.core.portal.listings import Rest, each, follow, is_followed
from chamber.core.portal.waiting import in_caller, noted

__all__ = ["Rest", "call", "each", "follow", "in_caller", "is_followed", "noted"]
