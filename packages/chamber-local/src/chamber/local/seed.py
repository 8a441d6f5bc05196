"""What a new Chamber begins with: one team, and a template that runs without any image being pushed."""

import sqlite3
from datetime import datetime

from chamber.local.configuration import AllocationConfiguration, Configuration
from chamber.local.registry.marker import MARKER, TAG
from chamber.local.storage import nouns, tenancy
from chamber.local.storage.nouns import Allocation, Team, Template
from chamber.local.users import ORGANIZATION

__all__ = ["ORGANIZATION", "TEAM", "USER", "sow"]

TEAM = "init_local"
USER = "local-user"

_HELLO = f"""\
apiVersion: batch/v1
kind: Job
metadata:
  name: hello
  labels: {{chamber.io/team: {TEAM}}}
spec:
  template:
    metadata:
      labels: {{chamber.io/team: {TEAM}}}
    spec:
      restartPolicy: Never
      containers:
        - name: hello
          image: {MARKER}:{TAG}
          command: [python, -c, "print('hello from Chamber')"]
"""


def sow(connection: sqlite3.Connection, configuration: Configuration, at: datetime) -> None:
    """Adds what is not there yet, and makes teams and allocations what the configuration says."""
    if nouns.find(connection, Team, TEAM) is None:
        nouns.add(connection, Team(id=TEAM, name="local", description="The team of this machine", created_at=at))
    for team in configuration.teams:
        nouns.put(connection, Team(id=team.id, name=team.name or team.id, created_at=at))
        if team.organization:
            tenancy.assign(connection, "team", team.id, team.organization)
    for team in configuration.teams:
        nouns.place(connection, team.id, team.parent)
    for held in configuration.allocations:
        nouns.put(connection, _allocation(held, at))
    if nouns.find(connection, Template, "tmpl_hello") is None:
        nouns.add(connection, _hello(next((pool.gpu_type for pool in configuration.pools), None)))


def _allocation(held: AllocationConfiguration, at: datetime) -> Allocation:
    return Allocation(
        id=held.id,
        initiative_id=held.team,
        reservation_id=held.reservation,
        allocated_instances=held.gpus,
        created_at=at,
    )


def _hello(gpu_type: str | None) -> Template:
    return Template(
        id="tmpl_hello",
        name="hello",
        scope="ORGANIZATION",
        description="Prints one line with the host's Python",
        gpu_type=gpu_type,
        requested_gpus=1.0,
        k8s_manifest=_HELLO,
        is_system=True,
    )
