"""Teams, templates and allocations in Chamber.

::

    from chamber.admin import team_tree
    from chamber.core import ChamberClient

    with ChamberClient() as client:
        for root in team_tree(client.list_teams()):
            for depth, team in root.walk():
                print("  " * depth + team.name)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chamber.admin.models import Allocation, Team, Template, TemplateScope
    from chamber.admin.tree import TeamNode, team_tree

__all__ = ["Allocation", "Team", "TeamNode", "Template", "TemplateScope", "team_tree"]

_HOMES = {
    "Allocation": "chamber.admin.models",
    "Team": "chamber.admin.models",
    "TeamNode": "chamber.admin.tree",
    "Template": "chamber.admin.models",
    "TemplateScope": "chamber.admin.models",
    "team_tree": "chamber.admin.tree",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
