"""The table of official methods is true."""

import importlib

from members import MEMBERS, project, short_name

from chamber.core import AsyncChamberClient, ChamberClient
from chamber.core.official import OFFICIAL
from chamber.core.operations import Operations


def _brought_by(member):
    if short_name(member) in {"core", "compat"}:
        return []
    plugin = importlib.import_module(project(member)["project"]["entry-points"]["chamber"][short_name(member)])
    if not hasattr(plugin, "chamber_operations"):
        return []
    own = [base for base in plugin.chamber_operations().__mro__ if not base.__module__.startswith("chamber.core.")]
    names = {name for base in own if base is not object for name in vars(base) if not name.startswith("_")}
    return [name for name in names if not hasattr(Operations, name)]


def test_the_table_names_every_method_and_who_brings_it():
    assert {name: member.name for member in MEMBERS for name in _brought_by(member)} == OFFICIAL


def test_both_clients_have_every_official_method():
    missing = [n for n in OFFICIAL if not (hasattr(ChamberClient, n) and hasattr(AsyncChamberClient, n))]
    assert missing == []
