"""How the package joins the clients."""

import subprocess
import sys

PROGRAM = """
import sys
import chamber.metrics.plugin
assert "chamber.metrics.operations" not in sys.modules
from chamber.core import ChamberClient
assert "get_workload_stats" in dir(ChamberClient)
from chamber.metrics.operations import MetricsOperations
assert issubclass(ChamberClient, MetricsOperations)
"""


def test_the_operations_are_loaded_only_when_a_client_needs_them():
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
