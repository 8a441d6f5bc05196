"""One run of pytest that collects once, and then tries each mutant in a child of its own."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import select
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import coverage
import pytest

from reliability.mutation.mutants import Mutant, statements
from reliability.mutation.subjects import ROOT, Subject
from reliability.mutation.swapping import Instead, changed_constants, changed_function, functions, rebind, swap

__all__ = ["LATER", "Measured", "Trials", "child_ended", "one_trial"]

#: What a trial ends with, beside the name of the test that noticed.
SURVIVED, TIMEOUT, LATER = "survived", "timeout", "later"

_OPTIONS = [
    f"--rootdir={ROOT}",
    f"--confcutdir={ROOT}",
    "--override-ini=addopts=--import-mode=importlib --strict-markers",
    "--hypothesis-profile=mutation",
    "-pno:xdist",
    "-pno:cacheprovider",
    "-pno:terminal",
    "-pno:faulthandler",
    "--timeout=30",  # for what waits for ever; what computes for ever is ended by a timer
    "-Wignore::pytest.PytestAssertRewriteWarning",  # what is imported once for all children
]
_MEMORY = 6 << 30


class Measured(NamedTuple):
    """What the unchanged module's tests do."""

    #: Line -> the tests that run it.
    tests: dict[int, list[str]]
    #: Test -> seconds.
    seconds: dict[str, float]
    #: Percent of lines and branches.
    covered: float
    missing: list[str]


class Trials:
    """The plugin that has pytest run mutants in place of tests."""

    def __init__(self, subject: Subject, mutants: Sequence[Mutant], folder: Path) -> None:
        self.subject, self.mutants, self.folder = subject, mutants, folder
        self._broke = ""
        self._noticed: Counter[str] = Counter()
        self._coverage = coverage.Coverage(
            branch=True, include=[str(subject.file)], data_file=str(folder / "data"), config_file=False
        )

    def run(self) -> str:
        """Collect, measure and try. The results are in ``results.jsonl``; returns what broke it off."""
        _go_aside(self.folder)
        self._coverage.start()
        options = [*_OPTIONS, f"--basetemp={self.folder / 'tmp'}", *_paths(self.subject)]
        code = pytest.main(options, plugins=[self])
        return self._broke or f"pytest's exit code {int(code)}"

    def pytest_internalerror(self, excrepr: object) -> None:
        """Keep what happened."""
        self._broke = str(excrepr)[-2000:]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Instead of pytest's own."""
        if session.testsfailed or not session.items:
            raise RuntimeError(f"the tests of {self.subject.module} cannot be collected")
        session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        measured = self._measure(session)
        (self.folder / "measured.json").write_text(json.dumps(measured._asdict()), "utf-8")
        with (self.folder / "results.jsonl").open("w", encoding="utf-8") as results:
            for number, ended in self._tried(session, measured):
                results.write(json.dumps([number, ended]) + "\n")
                results.flush()
        return True

    def _measure(self, session: pytest.Session) -> Measured:
        seconds = self.folder / "seconds.json"
        if (ended := child_ended(lambda: self._unchanged(session, seconds), 900)) != SURVIVED:
            raise RuntimeError(f"{self.subject.module} is not mutated: its tests fail as they are ({ended})")
        self._coverage.stop()
        kept = coverage.Coverage(data_file=str(self.folder / "data"), config_file=False)
        kept.load()
        found = kept.get_data().contexts_by_lineno(str(self.subject.file))
        report = self.folder / "coverage.json"
        kept.json_report(morfs=[str(self.subject.file)], outfile=str(report))
        (one,) = json.loads(report.read_text("utf-8"))["files"].values()
        missing = [*map(str, one["missing_lines"]), *(f"{a}->{b}" for a, b in one["missing_branches"])]
        tests = {line: [name for name in names if name] for line, names in found.items()}
        return Measured(tests, json.loads(seconds.read_text("utf-8")), one["summary"]["percent_covered"], missing)

    def _unchanged(self, session: pytest.Session, seconds: Path) -> str:
        taken = {}
        for item, following in _pairs(session.items):
            self._coverage.switch_context(item.nodeid)
            began = time.perf_counter()
            if not _passes(item, following):
                return item.nodeid
            taken[item.nodeid] = time.perf_counter() - began
        self._coverage.stop()
        self._coverage.save()
        seconds.write_text(json.dumps(taken), "utf-8")
        return SURVIVED

    def _tried(self, session: pytest.Session, measured: Measured) -> Iterator[tuple[int, str]]:
        file = str(self.subject.file)
        original = compile(self.subject.source, file, "exec", dont_inherit=True)
        loaded, own = functions(file), statements(self.subject.source)
        items = {item.nodeid: item for item in session.items}
        gc.freeze()  # no child copies what it only looks through
        for number, mutant in enumerate(self.mutants):
            changed = changed_function(original, compile(mutant.source, file, "exec", dont_inherit=True))
            if changed and (changed[0].co_qualname, changed[0].co_firstlineno) in loaded:
                reaching = {name for line in own[mutant.line] for name in measured.tests.get(line, ())}
                yield number, self._ended(items, measured, reaching, partial(swap, loaded, *changed))
            elif (assigned := changed_constants(self.subject.source, mutant.source)) is not None:
                change = partial(rebind, self.subject.module, assigned)
                ended = self._ended(items, measured, set(items), change)
                yield number, LATER if ended == SURVIVED else ended
            else:
                yield number, LATER

    def _ended(
        self, items: dict[str, pytest.Item], measured: Measured, names: set[str], change: Callable[[], object]
    ) -> str:
        """How these tests end after the change: first those that noticed others, then as the subject lists them."""
        files = [test.partition("::")[0] for test in self.subject.tests]

        def rank(name: str) -> tuple[int, int, float]:
            return -self._noticed[name], files.index(name.partition("::")[0]), measured.seconds[name]

        chosen = [items[name] for name in sorted(names, key=rank)]
        place = self.folder / "tmp" / "trial"

        def trial() -> str:
            if chosen:
                chosen[0].config._tmp_path_factory._basetemp = place  # type: ignore[attr-defined]
            change()
            return _first_failure(chosen, measured.seconds)

        place.mkdir()
        ended = child_ended(trial, 10 + 10 * sum(measured.seconds[name] for name in names))
        shutil.rmtree(place, ignore_errors=True)
        self._noticed[ended] += 1
        return ended


