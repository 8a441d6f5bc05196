"""A user's session with every secret planted: what works, what fails in each way, and all that can be shown of it.

``python -m reliability.sweep.session PLAN``, in a process of its own. `PLAN` is what `Given` says, as JSON.
"""

from __future__ import annotations

import contextlib
import copy
import json
import logging
import os
import pickle
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import structlog
from rich.console import Console

import chamber.core
import chamber.run
from chamber.core import AsyncChamberClient, ChamberClient, hookimpl
from chamber.core.errors import ChamberError
from chamber.core.logs import redacted_event
from chamber.core.redaction import Secret
from chamber.core.testing import registered
from chamber.run import Registry
from reliability.sweep import commands as command_lines
from reliability.sweep.canaries import Given

__all__ = ["main"]

_OURS = str(Path(chamber.core.__file__).parents[4])
#: Seconds.
_PATIENCE = 120.0


class Session:
    """The steps, and the files that keep what each of them shows."""

    def __init__(self, given: Given) -> None:
        self.given, self.values, self.hosts = given, given.values, given.strangers
        self.root = Path(given.root)
        self._shown = self.root / "shown"
        self._shown.mkdir()
        self.failures: list[str] = []

    def keep(self, kind: str, text: str | bytes) -> None:
        """Append to the evidence of a kind."""
        with (self._shown / kind).open("ab") as file:
            file.write((text if isinstance(text, bytes) else text.encode(errors="surrogateescape")) + b"\n")

    def show(self, value: object) -> None:
        """Every way in which a value is shown, copied or kept."""
        self.keep("reprs", f"{value!r}\n{value}\n{value!s:>9}\n{[value]}\n{'%s %r' % (value, value)}")  # noqa: UP031
        for name, make in _VIEWS.items():
            with contextlib.suppress(Exception), warnings.catch_warnings(action="ignore"):
                made = make(value)
                if made is not None:
                    self.keep(name, made)
        self._log(value)

    def _log(self, value: object) -> None:
        logging.getLogger("application").debug("%s %r", value, value)
        structlog.get_logger().info("shown", value=value, many=[value], named={"it": value})

    @contextlib.contextmanager
    def failing(self) -> Iterator[None]:
        """What is done inside fails, in an error of ours."""
        try:
            yield
        except Exception as error:
            if not isinstance(error, ChamberError):
                self.failures.append(f"{type(error).__name__}: {error}")
            self._failed(error)
        else:
            self.failures.append(f"nothing failed: {traceback.extract_stack()[-3]}")

    def _failed(self, error: Exception) -> None:
        self.keep("tracebacks", "".join(traceback.format_exception(error)))
        for link in _chain(error):
            self.keep("errors", f"{link!r} {link} {link.args!r} {vars(link)!r} {getattr(link, '__notes__', '')}")
            self.keep("tracebacks with locals", _locals(link))
        self.keep("pickles", pickle.dumps(error))
        structlog.get_logger().error("failed", exc_info=error)
        structlog.get_logger().error("failed too", error=error)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all that led to it, also what was suppressed."""
    todo, seen = [error], set()
    while todo:
        link = todo.pop()
        if id(link) not in seen:
            seen.add(id(link))
            yield link
            todo += [other for other in (link.__cause__, link.__context__) if other is not None]


def _locals(error: BaseException) -> str:
    """The names of our own frames, as debuggers, pytest and error trackers print them."""
    told = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename.startswith(_OURS):
            told.append(f"{frame.f_code.co_filename}:{line} in {frame.f_code.co_name}")
            told += [f"    {name} = {_repr(value)}" for name, value in frame.f_locals.items()]
    return "\n".join(told)


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # of what is not yet made
        return f"{type(value).__name__}: {error!r}"


def _rich(value: object) -> str:
    console = Console(file=StringIO(), width=200)
    console.print(value)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


_VIEWS: dict[str, Callable[[Any], Any]] = {
    "pickles": pickle.dumps,
    "copies": lambda value: repr(copy.deepcopy(value)),
    "rich": _rich,
    "html": lambda value: value._repr_html_(),
    "json": lambda value: json.dumps(value, default=str),
    "dicts": lambda value: json.dumps(value.to_dict(), default=str),
    "builtins": lambda value: json.dumps(msgspec.to_builtins(value, enc_hook=str), default=str),
    "encoded": lambda value: msgspec.json.encode(value, enc_hook=str),
    "structs": lambda value: repr(msgspec.structs.asdict(value)),
    "variables": lambda value: repr(vars(value)),
}


def settle(session: Session) -> None:
    """Listen to everything: the standard library's logging at DEBUG, and structlog as an application sets it up."""
    shown = session.root / "shown"
    logging.basicConfig(filename=shown / "logging", level=logging.DEBUG)
    file = (shown / "structlog").open("a")
    processors: list[Any] = [redacted_event, structlog.processors.JSONRenderer(default=str)]
    structlog.configure(processors, logger_factory=structlog.WriteLoggerFactory(file))


