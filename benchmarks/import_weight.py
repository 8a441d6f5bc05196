"""What importing the client costs, as a whole process that does nothing else."""

import measuring
import peers
import results

ROUNDS = 21
PEER = "chamber-sdk"
FLOOR = "python -c pass"


def main() -> None:
    """Measure an import beside the peer's, and beside a process that imports nothing."""
    ours, theirs = peers.ours(), peers.peer()
    contestants = {
        results.OURS: lambda: measuring.process([ours, "-c", "from chamber.core import ChamberClient"]),
        PEER: lambda: measuring.process([theirs, "-c", "from chamber_sdk import ChamberClient"]),
        FLOOR: lambda: measuring.process([ours, "-c", "pass"]),
    }
    rounds = measuring.in_turn(contestants, ROUNDS)
    what = "a whole process that imports the client"
    rows = [results.row(what, rounds, PEER, least=6), results.row(what, rounds, PEER, measure="cpu")]
    results.record("import_weight", rows, {**peers.versions(ours, "chamber-core"), **peers.versions(theirs, PEER)})
