"""The named points at which a process is killed: a function of the product, before or after one of its calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

__all__ = ["POINTS", "Kind", "Point"]

#: What the process is doing: a run that makes everything, one that an engine builds, one that writes files into the
#: project, one that takes up what a killed run left, a submission alone, or a change of the configuration.
Kind = Literal["run", "engine", "save", "resume", "submit", "config"]


class Point(Struct, frozen=True):
    """One point."""

    name: str
    kind: Kind
    #: ``module:attribute`` or ``module:Class.attribute``, as the caller of the function finds it.
    function: str
    when: Literal["before", "after"]
    #: Which call of those whose arguments, as a text, hold `match`.
    number: int = 1
    match: str = ""
    #: Whether the API's answer has been kept by then, so that nothing is left to take up.
    acknowledged: bool = False
    #: Whether the request may still be on its way when the process dies.
    in_flight: bool = False


_REPLACE = "pathlib:Path.replace"
_REPOSITORY = "chamber.run.registry.repository:Repository"
_READ = "chamber.core.transport.exchange:Streamed.read"
_OPERATIONS = "chamber.run.operations"

#: Name, function, when, and the rest.
_RUN: list[tuple[str, str, Literal["before", "after"], dict[str, object]]] = [
    ("run begun", f"{_OPERATIONS}:prepare", "before", {}),
    ("project read", "chamber.run.project.stat_cache:StatCache.keep", "before", {}),
    ("stat cache, before its rename", _REPLACE, "before", {"match": "cache/files-"}),
    ("stat cache written", _REPLACE, "after", {"match": "cache/files-"}),
    ("planned", f"{_OPERATIONS}:prepare", "after", {}),
    ("access asked for", f"{_OPERATIONS}:RunOperations._require_access", "after", {}),
    ("publication begun", f"{_OPERATIONS}:publish", "before", {}),
    ("environment build begun", "chamber.run.publishing:_recipe_layer", "before", {}),
    ("environment build ended", "chamber.run.publishing:_recipe_layer", "after", {}),
    ("image looked for", f"{_REPOSITORY}.find", "after", {}),
    ("base sizes, before their rename", _REPLACE, "before", {"match": "cache/base-sizes"}),
    ("base sizes written", _REPLACE, "after", {"match": "cache/base-sizes"}),
    ("blob upload started", f"{_REPOSITORY}._upload_location", "after", {}),
    ("environment layer uploaded", f"{_REPOSITORY}.put_layer", "after", {}),
    ("environment config uploaded", f"{_REPOSITORY}.put_config", "after", {}),
    ("environment manifest, before it is put", f"{_REPOSITORY}.put_manifest", "before", {}),
    ("environment manifest put", f"{_REPOSITORY}.put_manifest", "after", {}),
    ("project layer packed", "chamber.run.images.layers:ProjectLayers.pack", "after", {}),
    ("layer cache, before its rename", _REPLACE, "before", {"match": "cache/layers-"}),
    ("layer cache written", _REPLACE, "after", {"match": "cache/layers-"}),
    ("project layer, before its upload", f"{_REPOSITORY}.put_layer", "before", {"number": 2}),
    ("project layer uploaded", f"{_REPOSITORY}.put_layer", "after", {"number": 2}),
    ("manifest, before it is put", f"{_REPOSITORY}.put_manifest", "before", {"number": 2}),
    ("manifest put", f"{_REPOSITORY}.put_manifest", "after", {"number": 2}),
    ("last run, before its rename", _REPLACE, "before", {"match": "cache/run-"}),
    ("last run written", _REPLACE, "after", {"match": "cache/run-"}),
    ("submitting", f"{_OPERATIONS}:submit", "before", {}),
    ("earlier intents looked for", "chamber.core.journal:Journal.claim_run", "after", {}),
    ("run submitted", f"{_OPERATIONS}:submit", "after", {"acknowledged": True}),
]

_SUBMIT: list[tuple[str, str, Literal["before", "after"], dict[str, object]]] = [
    ("intent, before it is written", "chamber.core.journal:Journal.write", "before", {}),
    ("intent, before its fsync", "os:fsync", "before", {"match": "submissions/."}),
    ("intent, after its fsync", "os:fsync", "after", {"match": "submissions/."}),
    ("intent, before its rename", _REPLACE, "before", {"match": "submissions/"}),
    ("intent, after its rename", _REPLACE, "after", {"match": "submissions/"}),
    ("intent written", "chamber.core.journal:Journal.write", "after", {}),
    ("before the request", "chamber.core.submission:Submission._post", "before", {}),
    (
        "request sent",
        "aiohttp.client_reqrep:ClientResponse.start",
        "before",
        {"match": "POST /v1/workloads;", "in_flight": True},
    ),
    ("server has acted", _READ, "before", {"match": "POST /v1/workloads;"}),
    ("reply read", _READ, "after", {"match": "POST /v1/workloads;"}),
    ("reply understood", "chamber.core.submission:Submission._post", "after", {}),
    ("intent, before it is settled", "chamber.core.journal:Entry.settle", "before", {}),
    ("intent settled", "chamber.core.journal:Entry.settle", "after", {"acknowledged": True}),
]

_RESUME: list[tuple[str, str, Literal["before", "after"], dict[str, object]]] = [
    ("intent claimed", "chamber.core.journal:Journal.claim_run", "after", {}),
    ("job looked for", "chamber.core.submission:Submission._looked_for", "after", {}),
    ("intent, before it is settled", "chamber.core.journal:Entry.settle", "before", {}),
    ("intent settled", "chamber.core.journal:Entry.settle", "after", {"acknowledged": True}),
]

_ENGINE: list[tuple[str, str, Literal["before", "after"], dict[str, object]]] = [
    ("turn taken", "chamber.run.turns:_taken", "after", {}),
    ("logins written", "chamber.run.engines.login:_write", "after", {}),
    ("build laid out", "chamber.run.engines.context:_fill", "after", {}),
    ("build begun", "chamber.run.engines.engine:run", "before", {}),
    ("build ended", "chamber.run.engines.engine:run", "after", {}),
    ("push begun", "chamber.run.engines.engine:run", "before", {"number": 2}),
    ("push ended", "chamber.run.engines.engine:run", "after", {"number": 2}),
]

_SAVE: list[tuple[str, str, Literal["before", "after"], dict[str, object]]] = [
    ("Dockerfile, before its rename", _REPLACE, "before", {"match": "/Dockerfile.chamber"}),
    ("Dockerfile written", _REPLACE, "after", {"match": "/Dockerfile.chamber"}),
    ("manifest, before its rename", _REPLACE, "before", {"match": "/manifest.chamber.yaml"}),
    ("manifest written", _REPLACE, "after", {"match": "/manifest.chamber.yaml"}),
]

_CONFIG: list[tuple[str, str, Literal["before", "after"], dict[str, object]]] = [
    ("configuration locked", "chamber.core.settings.store:_read", "before", {}),
    ("configuration, before its fsync", "os:fsync", "before", {"match": "/.config.json."}),
    ("configuration, after its fsync", "os:fsync", "after", {"match": "/.config.json."}),
    ("configuration, before its rename", _REPLACE, "before", {"match": "/config.json"}),
    ("configuration, after its rename", _REPLACE, "after", {"match": "/config.json"}),
    ("configuration written", "chamber.core.writing:write", "after", {"match": "/config.json"}),
]


def _points() -> Iterator[Point]:
    tables = {
        "run": [*_RUN, *_SUBMIT],
        "resume": _RESUME,
        "submit": _SUBMIT,
        "engine": _ENGINE,
        "save": _SAVE,
        "config": _CONFIG,
    }
    for kind, table in tables.items():
        for name, function, when, rest in table:
            yield Point(f"{kind}: {name}", kind, function, when, **rest)  # type: ignore[arg-type]


#: Every point; a name is there once.
POINTS: tuple[Point, ...] = tuple(_points())
