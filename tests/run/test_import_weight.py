import subprocess
import sys

UNUSED = (
    "chamber.run.doctor",
    "chamber.run.engines",
    "configparser",
    "filelock",
    "pathspec",
    "python_on_whales",
    "rich.console",
    "structlog",
    "tomllib",
)


def test_a_run_that_builds_and_shows_nothing_imports_neither_engines_nor_displays() -> None:
    told = f"import sys, chamber.run.operations; print([name for name in {UNUSED} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
