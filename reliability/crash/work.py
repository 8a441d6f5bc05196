"""What the killed processes do, and what is asked of the process after each."""

from __future__ import annotations

import base64
import json
import os
import signal
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from chamber.core import ChamberClient, plugins, submission
from chamber.core.journal import Journal
from chamber.core.settings import updating
from reliability.crash import trap
from reliability.crash.points import POINTS, Kind

__all__ = ["Order", "Told", "obey"]

#: Seconds after which a process has hung.
_LONGEST = 120


class Order(Struct):
    """One process: what it is to do, where, and where it dies."""

    kind: Kind
    #: The name of the workload, and of its image.
    name: str
    #: Holds ``home``, ``tmp`` and what is told at the end, ``told.json``.
    folder: str
    project: str
    api_url: str
    token: str
    registry: str
    team: str
    #: The point where it dies; None: it tells what it found, and lives.
    point: str | None = None
    #: Whether what is pending is asked for before the next run.
    resolve: bool = False
    #: Whether another run follows.
    again: bool = False
    #: Whether the job was acknowledged before, so that its id is not to be submitted again.
    acknowledged: bool = False


class Told(Struct):
    """What the next process found, and what it did."""

    #: External ids in the journal, before anything was done.
    pending: list[str] = []
    #: External ids that were asked for, and those of the jobs that were found.
    resolved: dict[str, str | None] = {}
    #: What the work gave: the job's external id, and that of another run.
    result: str | None = None
    again: str | None = None
    left_pending: list[str] = []


def obey(order: Order) -> None:
    """Do what is ordered in this process, which was forked for it."""
    signal.alarm(_LONGEST)
    folder = Path(order.folder)
    os.environ["CHAMBER_CONFIG_DIR"] = str(folder / "home")
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder / "tmp")
    if order.kind == "engine":
        _use_engine(order, folder / "docker")
    if order.point is not None:
        trap.set_for(next(point for point in POINTS if point.name == order.point))
        _WORK[order.kind](order)
    else:
        (folder / "told.json").write_bytes(msgspec.json.encode(_told(order)))


def _use_engine(order: Order, folder: Path) -> None:
    """Have an engine build: without the plugin, the embedded registry is one like any other, with a login."""
    folder.mkdir(exist_ok=True)
    login = base64.b64encode(f"chamber:{order.token}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {order.registry: {"auth": login}}}))
    os.environ |= {
        "CHAMBER_ENGINE": "docker",
        "CHAMBER_PLUGINS": "-chamber-local",
        "DOCKER_BUILDKIT": "0",
        "DOCKER_CONFIG": str(folder),
    }
    plugins.manager.cache_clear()


def _told(order: Order) -> Told:
    submission._LOOKS = (0.0, 0.01, 0.02)  # this server shows at once what it has
    work, told = _WORK[order.kind], Told()
    with _client(order) as client:
        told.pending = _pending()
        for external_id in told.pending if order.resolve else ():
            found = client.resolve_submission(external_id)
            told.resolved[external_id] = None if found is None else found.external_id
    if not (order.kind == "submit" and (order.acknowledged or any(told.resolved.values()))):
        told.result = work(order)
    if order.again:
        told.again = work(order)
    told.left_pending = _pending()
    return told


def _pending() -> list[str]:
    return [intent.external_id for intent in Journal().pending()]


def _client(order: Order) -> ChamberClient:
    return ChamberClient(order.token, order.api_url)


def _run(order: Order, **options: Any) -> str:
    with _client(order) as client:
        workload = client.run(order.project, team=order.team, name=order.name, registry=order.registry, **options)
    return str(workload.external_id)


def _save(order: Order) -> str:
    return _run(order, save_dockerfile=True, save_manifest=True)


def _submit(order: Order) -> str:
    with _client(order) as client:
        workload = client.submit_job(order.name, order.team, "H100", external_id=f"mine-{order.name}")
    return str(workload.external_id)


def _config(order: Order) -> str:
    with updating(Path(order.folder, "home", "config.json")) as content:
        content["changed"] = content.get("changed", 0) + 1
    return str(content["changed"])


def _build(order: Order) -> str:
    return _run(order, dockerfile="Dockerfile")


_WORK: Mapping[Kind, Callable[[Order], str]] = {
    "run": _run,
    "engine": _build,
    "resume": _run,
    "save": _save,
    "submit": _submit,
    "config": _config,
}
