"""The checks, one function each. None raises: what goes wrong is what was found."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.filesize import decimal

from chamber.core.errors import (
    AuthenticationError,
    AuthorizationError,
    ChamberError,
    ConfigurationError,
    TransportError,
)
from chamber.core.paths import path
from chamber.core.settings import home
from chamber.run import engines
from chamber.run.doctor.diagnosis import Check
from chamber.run.errors import RegistryAuthError
from chamber.run.registry import check as registries

if TYPE_CHECKING:
    from collections.abc import Callable

    from chamber.core.transport import Transport
    from chamber.run.targets import Registry

__all__ = ["api", "clock", "disk", "engine", "registry"]

#: Seconds that this machine's clock may be off before tokens are refused in places.
_SKEW = 60.0
#: Bytes that an environment's build and its layers take, at least.
_SPACE = 5_000_000_000
#: Seconds for each question to the API.
_PATIENCE = 10.0
_LOG_IN = "pass token=..., set CHAMBER_TOKEN, or log in with the chamber command"


async def api(transport: Transport) -> tuple[Check, Check]:
    """Whether the API answers and takes the token; and how far apart its clock and ours are."""
    try:
        answer = await transport.call("GET", path("health"), timeout=_PATIENCE)
    except ChamberError as error:
        return _unreachable(transport, error), Check("clock", "warning", "not known: the API does not answer")
    return await _access(transport), clock(answer.headers.get("Date"), datetime.now(UTC))


def clock(date: str | None, now: datetime) -> Check:
    """How far apart the clocks are; `date`: the header of an answer that came at `now` (RFC 9110, section 6.6.1)."""
    try:
        skew = (now - parsedate_to_datetime(date or "")).total_seconds()
    except (TypeError, ValueError):
        return Check("clock", "warning", "not known: the API tells no time")
    if abs(skew) <= _SKEW:
        return Check("clock", "ok", f"within {_SKEW:g} s of the API's")
    ahead = "ahead of" if skew > 0 else "behind"
    return Check("clock", "failed", f"{abs(skew):.0f} s {ahead} the API's", "set this machine's clock, by NTP")


def disk() -> Check:
    """Whether there is room where layers are packed and where the cache is, which has to be writable."""
    places = {Path(tempfile.gettempdir()), _existing(home())}
    try:
        free = {place: shutil.disk_usage(place).free for place in places}
        with tempfile.TemporaryFile(dir=_existing(home())):
            pass
    except OSError as error:
        return Check("disk", "warning", f"{home()} cannot be written: {error.strerror}", "set CHAMBER_CONFIG_DIR")
    place, least = min(free.items(), key=lambda item: item[1])
    if least < _SPACE:
        return Check("disk", "warning", f"{decimal(least)} free on {place}", "make room, or set TMPDIR")
    return Check("disk", "ok", f"{decimal(least)} free on {place}")


async def engine() -> Check:
    """Whether a container engine answers, which builds environments that a registry lacks."""
    try:
        found = await engines.find()
    except ChamberError as error:
        return Check(
            "engine",
            "warning",
            "none answers: projects whose environment is in the registry, or that have none, can run",
            error.message,
        )
    return Check("engine", "ok", f"{found.name} answers ({' '.join(found.client)})")


async def registry(transport: Transport, find: Callable[[], Registry | None]) -> Check:
    """Whether the registry answers and takes the login; `find` reads the files in ``~/.chamber``, in a thread."""
    try:
        known = await asyncio.to_thread(find)
        if known is None:
            remedy = "ChamberClient.add_registry(name, url, set_default=True)"
            return Check("registry", "warning", "none is configured", remedy)
        return Check("registry", "ok", await registries.look(transport, known))
    except ConfigurationError as error:
        return Check("registry", "failed", error.message, "mend it in ~/.chamber/config.json, or pass registry=...")
    except RegistryAuthError as error:
        return Check("registry", "failed", error.message, "log in with docker login, or ask for access")
    except ChamberError as error:
        return Check("registry", "failed", error.message, "see whether its address is right, and whether it is up")


async def _access(transport: Transport) -> Check:
    url = transport.settings.api_url
    try:
        await transport.call("GET", path("workloads"), params={"limit": 1}, timeout=_PATIENCE)
    except AuthenticationError:
        return Check("api", "failed", f"{url} answers, and does not take the token", _LOG_IN)
    except AuthorizationError as error:
        return Check("api", "warning", f"{url} answers: {error.message}", "ask for access, or name organization_id=")
    except ChamberError as error:
        return _unreachable(transport, error)
    return Check("api", "ok", f"{url} answers and takes the token")


def _unreachable(transport: Transport, error: ChamberError) -> Check:
    remedy = "see whether api_url is right, and the network and proxy" if isinstance(error, TransportError) else None
    return Check("api", "failed", f"{transport.settings.api_url}: {error.message}", remedy or "try again later")


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)
