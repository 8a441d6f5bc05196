"""The same storms for this client and for the published chamber-sdk, whose user tries three times; two columns.

In real time, as the published client has no other. Each of its tries is given a third of what a submission of this
client is given as a whole.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import peers

from reliability import figures
from reliability.chaos.outcome import Outcome, total
from reliability.chaos.storm import Storm, blow, own_home, served

__all__ = ["TRIES", "blown_by_peer", "compare"]

TRIES = 3
#: Seconds of each try.
_TRY = 2.0
_LATE = 0.25
#: Seconds until the published client has ended a storm, in any case.
_ENDS_WITHIN = 900
_COMPARED = (
    "submissions",
    "acknowledged",
    "duplicates",
    "acknowledged but absent",
    "present and unreported",
    "reported unknown",
    "foreign exceptions",
    "past deadline + 250 ms",
)
_CALLS = Path(__file__).with_name("peer_calls.py")


def compare(seeds: int, submissions: int, rate: float) -> int:
    """Let both live through the same storms, and print what each left; 1 where this client broke a promise."""
    python = peers.peer()
    storms = [Storm(seed, submissions, rate, limit=TRIES * _TRY) for seed in range(seeds)]
    ours, theirs = [], []
    for storm in storms:
        print(f"seed {storm.seed}: {storm.callers} callers", flush=True)
        ours.append(blow(storm))
        theirs.append(blown_by_peer(storm, python))
    columns = _column(ours), _column(theirs)
    print(f"{'':28} {'this client':>12} {'chamber-sdk':>12}")
    for name, own in columns[0].items():
        print(f"{name:28} {own:>12} {columns[1][name]:>12}")
    told = {name: f"{own} (chamber-sdk, {TRIES} tries: {columns[1][name]})" for name, own in columns[0].items()}
    figures.record("chaos-peer", told, f"hatch run chaos --peer --seeds {seeds}", seed=0)
    return int(any(outcome.violations() for outcome in ours))


def blown_by_peer(storm: Storm, python: Path) -> Outcome:
    """What the published client, run by `python`, and its user make of a storm."""
    with own_home() as folder, served(storm, folder / "chamber") as chamber:
        asked = {
            "url": chamber.api_url,
            "token": chamber.token,
            "organization": chamber.organization_id,
            "team": chamber.team,
            "names": [f"{storm.seed}-{number}" for number in range(storm.submissions)],
            "callers": storm.callers,
            "tries": TRIES,
            "timeout": _TRY,
        }
        outcome = _read(storm, _called(python, folder, asked))
        chamber.faults.clear()
        outcome.table = [(row.id, row.external_id) for row in chamber.workloads()]
        outcome.faults = len(chamber.faults.log)
    return outcome


def _called(python: Path, home: Path, asked: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    done = subprocess.run(
        [str(python), "-I", str(_CALLS)],
        input=json.dumps(asked),
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        text=True,
        timeout=_ENDS_WITHIN,
        check=True,
    )
    calls: Sequence[Mapping[str, object]] = json.loads(done.stdout)
    return calls


def _read(storm: Storm, calls: Sequence[Mapping[str, object]]) -> Outcome:
    """Its calls, in the words of an outcome. It can report nothing as unknown, and keeps no journal."""
    outcome = Outcome(storm.submissions, posts=len(calls), requests=len(calls))
    for told in calls:
        if told["foreign"]:
            outcome.foreign.append(str(told["error"]))
        if float(str(told["seconds"])) > _TRY + _LATE:
            outcome.late.append(f"{told['name']}: {told['seconds']} s of {_TRY:g}")
        if told["id"] is not None or told["error"] is None:
            outcome.acknowledged.append((str(told["name"]), str(told["id"])))
    return outcome


def _column(outcomes: Sequence[Outcome]) -> dict[str, float]:
    sums = total(outcomes)
    return {
        **{name: sums.get(name, 0) for name in _COMPARED},
        "amplification": round(sums["posts"] / max(1, sums["submissions"]), 3),
    }
