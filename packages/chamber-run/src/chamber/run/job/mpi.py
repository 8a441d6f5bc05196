"""Starts Open MPI on several pods without ssh. This file is what runs in each of them, by ``python -c``.

The first pod waits for the others, and then runs mpirun with a launch agent in the place of ssh (Open MPI:
``plm_rsh_agent``, in version 5 ``plm_ssh_agent``): a script that leaves the command for a host in a folder. Each other
pod takes its command over the connection that it made, and stays until the first says how mpirun ended. Hosts are
called ``pod-<index>``; Open MPI's daemons reach each other by address. It trusts the network of the pods, as torch's
rendezvous does. Nothing is imported but the standard library of Python 3.8, the oldest that images have.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

__all__ = ["deliver", "main", "send", "settings", "started"]

_MEETING_SECONDS = 900.0
_PAUSE = 0.05
_AGENT = """#!/bin/sh
host=$1
shift
printf %s "$*" > {folder}/"$host".part && mv {folder}/"$host".part {folder}/"$host".command
"""


def main(index: int, address: str, port: int, nodes: int, slots: int, program: list[str]) -> int:
    """The exit code of the pod."""
    if index:
        return follow(index, address, port)
    mpirun = shutil.which("mpirun")
    if mpirun is None:
        sys.exit("mpirun is not in this image: several nodes need Open MPI in it (extra_apt_packages: openmpi-bin)")
    hosts = ",".join(f"pod-{pod}:{slots}" for pod in range(nodes))
    places = ["-np", str(nodes * slots), "-H", hosts, "--bind-to", "none", "--map-by", "slot"]
    with tempfile.TemporaryDirectory() as folder:
        return lead([mpirun, *places, *program], port, nodes, Path(folder))


def follow(index: int, address: str, port: int) -> int:
    """What a pod other than the first does."""
    with reached(address, port).makefile("rw") as lines:
        lines.write(json.dumps(index) + "\n")
        lines.flush()
        for line in lines:
            order = json.loads(line)
            if "end" in order:
                return int(order["end"])
            subprocess.Popen(["/bin/sh", "-c", order["command"]])
    sys.exit("The first pod is gone")


def reached(address: str, port: int) -> socket.socket:
    """A connection to the first pod, which may not have a name yet."""
    deadline = time.monotonic() + _MEETING_SECONDS
    while True:
        try:
            connection = socket.create_connection((address, port), timeout=10)
        except OSError as error:
            if time.monotonic() > deadline:
                sys.exit(f"The first pod was not reached at {address}:{port}: {error}")
            time.sleep(1)
        else:
            connection.settimeout(None)
            return connection


def lead(command: list[str], port: int, nodes: int, folder: Path) -> int:
    """What the first pod does."""
    with listening(port) as server:
        others = met(server, nodes)
    agent = folder / "agent"
    agent.write_text(_AGENT.format(folder=shlex.quote(str(folder))))
    agent.chmod(0o700)
    running = subprocess.Popen(command, env={**os.environ, **settings(str(agent))})
    while running.poll() is None:
        deliver(folder, others)
        time.sleep(_PAUSE)
    code = running.returncode if running.returncode >= 0 else 128 - running.returncode
    for other in others.values():
        send(other, {"end": code})
    return code


def listening(port: int) -> socket.socket:
    """Where the other pods come to, over IPv4 and, where there is such a thing, IPv6."""
    both = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both else socket.AF_INET
    server = socket.create_server(("", port), family=family, dualstack_ipv6=both)
    server.settimeout(_MEETING_SECONDS)
    return server


def met(server: socket.socket, nodes: int) -> dict[int, socket.socket]:
    """A connection to every other pod, by its index."""
    others: dict[int, socket.socket] = {}
    while len(others) < nodes - 1:
        try:
            connection, _ = server.accept()
        except OSError as error:
            sys.exit(f"Only {len(others) + 1} of {nodes} pods came together: {error}")
        index = introduced(connection)
        if 0 < index < nodes:
            others[index] = connection
    return others


def introduced(connection: socket.socket) -> int:
    """The index that a pod says it has; -1 for somebody else, who looked what is here."""
    try:
        connection.settimeout(10)
        index = int(connection.makefile().readline(10))
        connection.settimeout(None)
    except (OSError, ValueError):
        return -1
    return index


def deliver(folder: Path, others: dict[int, socket.socket]) -> None:
    """Bring what the agent left to the pods that it is for."""
    for file in folder.glob("*.command"):
        index, command = int(file.stem.rpartition("-")[2]), file.read_text()
        file.unlink()
        if index:
            send(others[index], {"command": command})
        else:
            subprocess.Popen(["/bin/sh", "-c", command])


def send(connection: socket.socket, order: dict[str, object]) -> None:
    """One order, on a line; a pod that is gone needs none."""
    with contextlib.suppress(OSError):
        connection.sendall((json.dumps(order) + "\n").encode())


def settings(agent: str) -> dict[str, str]:
    """Settings of Open MPI, of version 4 (OMPI, by its runtime ORTE) and of version 5 (PRTE)."""
    return {
        "OMPI_MCA_plm_rsh_agent": agent,
        "OMPI_MCA_plm_rsh_no_tree_spawn": "1",
        "PRTE_MCA_plm_ssh_agent": agent,
        "PRTE_MCA_plm_ssh_no_tree_spawn": "1",
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "PRTE_ALLOW_RUN_AS_ROOT": "1",
        "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    }


def started() -> int:
    """What the command line says: the pod's index, the first pod, its port, pods, processes for each; a command."""
    pod, first, door, count, each, *words = sys.argv[1:]
    return main(int(pod), first, int(door), int(count), int(each), words)


if __name__ == "__main__":
    sys.exit(started())
