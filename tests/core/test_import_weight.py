"""What is loaded when: importing the clients must cost next to nothing."""

from __future__ import annotations

import json

import pytest

HEAVY = ["asyncio", "aiohttp", "msgspec", "structlog", "pluggy", "python_on_whales", "typing", "importlib.metadata"]
ASK = f"import sys, json; print(json.dumps([name for name in {HEAVY} if name in sys.modules]))"


def loaded(script, program: str, *arguments: str) -> set[str]:
    done = script(f"{program}\n{ASK}", *arguments)
    assert done.stderr == ""
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "program",
    [
        "from chamber.core import ChamberClient",
        "from chamber.core import AsyncChamberClient, ChamberClient",
        "import chamber.core; dir(chamber.core)",
        "from chamber.core.client import ChamberClient",
        "from chamber.core.errors import ChamberError",
        "from chamber.core import ChamberError, NotFoundError, operation, Operations",
    ],
)
def test_importing_the_clients_loads_nothing_heavy(script, program):
    assert loaded(script, program) == set()


def test_making_a_client_with_a_token_loads_nothing_of_the_network(script):
    program = "from chamber.core import ChamberClient; ChamberClient('ch.a', 'http://127.0.0.1:1')"
    assert loaded(script, program) & {"asyncio", "aiohttp", "msgspec", "structlog", "pluggy"} == set()


def test_a_name_of_the_package_is_loaded_with_its_first_use(script):
    assert "msgspec" in loaded(script, "import chamber.core; chamber.core.Workload")
    assert "aiohttp" not in loaded(script, "import chamber.core; chamber.core.Workload")


def test_every_public_name_is_there_and_no_other(script):
    done = script(
        "import chamber.core\n"
        "assert sorted(chamber.core.__all__) == dir(chamber.core), 'dir'\n"
        "for name in chamber.core.__all__: assert getattr(chamber.core, name) is not None\n"
        "try: chamber.core.nothing\n"
        "except AttributeError as error: print(error)\n"
    )
    assert (done.stderr, done.stdout) == ("", "module 'chamber.core' has no attribute 'nothing'\n")


@pytest.mark.parametrize("client", ["ChamberClient", "ChamberClient('ch.a')", "AsyncChamberClient('ch.a')"])
def test_the_first_completion_offers_what_plugins_add(script, client):
    done = script(
        "from chamber.core import AsyncChamberClient, ChamberClient\n"
        f"found = set(dir({client}))\n"
        "print({'get_workload', 'list_teams', 'run', 'get_workload_stats'} <= found)\n"
    )
    assert (done.stderr, done.stdout) == ("", "True\n")


def test_the_namespace_has_no_file(script):
    done = script("import chamber.core, sys; print(getattr(sys.modules['chamber'], '__file__', None))")
    assert done.stdout == "None\n"


def test_logging_is_quiet_unless_the_application_listens(script):
    program = (
        "import logging, sys\n"
        "{configure}"
        "from chamber.core import plugins\n"
        "plugins._set_aside('acme', ImportError('no module'))\n"
    )
    assert script(program.format(configure="")).stderr == ""
    assert "acme" in script(program.format(configure="logging.basicConfig()\n")).stderr


def test_a_first_call_loads_neither_the_logging_of_events_nor_what_other_packages_bring(script):
    program = (
        "from chamber.core import ChamberClient\n"
        "client = ChamberClient('ch.a', 'http://127.0.0.1:1', timeout=0.01)\n"
        "try: client.get_workload('wl_1')\n"
        "except ConnectionError: pass\n"
        "import sys; assert not {'chamber.metrics.models', 'chamber.admin.models'} & set(sys.modules)\n"
    )
    found = loaded(script, program)
    assert "aiohttp" in found
    assert "structlog" not in found
