"""Which engine there is: the one that CHAMBER_ENGINE names, else the first that answers."""

import os

from chamber.core.errors import ConfigurationError
from chamber.local.executors.containers.answers import answer, last_line
from chamber.local.executors.containers.engine import Engine

__all__ = ["find"]

_VARIABLE = "CHAMBER_ENGINE"
#: Ends well only where what does the work was reached, and says how many CPUs it has.
_QUESTIONS = {
    "docker": ("info", "--format", "{{.NCPU}} {{.ServerVersion}}"),
    "podman": ("info", "--format", "{{.Host.CPUs}} {{.Version.Version}}"),
}


async def find() -> Engine:
    """docker with a daemon, or podman. Raises ConfigurationError: none answers, or what speaks to them is missing."""
    try:
        from python_on_whales import ClientNotFoundError, DockerClient
    except ImportError as error:
        raise ConfigurationError(
            "executor='container' needs more than was installed: pip install 'chamber-local[container]'"
        ) from error
    wanted = os.environ.get(_VARIABLE) or None
    if wanted is not None and wanted not in _QUESTIONS:
        raise ConfigurationError(f"{_VARIABLE} is {wanted!r}: executor='container' works with docker and podman")
    lacks = []
    for name in _QUESTIONS if wanted is None else (wanted,):
        client = DockerClient(client_call=[name], client_type=name)  # type: ignore[arg-type]
        try:
            command = tuple(map(str, client.client_config.docker_cmd))
        except ClientNotFoundError:
            lacks.append(f"{name}: not installed")
            continue
        code, said = await answer([*command, *_QUESTIONS[name]])
        cpus, _, version = said.partition(" ")
        if code == 0 and cpus.isdecimal() and version:
            return Engine(name, command, client, max(1, int(cpus)))
        lacks.append(f"{name}: {last_line(said) or 'it does not answer'}")
    raise ConfigurationError(
        f"No container engine answers ({'; '.join(lacks)}). Install docker or podman and start it "
        f"(`sudo systemctl start docker`, `podman machine start`); {_VARIABLE} names the one to use"
    )
