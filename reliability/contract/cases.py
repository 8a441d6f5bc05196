"""schemathesis against a `LocalChamber`, in either dialect."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from msgspec import Struct

from chamber.local import LocalChamber
from reliability import figures

__all__ = ["DIALECTS", "Tried", "main", "run"]

DIALECTS = ("documented", "legacy")
_HERE = Path(__file__).parent
#: Cases that schemathesis makes for each of its `--max-examples`, found by trying; it makes what an operation can have.
_CASES_FOR_EACH_EXAMPLE = 80
_LEAST_EXAMPLES = 24


class Tried(Struct, frozen=True):
    """What one run of schemathesis found."""

    dialect: str
    cases: int
    #: Empty when nothing was found; else what schemathesis says.
    found: str


def run(dialect: str, examples: int = _LEAST_EXAMPLES, seed: int | None = None) -> Tried:
    """So many examples for each operation and phase, the same in every run; with a `seed`, others.

    The order of phases and checks, stateful links included, is schemathesis' own.
    """
    with LocalChamber(dialect, executor="simulated") as chamber, tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", _HERE / "schemathesis.toml", "run"),
                chamber.api_url.replace("/v1", "/openapi.json"),
                *("--header", f"Authorization: Bearer {chamber.token}"),
                *("--checks", "all", "--max-examples", str(examples)),
                *("--workers", "1"),  # CPython 3.11 compiles in one thread at a time only
                *("--report-json-path", report),
                *(["--generation-deterministic"] if seed is None else ["--seed", str(seed)]),
                *("--suppress-health-check", "too_slow", "--no-color"),
            ],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": folder,
                "PYTHONPATH": str(_HERE),
                "SCHEMATHESIS_HOOKS": "hooks",
                "KNOWN": json.dumps(_known(chamber)),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        told = json.loads(report.read_text("utf-8")) if report.exists() else {}
    cases = told.get("test_cases", {}).get("generated", 0)
    return Tried(dialect, cases, ended.stdout + ended.stderr if ended.returncode else "")


def main(argv: list[str]) -> int:
    """Try so many cases or more, half in each dialect: 4,000 in CI, 20,000 before a release. 0: nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m reliability contract", description=main.__doc__)
    parser.add_argument("--cases", type=int, default=4000, help="in both dialects together (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the first run (default: %(default)s)")
    asked = parser.parse_args(argv)
    tried = [one for dialect in DIALECTS for one in _until(dialect, asked.cases // len(DIALECTS), asked.seed)]
    found = [one for one in tried if one.found]
    for one in tried:
        print(f"{one.dialect:12} {one.cases:>7,} cases  {one.found or 'nothing found'}")
    told = {"cases": sum(one.cases for one in tried), "server errors and breaks of the schema": len(found)}
    figures.record("contract", told, f"hatch run reliability contract --cases {asked.cases}", seed=asked.seed)
    return 1 if found else 0


def _until(dialect: str, cases: int, seed: int) -> list[Tried]:
    """Runs with one seed after another, each against a new server, until there were so many cases."""
    tried: list[Tried] = []
    while (missing := cases - sum(one.cases for one in tried)) > 0:
        examples = max(_LEAST_EXAMPLES, missing // _CASES_FOR_EACH_EXAMPLE)
        tried.append(run(dialect, examples, seed + len(tried)))
        if tried[-1].found:
            break
    return tried


def _known(chamber: LocalChamber) -> dict[str, str | None]:
    """A value of each of the formats that the document names."""
    with chamber.client() as client:
        for _ in range(3):
            client.submit_job("job", chamber.team, "H100")
        allocation = client.create_allocation(chamber.team, "res-1", 1)
        token = client.list_workloads(limit=1).next_token
        cursor = client.search_workloads(page_size=1).next_cursor
    return {
        "organization-id": chamber.organization_id,
        "team-id": chamber.team,
        "template-id": "tmpl_hello",
        "allocation-id": allocation.id,
        "next-token": token,
        "cursor": cursor,
    }
