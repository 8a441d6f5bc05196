"""Teams, templates and allocations in Chamber.

::

    from chamber.admin import team_tree
    from chamber.core import ChamberClient

    with ChamberClient() as client:
        for root in team_tree(client.list_teams()):
            for depth, team in root.walk():
                print("  " * depth + team.name)
"""

from chamber.admin.models import Allocation, Team, Template, TemplateScope
from chamber.admin.tree import TeamNode, team_tree

__all__ = ["Allocation", "Team", "TeamNode", "Template", "TemplateScope", "team_tree"]