def clients(session: Session) -> None:
    """Clients that can be made, and those that cannot."""
    value = session.values
    with ChamberClient() as client:
        for held in (client, client._async, client._async._settings, client._async._transport, client.plugins):
            session.show(held)
        for answer in (client.health(), client.list_workloads(), client.get_capacity()):
            session.show(answer)
        with session.failing():
            client.get_workload("no-such-workload")
        with session.failing():
            client.get_workload("../x")
        with session.failing():
            client.submit_job(name="", initiative_id="", gpu_type="", requested_gpus=-1, job_class="NONE")
    with session.failing():
        client.health()
    for made in (
        lambda: ChamberClient(value["token with a line break"] + "\nX-More: 1"),
        lambda: AsyncChamberClient(value["token as an argument"], "ftp://api.test"),
        lambda: ChamberClient(value["token as an argument"], "http://api.test"),
        lambda: ChamberClient(
            value["token as an argument"], f"https://ada:{quote(value['password in api_url'], safe='')}@api.test"
        ),
        lambda: ChamberClient(value["token as an argument"], f"https://api.test/?k={value['query of api_url']}"),
        lambda: ChamberClient(value["token as an argument"], organization_id="two\nlines"),
        lambda: ChamberClient(value["token as an argument"], timeout=-1),
    ):
        with session.failing():
            made()


def calls(session: Session) -> None:
    """Calls that fail: refused, unreachable, sent elsewhere, answered with what was sent, refused by a proxy."""
    value, hosts = session.values, session.hosts
    places = {
        "http://127.0.0.1:1/v1": 1.0,
        f"http://{hosts['moved']}/v1": 5.0,
        f"http://{hosts['echo']}/v1": 5.0,
        "https://api.chamber.test/v1": 5.0,
    }
    for token in ("token as an argument", "token of a plugin"):
        for url, timeout in places.items():
            client = ChamberClient(value[token], url, timeout=timeout)
            session.show(client)
            with session.failing(), client:
                client.list_workloads()
            with session.failing(), ChamberClient(value[token], url, timeout=timeout) as client:
                client.submit_job(name="x", initiative_id="t", gpu_type="H100", requested_gpus=1, job_class="ELASTIC")
    with session.failing(), ChamberClient(value["token as an argument"]) as client:
        client.list_workloads()
    with session.failing(), ChamberClient.from_config(api_url=os.environ["CHAMBER_API_URL"]) as client:
        client.list_workloads()


def plans(session: Session) -> None:
    """Plans, and what cannot be planned."""
    value = session.values
    index = f"https://ada:{quote(value['pip_index_url as an argument'], safe='')}@pypi.test/simple"
    with ChamberClient() as client:
        plan = client.plan(
            session.root / "project",
            team="init_local",
            pip_index_url=index,
            save_manifest=True,
            save_dockerfile=True,
            on_progress=lambda stage, message: session.keep("progress", f"{stage} {message}"),
            **_variables(session),
        )
        session.show(plan)
        for part in (plan.settings, plan.environment, plan.profile, plan.topology, plan.build, plan.sources):
            session.show(part)
        session.keep("texts", f"{plan.summary(3)} {plan.dockerfile} {plan.dockerignore} {plan.shown_manifest}")
        project = session.root / "project"
        for mistake in (
            {"secrets": {"HF": value["secrets= by mistake"]}},
            {"registry": f"ada:{value['password in registry=']}@registry.test/team"},
            {"base_image": f"https://ada:{value['password in base_image=']}@registry.test/team"},
            {"pip_index_url": index.replace("https", "ftp")},
            {"env": {"DB PASSWORD": value["env as an argument"]}},
            {"env": {"PASSWORD": [value["env as an argument"]]}},
            {"env": {"PASSWORD": value["env as an argument"] + "\0"}},
        ):
            with session.failing():
                client.run(project, **{**_variables(session), "team": "init_local", **mistake})
        with session.failing():
            client.run(session.root / "guarded", team="init_local")
        with session.failing():
            ChamberClient.add_registry(
                "r", f"https://ada:{quote(value['password in add_registry()'], safe='')}@r.test/x"
            )


