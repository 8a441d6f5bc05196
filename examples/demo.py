"""The main job, end to end, on your own machine: ``hatch run demo``.

Starts an embedded Chamber that keeps its data in ``.demo``, runs the project in ``examples/char-model`` on it and
prints what happened. Run it again after editing a line of ``train.py``: only the project's layer is uploaded.
``hatch run demo -- --break`` makes the script exit 3.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from chamber.core import ChamberClient, WorkloadFailedError
from chamber.local import LocalChamber
from chamber.metrics import WorkloadMetrics
from chamber.run import DryRunResult

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "examples" / "char-model"


def main() -> int:
    """Run the demo; 0 when the job completed, 1 when it did not."""
    options = arguments()
    with LocalChamber(data_dir=options.data_dir) as chamber, chamber.client() as client:
        print(f"An embedded Chamber listens at {chamber.api_url}, its image registry at {chamber.registry}\n")
        return demonstrate(chamber, client, ["--break"] if options.break_ else [])


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="hatch run demo --", description=__doc__)
    parser.add_argument("--break", dest="break_", action="store_true", help="make the training script exit 3")
    parser.add_argument("--data-dir", type=Path, default=ROOT / ".demo", help="where the embedded Chamber lives")
    return parser.parse_args()


def demonstrate(chamber: LocalChamber, client: ChamberClient, entrypoint_args: list[str]) -> int:
    """Plan, run, watch, and show what came of it."""
    started = time.monotonic()
    show_plan(client.plan(PROJECT, team=chamber.team, entrypoint_args=entrypoint_args))
    job = client.run(
        PROJECT,
        team=chamber.team,
        entrypoint_args=entrypoint_args,
        wait=True,
        poll_interval=0.05,
        on_progress=lambda stage, message: print(f"{stage:>10}  {message}", flush=True),
    )
    print(f"\nOutput of workload {job.id}:\n\n{chamber.logs(job.id)}")
    show_metrics(client.get_workload_metrics(job.id))
    print(f"\n{job.name} ended as {job.status} after {time.monotonic() - started:.1f} s, all told")
    try:
        job.raise_for_status()
    except WorkloadFailedError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def show_plan(plan: DryRunResult) -> None:
    """What was detected."""
    profile = plan.profile
    print(f"   profile  {profile.framework} project, runs {profile.entrypoint} with {profile.launcher}")
    print(f"            dependencies: {', '.join(profile.dependency_files) or 'none'}; {len(plan.files)} files")


def show_metrics(metrics: WorkloadMetrics) -> None:
    """What was measured, over time."""
    print(f"Metrics ({metrics.sample_count} samples, {metrics.data_quality}):\n{metrics.sparkline()}")


if __name__ == "__main__":
    sys.exit(main())
