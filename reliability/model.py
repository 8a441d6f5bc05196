"""A model of what a Chamber promises, walked at random beside a real one: submit, cancel, look, wait, crash."""

from __future__ import annotations

import argparse
import itertools
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from chamber.core import ChamberClient, Workload
from chamber.core.errors import ChamberError, ConflictError, SubmissionUnknownError
from chamber.local import LocalChamber
from chamber.local.faults.kinds import Kind
from reliability import figures

__all__ = ["DIALECTS", "main", "walk"]

DIALECTS = ("documented", "legacy")
#: Runs in CI, in both dialects together; so many that they take about a minute of one core.
_RUNS, _STEPS = 240, 50
#: Runs with one Chamber.
_WITH_ONE = 40
_FAULTS: tuple[Kind, ...] = (
    "reset_before",
    "reset_after",
    "status",
    "truncate",
    "html",
    "content_type",
    "unknown_status",
)
_LONG = 1_000_000.0

_befallen = st.sampled_from((*(None,) * 2 * len(_FAULTS), *_FAULTS))
_which = st.integers(0, 1_000)


class _Place:
    """The one Chamber of all runs of a dialect, its clients, and the folder that it is now in."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self._folder = Path(tempfile.mkdtemp(prefix="model-"))
        self._copies = itertools.count()
        self._data = self._folder / "data"
        self._stack = ExitStack()
        self.open()

    def open(self) -> None:
        """Starts it where it left off."""
        started = LocalChamber(self.dialect, "simulated", self._data, gpus={"H100": 8})
        self.chamber: LocalChamber = self._stack.enter_context(started)
        self.client: ChamberClient = self._stack.enter_context(started.client(clock=started.virtual_time))

    def restart(self) -> None:
        """Stops it in good order, and starts it again."""
        self._stack.close()
        self.open()

    def crash(self) -> None:
        """Starts another from the files as they lie there while it runs, as if it had been killed now."""
        copy = self._folder / f"{next(self._copies)}"
        shutil.copytree(self._data, copy, ignore=shutil.ignore_patterns("*.lock", "lock"))
        self._stack.close()
        shutil.rmtree(self._data)
        self._data = copy
        self.open()

    def close(self) -> None:
        """Nothing is left of it."""
        self._stack.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _has_jobs(machine: Chamber) -> bool:
    return bool(machine._jobs)


class Chamber(RuleBasedStateMachine):
    """What was submitted, and how it was last seen. Each run has a team of its own."""

    place: _Place
    #: Of all runs.
    steps, calls, faults, restarts = 0, 0, 0, 0

    def __init__(self) -> None:
        super().__init__()
        self._jobs: dict[str, Workload] = {}
        #: External ids whose fate was told to be unknown.
        self._unknown: set[str] = set()
        self._team = self.place.client.create_team("model").id

    @rule(gpus=st.integers(1, 9), seconds=st.sampled_from((0, 5, 3600)), fault=_befallen)
    def submit(self, gpus: int, seconds: int, fault: Kind | None) -> None:
        """A new job: acknowledged, or reported to be of unknown fate."""
        self._befall(fault)
        try:
            job = self.place.client.submit_job(
                "job", self._team, "H100", gpus, metadata={"simulated_seconds": str(seconds)}
            )
        except SubmissionUnknownError as error:
            self._unknown.add(_reported(error, fault))
        else:
            assert job.id not in self._jobs, "a new job is an old one"
            self._seen(job, fault)

    @precondition(_has_jobs)
    @rule(which=_which, fault=_befallen)
    def submit_again(self, which: int, fault: Kind | None) -> None:
        """The same external id is the same job, where the server heeds it."""
        job = self._chosen(which)
        if self.place.dialect != "documented" or not job.external_id:
            return
        self._befall(fault)
        try:
            again = self.place.client.submit_job(
                "job", self._team, "H100", job.requested_gpus or 1, metadata=job.metadata, external_id=job.external_id
            )
        except SubmissionUnknownError:
            assert fault is not None
        else:
            assert again.id == job.id, "one external id is two jobs"

    @precondition(_has_jobs)
    @rule(which=_which, fault=_befallen)
    def cancel(self, which: int, fault: Kind | None) -> None:
        """What has not ended is cancelled; what has ended stays as it is."""
        job = self._chosen(which)
        self._befall(fault)
        try:
            self._seen(self.place.client.cancel_workload(job.id), fault)
        except ConflictError:
            self.place.chamber.faults.clear()
            assert self.place.client.get_workload(job.id).is_terminal
        except ChamberError:
            assert fault is not None

    @precondition(_has_jobs)
    @rule(which=_which, fault=_befallen)
    def look(self, which: int, fault: Kind | None) -> None:
        """A job is what it was submitted as."""
        job = self._chosen(which)
        self._befall(fault)
        try:
            found = self.place.client.get_workload(job.id)
        except ChamberError:
            assert fault is not None
        else:
            self._seen(found, fault)

    @rule(size=st.integers(1, 7), fault=_befallen)
    def list_all(self, size: int, fault: Kind | None) -> None:
        """Page after page, every job once."""
        self._befall(fault)
        try:
            found = list(self.place.client.iter_workloads(initiative_id=self._team, page_size=size))
        except ChamberError:
            assert fault is not None
        else:
            self._complete(found, fault)

    @rule(size=st.integers(1, 7), fault=_befallen)
    def search(self, size: int, fault: Kind | None) -> None:
        """A search for the team finds what a list of it does."""
        self._befall(fault)
        try:
            found = list(self.place.client.iter_search(initiative_id=self._team, page_size=size))
        except ChamberError:
            assert fault is not None
        else:
            self._complete(found, fault)

    @precondition(_has_jobs)
    @rule(which=_which, fault=_befallen)
    def find(self, which: int, fault: Kind | None) -> None:
        """An external id finds its job, and no other."""
        job = self._chosen(which)
        if not job.external_id:
            return
        self._befall(fault)
        try:
            found = self.place.client.resolve_submission(job.external_id)
        except ChamberError:
            assert fault is not None
        else:
            assert found is not None
            assert found.id == job.id

    @precondition(_has_jobs)
    @rule(which=_which, fault=_befallen)
    def wait(self, which: int, fault: Kind | None) -> None:
        """Every job that fits ends at last."""
        job = self._chosen(which)
        if (job.requested_gpus or 0) > 8:
            return
        self._befall(fault)
        try:
            self._seen(self.place.client.wait_for_completion(job.id, poll_interval=60), fault)
        except ChamberError:
            assert fault is not None

    @rule(seconds=st.sampled_from((1.0, 60.0, 7200.0)))
    def pass_time(self, seconds: float) -> None:
        """Time goes on."""
        type(self).steps += 1
        self.place.chamber.clock.advance(seconds)

    @rule(often=st.integers(0, 3), crash=st.booleans())
    def start_again(self, often: int, crash: bool) -> None:
        """In good order or not, it comes back with all that it had. Rare, because it takes as long as fifty calls."""
        type(self).steps += 1
        if often:
            return
        type(self).restarts += 1
        self.place.crash() if crash else self.place.restart()
        self._complete(list(self.place.client.iter_workloads(initiative_id=self._team)), None)

    def teardown(self) -> None:
        """The server's own table: nothing lost, nothing doubled, nothing that was not reported."""
        self.place.chamber.faults.clear()
        rows = [row for row in self.place.chamber.workloads() if row.initiative_id == self._team]
        ids, externals = [row.id for row in rows], [row.external_id for row in rows]
        assert len(set(externals)) == len(externals), "doubled"
        assert set(self._jobs) <= set(ids), "lost"
        known = {job.external_id for job in self._jobs.values()} | self._unknown
        assert set(externals) <= known, "not reported"
        self.place.chamber.clock.advance(_LONG)

    def _befall(self, fault: Kind | None) -> None:
        """The next answer is befallen, and none after it."""
        type(self).steps += 1
        type(self).calls += 1
        self.place.chamber.faults.clear()
        if fault is not None:
            type(self).faults += 1
            self.place.chamber.faults.add(fault, times=1)

    def _chosen(self, which: int) -> Workload:
        return list(self._jobs.values())[which % len(self._jobs)]

    def _seen(self, job: Workload, fault: Kind | None) -> None:
        before = self._jobs.get(job.id)
        if fault == "unknown_status":
            self._jobs[job.id] = before or self.place.client.get_workload(job.id)
            return
        if before is not None:
            assert (job.external_id, job.requested_gpus) == (before.external_id, before.requested_gpus)
            assert not before.is_terminal or job.status == before.status, "what had ended changed"
        self._jobs[job.id] = job

    def _complete(self, found: list[Workload], fault: Kind | None) -> None:
        ids = [job.id for job in found]
        assert len(set(ids)) == len(ids), "twice in one listing"
        assert {job.id for job in found if job.external_id not in self._unknown} == set(self._jobs), (
            "listed is not held"
        )
        for job in found:
            if job.id in self._jobs:
                self._seen(job, fault)


