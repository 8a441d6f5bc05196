"""``python -m chamber.local``: a Chamber that serves until it is stopped."""

import argparse
import shlex
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from chamber.core.errors import ConfigurationError
from chamber.local import commands, records
from chamber.local.configuration import Configuration, read
from chamber.local.embedded import LocalChamber
from chamber.local.settings import gpus_of

__all__ = ["PROGRAM", "main"]

_STARTED = """\
# A Chamber runs at {api_url} until Ctrl-C: {dialect} dialect, {executor} executor.
# In a browser (this address works once):
#     {dashboard}
# From Python, in a shell where the lines above were run:
#     from chamber.core import ChamberClient
#     with ChamberClient() as client:
#         client.run("./my-project", gpus=1, team="{team}", wait=True)
"""

PROGRAM = "python -m chamber.local"
_EXAMPLES = """\
examples:
  {program} up --data-dir ~/chamber-data --gpus H100=8,A100=4
  {program} up --executor simulated --seed demo
  {program} logs wl_1a2b
  {program} down
"""

_COMMANDS = ("up", "down", "status", "logs", "reset")
_COMMAND = (
    "up, the default: serve until Ctrl-C; down: stop one, by its --port where several run; status: which run; "
    "logs WORKLOAD: its output; reset: empty a --data-dir"
)


def main(arguments: Sequence[str] | None = None, program: str = PROGRAM) -> int:
    """Does what is asked for, by default serves until SIGINT or SIGTERM; the exit code.

    `program` is what the user called it by.
    """
    asked = _parser(program).parse_args(arguments)
    try:
        return _serve(asked) if asked.command == "up" else _command(asked, program)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _command(asked: argparse.Namespace, program: str) -> int:
    if asked.command == "status":
        return commands.status(program)
    if asked.command == "down":
        return commands.down(asked.port)
    if asked.command == "reset":
        return commands.reset(asked.data_dir)
    return commands.logs(asked.port, asked.workload, program)


def _serve(asked: argparse.Namespace) -> int:
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with _chamber(asked) as chamber:
        records.told_of(chamber.registry)
        sys.stdout.write(_told(chamber, asked))
        sys.stdout.flush()
        stopping.wait()
    return 0


def _parser(program: str = PROGRAM) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="A whole Chamber on this machine",
        epilog=_EXAMPLES.format(program=program),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", choices=_COMMANDS, default="up", help=_COMMAND)
    parser.add_argument("workload", nargs="?", help="the id of a workload, for logs")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, help="the port; 0, the default, is any free one")
    parser.add_argument("--data-dir", help="where everything is kept; by default nothing is")
    parser.add_argument("--executor", default="process", help="process, the default, container, or simulated")
    parser.add_argument("--dialect", default="documented", help="documented, the default, or legacy")
    parser.add_argument(
        "--gpus", type=_gpus, metavar="TYPE=COUNT,…", help="simulated GPUs, such as H100=8,A100=4 (H100=8)"
    )
    parser.add_argument(
        "--config", type=Path, help="a YAML file with pools, teams, reservations, allocations and secrets"
    )
    parser.add_argument(
        "--log-limit", type=int, default=100 << 20, metavar="BYTES", help="what is kept of a job's output (100 MiB)"
    )
    parser.add_argument(
        "--container-gpus",
        default="require",
        help="require, the default: a container that asks for GPUs gets real ones or fails; count: it gets none",
    )
    parser.add_argument("--seed", choices=["demo"], help="what a new Chamber begins with: demo, a history of 60 days")
    parser.add_argument(
        "--expose",
        "--allow-remote",
        action="store_true",
        help="let --host be more than loopback: whoever has the token can then run programs on this machine",
    )
    return parser


def _gpus(text: str) -> dict[str, int]:
    try:
        return gpus_of(text)
    except ConfigurationError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _chamber(asked: argparse.Namespace) -> LocalChamber:
    said = read(asked.config) if asked.config else Configuration()
    return LocalChamber(
        asked.dialect,
        asked.executor,
        asked.data_dir,
        asked.gpus,
        asked.host,
        asked.port,
        allow_remote=asked.expose,
        pools=said.pools,
        teams=said.teams,
        reservations=said.reservations,
        allocations=said.allocations,
        secrets=said.secrets,
        log_limit=asked.log_limit,
        container_gpus=asked.container_gpus,
        seed=asked.seed,
    )


def _told(chamber: LocalChamber, asked: argparse.Namespace) -> str:
    """Lines for a shell to read, ``eval`` of which sets up a client, and below them what was started, as comments."""
    values = {
        "CHAMBER_API_URL": chamber.api_url,
        "CHAMBER_TOKEN": chamber.token,
        "CHAMBER_ORGANIZATION_ID": chamber.organization_id,
        "CHAMBER_LOCAL_REGISTRY": chamber.registry,
        "CHAMBER_LOCAL_TEAM": chamber.team,
    }
    started = _STARTED.format(
        api_url=chamber.api_url,
        dialect=asked.dialect,
        executor=asked.executor,
        dashboard=chamber.dashboard_url(),
        team=chamber.team,
    )
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items()) + started


if __name__ == "__main__":
    sys.exit(main())