def one_trial(subject: Subject, mutant: Mutant, folder: Path, order: Sequence[str]) -> str:
    """How a mutant ends that has to be there before anything imports its module. For a child of its own."""
    _go_aside(folder)
    Instead(subject.module, str(subject.file), mutant.source).install()
    plugin = _InOrder({name: number for number, name in enumerate(order)})
    code = pytest.main([*_OPTIONS, f"--basetemp={folder / 'tmp' / 'later'}", "-x", *_paths(subject)], plugins=[plugin])
    return SURVIVED if code == pytest.ExitCode.OK else plugin.failed or f"exit code {int(code)}"


class _InOrder:
    def __init__(self, order: dict[str, int]) -> None:
        self._order, self.failed = order, ""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self._order.get(item.nodeid, len(self._order)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid


def _go_aside(folder: Path) -> None:
    """Where a mutant that removes or writes too much does no harm."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    os.chdir(home)
    os.environ["HOME"] = str(home)


def _paths(subject: Subject) -> list[str]:
    return [str(ROOT / test) for test in subject.tests]


def child_ended(trial: Callable[[], str], allowed: float) -> str:
    """What `trial` returns in a child process that may take `allowed` seconds of processor time."""
    readable, writable = os.pipe()
    child = os.fork()
    if not child:
        _in_child(trial, writable, allowed)
    os.close(writable)
    with open(readable, "rb") as told:  # noqa: PTH123  a descriptor
        ended = _read(told.fileno(), 3 * allowed + 30)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return ended


def _in_child(trial: Callable[[], str], writable: int, allowed: float) -> None:
    os.setpgid(0, 0)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(allowed) + 1, int(allowed) + 2))
    try:
        ended = trial()
    except BaseException as error:
        ended = f"{type(error).__name__}: {error}"[:200]
    os.write(writable, ended.encode(errors="replace"))
    os._exit(0)


def _read(descriptor: int, seconds: float) -> str:
    """What the child says; a timeout when it says nothing until it ends."""
    ready, _, _ = select.select([descriptor], [], [], seconds)
    return (os.read(descriptor, 1 << 16).decode() if ready else "") or TIMEOUT


def _first_failure(items: Sequence[pytest.Item], seconds: dict[str, float]) -> str:
    for item, following in _pairs(items):
        signal.setitimer(signal.ITIMER_PROF, 3 + 5 * seconds[item.nodeid])  # of processor time; it kills
        if not _passes(item, following):
            return item.nodeid
    return SURVIVED


def _passes(item: pytest.Item, following: pytest.Item | None) -> bool:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    return not item.session.testsfailed


def _pairs(items: Sequence[pytest.Item]) -> Iterable[tuple[pytest.Item, pytest.Item | None]]:
    return zip(items, [*items[1:], None], strict=False)
