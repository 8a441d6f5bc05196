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

from typing import TYPE_CHECKING

from chamber.core.lazy import lazily

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

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

__getattr__: Callable[[str], Any]
__dir__: Callable[[], list[str]]
__getattr__, __dir__ = lazily(__name__, _HOMES)
