"""The ``chamber`` command with every secret planted: what works, what fails, each in a process of its own.

All that it writes is kept, in a pipe and on a terminal, with ``--debug`` and without.
"""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from msgspec import Struct

from reliability.sweep.canaries import Given

__all__ = ["Keeper", "every"]

#: Seconds.
_PATIENCE = 120.0
#: Calls side by side: many of them wait for servers that never answer well.
_AT_ONCE = 4
_COMMAND = (sys.executable, "-X", "dev", "-m", "chamber.command")
_FORMATS = ("table", "json", "jsonl", "yaml", "csv")
_TEAM = ("--team", "init_local")


class Keeper(Protocol):
    """What keeps the evidence."""

    given: Given
    failures: list[str]

    def keep(self, kind: str, text: str | bytes) -> None: ...


class Line(Struct, frozen=True):
    """A command line, and whether it works."""

    words: Sequence[str]
    works: bool = True
    #: Variables beside those of the session; None: it is not set.
    environment: dict[str, str | None] = {}
    typed: str = ""


def every(keeper: Keeper) -> None:
    """Call the command in each way that has to do with secrets."""
    with ThreadPoolExecutor(_AT_ONCE) as several, ThreadPoolExecutor(1) as one:
        for lines in (_read, _settings, _calls, _runs, _logins):
            calls = [(line, call) for line in lines(keeper) for call in (_in_a_pipe, _on_a_terminal)]
            pool = one if lines is _logins else several  # what logs in changes what comes after it
            for (line, _), (code, told) in zip(calls, pool.map(_made, calls), strict=True):
                keeper.keep("commands", told)
                if (code == 0) is not line.works:
                    words = " ".join(line.words[:2])
                    keeper.failures.append(f"chamber {words}: {code} {told.decode(errors='replace')}")


def _made(call: tuple[Line, Callable[[Line], tuple[int, bytes]]]) -> tuple[int, bytes]:
    line, make = call
    return make(line)


def _in_a_pipe(line: Line) -> tuple[int, bytes]:
    command = [*_COMMAND, *line.words, "--debug"]
    done = subprocess.run(
        command, env=_environment(line), input=line.typed.encode(), timeout=_PATIENCE, capture_output=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def _on_a_terminal(line: Line) -> tuple[int, bytes]:
    main, side = pty.openpty()
    with subprocess.Popen(
        [*_COMMAND, *line.words], env=_environment(line), stdin=-1, stdout=side, stderr=side
    ) as running:
        os.close(side)
        assert running.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            running.stdin.write(line.typed.encode())
            running.stdin.close()
        told = b"".join(_written(main))
        return running.wait(_PATIENCE), told


def _written(terminal: int) -> Iterator[bytes]:
    """What was written to a terminal until nobody has it open any more."""
    with os.fdopen(terminal, "rb", buffering=0) as file, contextlib.suppress(OSError):  # EIO: the other side was closed
        while read := file.read(1 << 16):
            yield read


def _environment(line: Line) -> dict[str, str]:
    merged = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "400", **line.environment}
    return {name: value for name, value in merged.items() if value is not None}


def _read(keeper: Keeper) -> Iterator[Line]:
    for words in (
        ["whoami"],
        ["config", "list"],
        ["config", "get", "session_key"],
        ["workloads", "list"],
        ["capacity"],
    ):
        yield from (Line([*words, "-o", name]) for name in ("table", "json"))
    yield from (Line(["config", "list", "-o", name]) for name in ("jsonl", "yaml", "csv"))
    for words in (["plugins"], ["registries", "list"], ["teams", "list"], ["submissions", "pending"]):
        yield Line(words)
    yield Line(["config", "list"], environment={"CHAMBER_API_URL": _with_password(keeper, "password in api_url")})


def _settings(keeper: Keeper) -> Iterator[Line]:
    value = keeper.given.values
    for key, held in (
        ("api_url", _with_password(keeper, "password in api_url")),
        ("api_url", f"https://api.test/?k={value['query of api_url']}"),
        ("default_registry", f"ada:{value['password in registry=']}@registry.test/team"),
        ("session_key", value["unknown key of config.json"]),
        ("organization_id", value["token as an argument"] + "\nline"),
    ):
        yield Line(["config", "set", key, held], works=False)
    yield Line(["registries", "add", "r", _with_password(keeper, "password in add_registry()")], works=False)
    yield Line(["registries", "default", _with_password(keeper, "password in registry=")], works=False)


