"""What is fuzzed: for each target a function that hands bytes to the product, and lets only foreign errors out."""

from __future__ import annotations

import atexit
import contextlib
import math
import pickle
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from chamber.admin.models import Allocation, Team, Template
from chamber.core import retry
from chamber.core.errors import ChamberError, ResponseError, UnexpectedResponseError
from chamber.core.loopback import is_loopback
from chamber.core.models import (
    AggregationResult,
    Capacity,
    HealthStatus,
    PaginatedResponse,
    Workload,
    WorkloadSearchResult,
)
from chamber.core.redaction import Secret
from chamber.core.wire import Answer, decode, failure
from chamber.metrics.models import GlobalMetrics, WorkloadMetrics, WorkloadStats
from chamber.run.clouds import aws, google
from chamber.run.project.detection import read_dependencies
from chamber.run.project.ignore import Rules
from chamber.run.reference import Reference, split_prefix
from chamber.run.registry import challenge
from chamber.run.settings import configuration

__all__ = ["DEPENDENCY_FILES", "KINDS", "TARGETS", "Broken"]

#: What an answer is read as; the first byte of an input chooses.
KINDS: tuple[type, ...] = (
    Workload,
    PaginatedResponse[Workload],
    WorkloadSearchResult,
    AggregationResult,
    Capacity,
    HealthStatus,
    WorkloadMetrics,
    GlobalMetrics,
    WorkloadStats,
    list[Team],
    list[Template],
    Allocation,
    dict,
)
#: The file that an input is; its first byte chooses.
DEPENDENCY_FILES = (
    "requirements.txt",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "environment.yml",
    "Pipfile",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "Pipfile.lock",
    "pylock.toml",
)
_PATHS = ("a", "data/model.bin", "src/app/main.py", "a" * 48, "/".join("a" * 20), ".env", "b]/[c", "d\ne")
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Broken(Exception):
    """A promise of the product that an input broke."""


def response(data: bytes) -> None:
    """An answer of 200: a model that can be shown and kept, or an error that quotes it."""
    kind = KINDS[data[0] % len(KINDS)] if data else dict
    try:
        found: object = decode(_answer(200, data[1:]), kind)
    except UnexpectedResponseError as error:
        _told(error)
        return
    for model in found if isinstance(found, list) else [found]:
        _shown(model)


def error(data: bytes) -> None:
    """An answer of any other status: the error that it stands for."""
    status = 300 + int.from_bytes(data[:2], "big") % 300
    _told(failure(_answer(status, data[2:])))


def retry_after(data: bytes) -> None:
    """The three headers that say when to come back: seconds, or nothing."""
    names = ("Retry-After", "Retry-After-Ms", "Date")
    lines = data.decode("latin-1").split("\n")
    seconds = retry.retry_after(dict(zip(names, lines, strict=False)), _NOW)
    if seconds is not None and not 0 <= seconds < math.inf:
        raise Broken(f"{seconds} s")


def www_authenticate(data: bytes) -> None:
    """What a registry asks for: a token's URL at a site that is trusted, or our error."""
    header = data.decode("latin-1")
    for offered in challenge.parse(header):
        with contextlib.suppress(ChamberError):
            url = challenge.token_url("https://registry.example", offered, ("repository:a/b:pull",))
            if not url.lower().startswith("https://registry.example"):
                raise Broken(url)


def reference(data: bytes) -> None:
    """An image reference: read as it is written, or refused."""
    text = data.decode("utf-8", "surrogateescape")
    is_loopback(text)
    aws.place_of(text)
    google.place_of(text)
    with contextlib.suppress(ChamberError):
        split_prefix(text)
    with contextlib.suppress(ChamberError):
        found = Reference.parse(text)
        if Reference.parse(str(found)) != found:
            raise Broken(f"{text!r} is {found}")


def dependencies(data: bytes) -> None:
    """A file that lists what a project needs."""
    name = DEPENDENCY_FILES[data[0] % len(DEPENDENCY_FILES)] if data else DEPENDENCY_FILES[0]
    file = _folder() / name
    file.write_bytes(data[1:])
    try:
        with contextlib.suppress(ChamberError):
            read_dependencies(_folder(), {name})
    finally:
        file.unlink()


def settings(data: bytes) -> None:
    """A ``.chamber.yaml``: settings that do not show their secrets, or our error."""
    file = _folder() / ".chamber.yaml"
    file.write_bytes(data)
    with contextlib.suppress(ChamberError):
        found, _ = configuration.resolve(_folder(), {}, {})
        _told(found)
        for value in found.shown.values():
            if isinstance(value, Secret):
                raise Broken("a secret is shown")


def dockerignore(data: bytes) -> None:
    """A ``.dockerignore``: a verdict on every path, or our error."""
    text = data.decode("utf-8", "surrogateescape")
    with contextlib.suppress(ChamberError):
        rules = Rules(text)
        for path in _PATHS:
            rules.excludes(path)
            rules.prunes(path)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "dependencies": dependencies,
    "dockerignore": dockerignore,
    "error": error,
    "reference": reference,
    "response": response,
    "retry-after": retry_after,
    "settings": settings,
    "www-authenticate": www_authenticate,
}


def _answer(status: int, body: bytes) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, body, "GET", "https://chamber.test/v1/workloads")


def _told(error: object) -> None:
    """Whatever is printed of it can be printed, and an error goes through processes as it is."""
    text = f"{error}{error!r}"
    text.encode()
    if isinstance(error, ResponseError):
        again = pickle.loads(pickle.dumps(error))
        if str(again) != str(error):
            raise Broken(f"{error} is pickled as {again}")


def _shown(model: object) -> None:
    _told(repr(model))
    for name in ("to_dict", "_repr_html_", "summary", "sparkline"):
        if callable(method := getattr(model, name, None)):
            method()


@cache
def _folder() -> Path:
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="fuzz-", dir=memory if memory.is_dir() else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
