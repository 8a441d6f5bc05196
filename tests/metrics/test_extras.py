"""What is asked for without its extra."""

import pickle
import subprocess
import sys

import pytest

from chamber.core import ChamberError, MissingExtraError
from chamber.metrics.extras import extra

PROGRAM = """
import sys
from chamber.core import ChamberError
import chamber.metrics.operations
from chamber.metrics import BatchMetrics, WorkloadMetrics, WorkloadStats
assert not {{"pandas", "matplotlib", "numpy"}} & sys.modules.keys()
sys.modules["{package}"] = None
for value in (WorkloadMetrics(), BatchMetrics(workloads=[]), WorkloadStats(total=1)):
    try:
        value.{call}()
    except ImportError as error:
        assert isinstance(error, ChamberError)
        assert "pip install 'chamber-metrics[{extra}]'" in str(error), error
        assert "needs {package}" in str(error), error
    else:
        raise AssertionError(value)
value.summary()
"""


@pytest.mark.parametrize(
    ("call", "package", "name"), [("to_pandas", "pandas", "pandas"), ("plot", "matplotlib", "plot")]
)
def test_a_missing_extra_is_named_with_the_command_that_installs_it(call, package, name):
    program = PROGRAM.format(call=call, package=package, extra=name)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_error_is_one_of_the_family_and_keeps_its_cause():
    with pytest.raises(MissingExtraError) as caught, extra("plot", "matplotlib"):
        import chamber.no_such_package  # noqa: F401
    assert isinstance(caught.value, ChamberError)
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_other_errors_pass():
    with pytest.raises(ZeroDivisionError), extra("plot", "matplotlib"):
        1 / 0  # noqa: B018