def _logins(keeper: Keeper) -> Iterator[Line]:
    value, hosts = keeper.given.values, keeper.given.strangers
    token = value["token as an argument"]
    elsewhere: dict[str, str | None] = {"CHAMBER_CONFIG_DIR": str(Path(keeper.given.root, "elsewhere"))}
    for url in (f"http://{hosts['echo']}/v1", f"http://{hosts['moved']}/v1", "http://127.0.0.1:1/v1"):
        yield Line(["--timeout", "2", "login", "--token", "-", "--api-url", url], False, elsewhere, token)
        yield Line(["--timeout", "2", "login", "--token", token, "--api-url", url], False, elsewhere)
    yield Line(["login", "--token", value["token with a line break"] + "\nX: 1"], False, elsewhere)
    yield Line(["login", "--api-url", _with_password(keeper, "password in api_url")], False, elsewhere, token)
    yield Line(["login", token], False, elsewhere)
    unset = {**elsewhere, "CHAMBER_TOKEN": None}
    yield Line(["login", "--no-verify", "--token", "-"], True, unset, token)
    yield Line(["whoami", "--no-verify", "--debug"], True, unset)
    yield Line(["logout"], True, unset)


def _calls(keeper: Keeper) -> Iterator[Line]:
    value, hosts = keeper.given.values, keeper.given.strangers
    for place in (
        f"http://{hosts['echo']}/v1",
        f"http://{hosts['moved']}/v1",
        "http://127.0.0.1:1/v1",
        "https://api.test",
    ):
        other: dict[str, str | None] = {"CHAMBER_API_URL": place, "CHAMBER_TOKEN": value["token as an argument"]}
        for words in (["workloads", "list"], ["whoami"], ["submit", "--name", "x", *_TEAM, "--gpu-type", "H100"]):
            yield Line(["--timeout", "2", *words], False, other)
    yield Line(["workloads", "get", value["token as an argument"]], False)
    yield Line(["workloads", "list", value["env as an argument"]], False)
    yield Line([value["forwarded variable"]], False)


def _runs(keeper: Keeper) -> Iterator[Line]:
    value, hosts, root = keeper.given.values, keeper.given.strangers, Path(keeper.given.root)
    project = str(root / "project")
    url = f"postgres://ada:{quote(value['password of a URL in env'], safe='')}@db.test/x"
    secrets = ["--env", f"WANDB_API_KEY={value['env as an argument']}", "--env", f"DB={url}"]
    secrets += ["--forward-env", "HF_TOKEN", "--forward-env", "SIGNING"]
    index = f"https://ada:{quote(value['pip_index_url as an argument'], safe='')}@pypi.test/simple"
    plan = ["run", project, *_TEAM, *secrets]
    for name in _FORMATS:
        yield Line([*plan, "--dry-run", "-o", name, "--pip-index-url", index])
    for mistake in (
        ["--env", value["env as an argument"]],
        ["--env", f"DB PASSWORD={value['env as an argument']}"],
        ["--secret", value["secrets= by mistake"]],
        ["--secret", "HF", value["secrets= by mistake"]],
        ["--env", "KEY", "=", value["env as an argument"]],
        ["--secret", f"HF={value['secrets= by mistake']}"],
        ["--registry", f"ada:{value['password in registry=']}@registry.test/team"],
        ["--base-image", f"https://ada:{value['password in base_image=']}@registry.test/team"],
        ["--pip-index-url", index.replace("https", "ftp")],
        ["--registry", f"{hosts['moved']}/team"],
        ["--registry", f"{hosts['realm']}/team"],
        ["--registry", f"{hosts['helped']}/team"],
    ):
        yield Line([*plan, *mistake], works=False)
    yield Line(["run", str(root / "guarded"), *_TEAM], works=False)
    yield Line(["doctor", "--registry", f"{hosts['helped']}/team"], works=False)
    embedded = os.environ["CHAMBER_API_URL"].split("/")[2]
    yield Line([*plan, "--registry", f"{embedded}/sweep", "--wait", "--poll-interval", "0.1"])
    yield Line([*plan, "--registry", f"{embedded}/sweep", "--wait", "-o", "json"])
    manifest = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: job, labels: {chamber.io/team: init_local}}\n"
    typed = f"{manifest}spec: {{note: '{value['forwarded variable']}'}}\n"
    yield Line(["submit", "-f", "-", "--gpu-type", "H100", "--gpus", "1", "-o", "json"], typed=typed)
    yield Line(["submit", "-f", "-", "--gpu-type", "H100", "--gpus", "1"], works=False, typed=f"{{{typed}")


def _with_password(keeper: Keeper, name: str) -> str:
    return f"https://ada:{quote(keeper.given.values[name], safe='')}@api.test/x"
