"""What importing the client costs, and how long a new process takes until its first answer; whole processes."""

import functools

import measuring
import peers
import results
import serving
from measuring import Contestant

ROUNDS = 15
PEER = "chamber-sdk"
OURS, THEIRS = "from chamber.core import ChamberClient", "from chamber_sdk import ChamberClient"
FIRST = """
import sys
{0}
assert ChamberClient("ch.0123456789abcdef", sys.argv[1]).get_workload("wl_01").name
"""
HEAVY = ("asyncio", "aiohttp", "msgspec", "pluggy", "structlog")
NOTE = (
    "the floor is the import of aiohttp alone. It imports asyncio and ssl and reads the machine's certificates before "
    "anything is sent; what we add to it is the rest"
)


def main() -> None:
    """Measure both beside the peer's, and beside a process that imports nothing."""
    ours, theirs = peers.ours(), peers.peer()
    versions = {**peers.versions(ours, "chamber-core", "aiohttp"), **peers.versions(theirs, PEER, "requests")}
    light = f"{OURS}; import sys; assert not [name for name in {HEAVY} if name in sys.modules]"
    measuring.process([ours, "-c", light])
    imports = measuring.in_turn(
        {
            results.OURS: running(ours, OURS),
            PEER: running(theirs, THEIRS),
            "python -c pass": running(ours, "pass"),
        },
        ROUNDS,
    )
    with serving.served(measuring.SERVER_CORE) as server:
        first = measuring.in_turn(
            {
                results.OURS: running(ours, FIRST.format(OURS), server.url(1)),
                PEER: running(theirs, FIRST.format(THEIRS), server.url(1)),
                "import aiohttp": running(ours, "import aiohttp"),
            },
            ROUNDS,
        )
    what, then = "a whole process that imports the client", "a whole process, import and first answer"
    rows = [
        results.row(what, imports, PEER, least=6),
        results.row(what, imports, PEER, measure="cpu"),
        results.row(then, first, PEER, least=1 / 1.3, asked="at most 1.3x the time (0.77x)", note=NOTE),
        results.row(then, first, PEER, measure="cpu"),
    ]
    results.record("import_weight", rows, versions)


def running(python: object, program: str, *arguments: str) -> Contestant:
    """A fresh process with that program."""
    return functools.partial(measuring.process, [str(python), "-c", program, *arguments])
