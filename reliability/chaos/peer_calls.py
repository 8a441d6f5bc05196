"""Runs in the published client's own environment: submits as a user does who tries three times.

What it is to do comes as JSON on standard input; each call and what came of it goes as JSON to standard output.
"""

# pyright: reportMissingImports=false

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chamber_sdk import ChamberClient  # type: ignore[import-not-found, unused-ignore]
from chamber_sdk.exceptions import ChamberError  # type: ignore[import-not-found, unused-ignore]

asked = json.load(sys.stdin)
names = iter(asked["names"])
calls: list[dict[str, Any]] = []


def submit(client: ChamberClient, name: str) -> bool:
    """One try, kept with what came of it; whether it went well."""
    call: dict[str, Any] = {"name": name, "id": None, "error": None, "foreign": False}
    began = time.monotonic()
    try:
        job = client.submit_job(name, asked["team"], "H100", requested_gpus=1, external_id=name)
        call["id"] = job.id
    except Exception as error:
        call |= {"error": f"{type(error).__module__}.{type(error).__qualname__}"}
        call["foreign"] = not isinstance(error, ChamberError)
    call["seconds"] = round(time.monotonic() - began, 3)
    calls.append(call)
    return call["error"] is None


def caller(_number: int) -> None:
    """Takes one name after the other."""
    client = ChamberClient(asked["token"], asked["url"], asked["organization"], asked["timeout"])
    for name in names:
        any(submit(client, name) for _ in range(asked["tries"]))


with ThreadPoolExecutor(asked["callers"]) as threads:
    list(threads.map(caller, range(asked["callers"])))
json.dump(calls, sys.stdout)