def _walks(dialect: str, runs: int, asked: argparse.Namespace) -> Iterator[type[Chamber]]:
    """All of the runs, some with one Chamber and some with the next, so that its table does not grow without end."""
    for number, first in enumerate(range(0, runs, _WITH_ONE)):
        yield walk(dialect, min(_WITH_ONE, runs - first), asked.steps, asked.seed + number)


def _reported(error: SubmissionUnknownError, fault: Kind | None) -> str:
    """The external id of a submission of unknown fate."""
    assert fault is not None, "unknown without a fault"
    assert error.external_id is not None
    return error.external_id


def walk(dialect: str, runs: int, steps: int = _STEPS, first: int = 1) -> type[Chamber]:
    """So many runs of so many steps. Raises AssertionError, with the shortest run that shows it, where a law breaks."""

    class Walk(Chamber):
        place = _Place(dialect)

    chosen = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(seed(first)(Walk), settings=chosen)
    finally:
        Walk.place.close()
    return Walk


def main(argv: list[str]) -> int:
    """Walk beside a Chamber of either dialect: 240 runs of 50 steps in CI, 10,000 before a release."""
    parser = argparse.ArgumentParser(prog="python -m reliability model", description=main.__doc__)
    parser.add_argument("--runs", type=int, default=_RUNS, help="in both dialects together (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=_STEPS, help="of each run (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the choices (default: %(default)s)")
    asked = parser.parse_args(argv)
    began = time.process_time()
    walks = [one for dialect in DIALECTS for one in _walks(dialect, asked.runs // len(DIALECTS), asked)]
    told = {
        "runs": asked.runs,
        "steps": sum(one.steps for one in walks),
        "calls": sum(one.calls for one in walks),
        "faults": sum(one.faults for one in walks),
        "restarts and crashes": sum(one.restarts for one in walks),
        "laws broken": 0,
        "seconds of CPU": round(time.process_time() - began),
    }
    print(", ".join(f"{name}: {value:,}" for name, value in told.items()))
    figures.record("model", told, f"hatch run reliability model --runs {asked.runs}", seed=asked.seed)
    return 0
