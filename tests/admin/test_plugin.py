"""How the package joins the clients."""

import subprocess
import sys

PROGRAM = """
import sys
import chamber.admin.plugin
assert "chamber.admin.operations" not in sys.modules
from chamber.core import ChamberClient
assert "list_teams" in dir(ChamberClient)
from chamber.admin.operations import AdminOperations
assert issubclass(ChamberClient, AdminOperations)
"""


def test_the_operations_are_loaded_only_when_a_client_needs_them():
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