def runs(session: Session) -> None:
    """A run on the embedded Chamber, and one that docker builds and pushes; every fault of a registry."""
    project = session.root / "project"
    with ChamberClient(timeout=_PATIENCE) as client:
        options: dict[str, Any] = {
            "team": "init_local",
            "registry": f"{_address()}/sweep",
            "on_progress": _progress(session),
            **_variables(session),
        }
        (project / "Dockerfile").rename(session.root / "Dockerfile")
        job = client.run(project, wait=True, poll_interval=0.1, timeout=_PATIENCE, **options)
        session.show(job)
        session.show(client.list_workloads())
        (session.root / "Dockerfile").rename(project / "Dockerfile")
        for host in ("moved", "realm", "helped"):
            with session.failing():
                client.run(project, **{**options, "registry": f"{session.hosts[host]}/team"})
        session.show(client.doctor(f"{session.hosts['helped']}/team"))
        session.show(client.doctor(f"{session.given.registry}/team"))
        if session.given.engine:
            options |= {"dockerfile": "Dockerfile", "registry": f"{session.given.registry}/team"}
            session.keep("texts", client.run(project, **options).id)


def plugged(session: Session) -> None:
    """Registries that a plugin knows logins for, and a plugin that has the token."""
    value, hosts = session.values, session.hosts

    class Plugin:
        @staticmethod
        @hookimpl
        def chamber_run_registry(registry: str | None, api_url: str) -> Registry | None:
            if registry and registry.startswith(hosts["plugged"]):
                return Registry(registry, "ada", value["password of a plugin's registry"])
            if registry and registry.startswith(hosts["asked"]):
                return Registry(registry, login=lambda: ("ada", value["login() of a plugin's registry"]))
            return None

    session.show(Registry("r.test", "ada", value["password of a plugin's registry"]))
    with registered(Plugin), ChamberClient() as client:
        for host in ("plugged", "asked"):
            session.show(client.doctor(f"{hosts[host]}/team"))
            with session.failing():
                client.run(session.root / "project", team="init_local", registry=f"{hosts[host]}/team")


def secrets(session: Session) -> None:
    """A secret itself, shown in every way."""
    for text in session.values.values():
        secret = Secret(text)
        session.show(secret)
        session.show({"held": secret, "many": (secret,)})
        with session.failing():
            raise ChamberError(f"it was {text!r}", details=[{"told": text}], url=f"https://x.test/?a={quote(text)}")


def commands(session: Session) -> None:
    """The command line, on a project that needs no engine."""
    file, aside = session.root / "project" / "Dockerfile", session.root / "Dockerfile"
    file.rename(aside)
    command_lines.every(session)
    aside.rename(file)


def _variables(session: Session) -> dict[str, Any]:
    value = session.values
    url = f"postgres://ada:{quote(value['password of a URL in env'], safe='')}@db.test/x"
    return {"env": {"WANDB_API_KEY": value["env as an argument"], "DB": url}, "forward_env": ["HF_TOKEN", "SIGNING"]}


def _address() -> str:
    """Of the embedded Chamber, whose registry is there too."""
    return os.environ["CHAMBER_API_URL"].split("/")[2]


def _progress(session: Session) -> Callable[[str, str], None]:
    return lambda stage, message: session.keep("progress", f"{stage} {message}")


def main(argv: list[str]) -> int:
    """Go through the session; 1: something ended otherwise than it should."""
    given = msgspec.json.decode(Path(argv[0]).read_bytes(), type=Given)
    session = Session(given)
    settle(session)
    for step in (secrets, clients, calls, plans, runs, plugged, *([] if given.leak else [commands])):
        step(session)
    if given.leak:
        print(f"the password is {given.values['login of docker']}")
    print("\n".join(session.failures), file=sys.stderr)
    return 1 if session.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
