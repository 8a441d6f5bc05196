"""What a new Chamber begins with: one team, and a template that runs without any image being pushed."""

import sqlite3
from datetime import datetime

from chamber.local.registry.marker import MARKER, TAG
from chamber.local.storage import nouns
from chamber.local.storage.nouns import Team, Template
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


def sow(connection: sqlite3.Connection, gpu_type: str | None, at: datetime) -> None:
    """Adds what is not there yet."""
    if nouns.find(connection, Team, TEAM) is None:
        nouns.add(connection, Team(id=TEAM, name="local", description="The team of this machine", created_at=at))
    if nouns.find(connection, Template, "tmpl_hello") is None:
        nouns.add(connection, _hello(gpu_type))


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
