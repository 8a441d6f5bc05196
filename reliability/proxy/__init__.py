"""A proxy on loopback that does to requests whatever a network, a server or a thief does, and a table of what it can.

The kinds of the phases "environment" befall the process instead, see `reliability.proxy.environment`.
"""

from reliability.proxy.after import AFTER
from reliability.proxy.before import BEFORE
from reliability.proxy.connecting import CONNECT
from reliability.proxy.hostile import HOSTILE
from reliability.proxy.kinds import PHASES, Kind, rows
from reliability.proxy.malformed import MALFORMED
from reliability.proxy.server import FaultProxy

__all__ = ["ANSWERS", "CONNECT", "NETWORK", "PHASES", "FaultProxy", "Kind", "rows"]

#: Those that befall a request on its way, through a `FaultProxy`.
ANSWERS = [*BEFORE, *AFTER, *MALFORMED, *HOSTILE]
#: Those that befall calls from outside the process.
NETWORK = [*CONNECT, *ANSWERS]
