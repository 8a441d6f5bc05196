"""``python -m reliability mutation [MODULE ...]``: the score of each module, and the mutants that no test noticed."""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from reliability.figures import record
from reliability.mutation.mutants import Mutant, mutants
from reliability.mutation.subjects import ROOT, SUBJECTS, Subject
from reliability.mutation.trials import LATER, SURVIVED, Measured, Trials, child_ended, one_trial

__all__ = ["main", "scored"]

#: Imported once, so that no child has to; nothing of chamber's, which a mutant may have to come before.
_WARM = ("aiohttp", "filelock", "hypothesis", "jsonschema", "kubernetes_validate", "msgspec",
         "packaging.requirements", "structlog", "yaml", "yarl")  # fmt: skip
_FIGURES = ROOT / "reliability" / "figures" / "mutation.json"
_EQUIVALENT = Path(__file__).with_name("equivalent.json")


class Score(NamedTuple):
    """What became of the mutants of one module."""

    measured: Measured
    killed: int
    #: Line and change of each that no test noticed.
    survivors: list[str]
    #: Of those, the ones that do what the module does.
    equivalent: int

    @property
    def percent(self) -> float:
        """Of the mutants that do anything else, those that a test noticed."""
        made = self.killed + len(self.survivors)
        return 100 * self.killed / made if made else 100.0


def main(argv: list[str]) -> int:
    """Change each module in one place at a time, and count the changes that no test notices."""
    parser = argparse.ArgumentParser(prog="python -m reliability mutation", description=main.__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(SUBJECTS)}; all without")
    parser.add_argument("--line", type=int, action="append", default=[], help="only mutants of this line")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th mutant; 1 before a release")
    parser.add_argument("--least", type=float, default=90.0, help="percent that each module has to reach")
    options = parser.parse_args(argv)
    if unknown := set(options.modules) - set(SUBJECTS):
        parser.error(f"no such module: {', '.join(sorted(unknown))}")
    for name in _WARM:
        with suppress(ImportError):
            importlib.import_module(name)
    scores: dict[str, Score] = {}
    for name in options.modules or SUBJECTS:
        scores[name] = scored(name, options.line, options.every)
        if not options.line:  # as they come: a whole run takes long
            record("mutation", {**_recorded(), **_figures(scores, options.every)}, "hatch run reliability mutation")
    return 0 if all(score.percent >= options.least for score in scores.values()) else 1


def scored(name: str, lines: Sequence[int] = (), every: int = 1) -> Score:
    """Try the mutants of a module, or those of some lines, or each n-th, and print what became of them."""
    began, subject = time.monotonic(), SUBJECTS[name]
    made = [mutant for mutant in mutants(subject.source) if not lines or mutant.line in lines][::every]
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        measured, ended = _tried(subject, made, Path(folder))
    score = _score(name, made, measured, ended)
    print(
        f"{name}: {score.percent:.1f} % of {score.killed + len(score.survivors)} mutants killed, "
        f"{measured.covered:.1f} % of lines and branches covered, {time.monotonic() - began:.0f} s"
    )
    for survivor in score.survivors:
        print(f"  survived: {survivor}")
    if measured.missing:
        print(f"  not reached: {', '.join(measured.missing)}")
    sys.stdout.flush()
    return score


def _tried(subject: Subject, made: Sequence[Mutant], folder: Path) -> tuple[Measured, list[str]]:
    ended = child_ended(Trials(subject, made, folder).run, 36_000)
    results = [json.loads(line)[1] for line in _text(folder / "results.jsonl").splitlines()]
    if len(results) != len(made):
        raise SystemExit(f"{subject.module}: the run broke off:\n{ended}")
    measured = Measured(**json.loads(_text(folder / "measured.json")))
    order = sorted(measured.seconds, key=lambda test: measured.seconds[test])
    allowed = 20 + 10 * sum(measured.seconds.values())
    for number, mutant in enumerate(made):
        if results[number] == LATER:
            results[number] = child_ended(functools.partial(one_trial, subject, mutant, folder, order), allowed)
    return measured, results


def _score(name: str, made: Sequence[Mutant], measured: Measured, ended: Sequence[str]) -> Score:
    equivalent = json.loads(_EQUIVALENT.read_text("utf-8")).get(name, {})
    alive = [mutant for mutant, end in zip(made, ended, strict=True) if end == SURVIVED]
    survivors = [f"{mutant.line}: {mutant.name}" for mutant in alive if mutant.name not in equivalent]
    return Score(measured, len(made) - len(alive), survivors, len(alive) - len(survivors))


def _recorded() -> dict[str, object]:
    """What earlier runs counted of modules that are still in the table."""
    figures = json.loads(_text(_FIGURES) or "{}").get("figures", {})
    return {name: figures[name] for name in SUBJECTS if name in figures}


def _figures(scores: dict[str, Score], every: int) -> dict[str, object]:
    figures: dict[str, object] = {}
    for name, score in scores.items():
        counted = f"{score.killed} of {score.killed + len(score.survivors)} mutants ({score.percent:.1f} %)"
        counted += f", each {every}th tried" if every > 1 else ""
        figures[name] = f"{counted}; {score.measured.covered:.1f} % of lines and branches"
    return figures


def _text(file: Path) -> str:
    return file.read_text("utf-8") if file.exists() else ""
