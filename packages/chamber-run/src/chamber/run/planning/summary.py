"""A plan for eyes: what was found and why, what will be built, uploaded and submitted."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from html import escape
from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.filesize import decimal
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from chamber.core import notebook
from chamber.core.redaction import redacted
from chamber.run.job.launch import shown
from chamber.run.settings.configuration import DEFAULT

if TYPE_CHECKING:
    from chamber.run.planning.plan import DryRunResult

__all__ = ["html", "summary", "text"]

_NARROWEST, _USUAL, _WIDEST = 80, 120, 160
_INDENT = (0, 0, 0, 2)

#: What a plan has not looked at.
_UNCHECKED = "Made offline: the token is checked before a run builds, and the team by the API when it submits."

_Row = tuple[str, str, str]


def text(plan: DryRunResult, hours: float | None = None) -> str:
    """The summary without colours, as wide as the terminal, or 120 characters."""
    width = shutil.get_terminal_size((_USUAL, 24)).columns
    console = Console(file=StringIO(), width=max(_NARROWEST, min(width, _WIDEST)), color_system=None)
    with console.capture() as captured:
        console.print(summary(plan, hours))
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def summary(plan: DryRunResult, hours: float | None = None) -> RenderableType:
    """The summary as rich shows it."""
    return Group(
        Text(_headline(plan), style="bold"),
        Text(_UNCHECKED, style="dim"),
        *(part for title, rows in _sections(plan, hours) for part in _section(title, rows)),
        *_warnings(plan),
        Text("Manifest", style="bold"),
        Padding(Syntax(redacted(plan.shown_manifest.rstrip()), "yaml", theme="ansi_dark"), _INDENT),
    )


def html(plan: DryRunResult) -> str:
    """The summary as tables, for notebooks; the manifest is folded."""
    tables = [notebook.table(title, _named(rows)) for title, rows in _sections(plan, None)]
    if plan.warnings:
        tables.insert(0, notebook.table("Warnings", [{"": warning} for warning in plan.warnings]))
    manifest = escape(redacted(plan.shown_manifest.rstrip()))
    folded = f"<details><summary>Manifest</summary><pre>{manifest}</pre></details>"
    return f"<b>{escape(redacted(_headline(plan)))}</b><p>{_UNCHECKED}</p>{''.join(tables)}{folded}"


def _named(rows: list[_Row]) -> list[dict[str, str]]:
    """The rows for a table, without a column in which nothing is said."""
    names = ("what", "value", "why") if any(why for _, _, why in rows) else ("what", "value")
    return [dict(zip(names, row, strict=False)) for row in rows]


def _headline(plan: DryRunResult) -> str:
    settings = plan.settings
    team = f"for team {settings.team}" if settings.team else "for no team yet"
    return f"{settings.name}: {settings.gpus} x {settings.gpu_type}, {settings.job_class}, {team}"


def _sections(plan: DryRunResult, hours: float | None) -> list[tuple[str, list[_Row]]]:
    """What is told under which heading, where there is anything."""
    every = {
        "Detected": _detected(plan),
        "Image": _image(plan),
        "Job": _job(plan, hours),
        "Settings": _settings(plan),
        "Environment variables": _variables(plan),
    }
    return [(title, found) for title, rows in every.items() if (found := list(rows))]


def _section(title: str, rows: Iterable[_Row]) -> Iterator[RenderableType]:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value, why in rows:
        told = Text.assemble(redacted(value), "  " if value and why else "", (redacted(why), "dim"))
        table.add_row(Text(name), told)
    yield Text(title, style="bold")
    yield Padding(table, _INDENT)


def _detected(plan: DryRunResult) -> Iterator[_Row]:
    for evidence in plan.profile.evidence:
        yield evidence.what, evidence.value, f"{evidence.why} ({evidence.change} to change it)"


def _image(plan: DryRunResult) -> Iterator[_Row]:
    build = plan.build
    if plan.own_dockerfile:
        yield "made by", plan.own_dockerfile, ""
    else:
        yield "base", plan.base_image.reference, build.base
        yield "environment", plan.environment_key, build.environment
        yield from (("installs", needed, "") for needed in [", ".join(_installed(plan))] if needed)
    files = "1 file" if len(plan.files) == 1 else f"{len(plan.files)} files"
    yield "project", f"{files}, {decimal(sum(file.size for file in plan.files))}", build.project
    yield from ((name, "", told) for name, told in (("upload", build.upload), ("crosses", build.crossing)) if told)
    yield "goes to", plan.image, ""


def _installed(plan: DryRunResult) -> Iterator[str]:
    environment = plan.environment
    if environment.requirements_file:
        yield environment.requirements_file
    yield from environment.requirements
    yield from environment.image_steps


def _job(plan: DryRunResult, hours: float | None) -> Iterator[_Row]:
    yield "name", plan.job_name, ""
    yield "command", shown(plan.command), ""
    for field, value in plan.submitted.items():
        if field != "name":
            yield field, str(value), ""
    if hours is not None:
        yield "GPU-hours", f"{plan.settings.gpus * hours:g}", f"{plan.settings.gpus} GPUs for {hours:g} hours"


def _settings(plan: DryRunResult) -> Iterator[_Row]:
    shown = plan.settings.shown
    for name, source in plan.settings.sources.items():
        if source != DEFAULT and name in shown and name != "env":
            yield name, str(shown[name]), source


def _variables(plan: DryRunResult) -> Iterator[_Row]:
    for name, value in sorted(plan.settings.shown_env.items()):
        yield name, value, plan.sources.get(f"env.{name}", "")
    for name, key in sorted(plan.settings.secrets.items()):
        yield name, "***", f"the Kubernetes secret {key}"


def _warnings(plan: DryRunResult) -> Iterator[RenderableType]:
    if plan.warnings:
        yield Text("Warnings", style="bold yellow")
    for warning in plan.warnings:
        yield Padding(Text(f"! {redacted(warning)}", overflow="fold"), _INDENT)
