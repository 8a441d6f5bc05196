"""Measurements beside the peers, as ratios in one run: ``hatch run bench [NAME ...]``, and their guard: ``--check``."""

import importlib
import sys
from pathlib import Path

NAMES = ("import_weight", "calls", "command_line", "content_key", "local", "run")
#: What replaces what ``--check`` compares with, and so is done only by name.
KEPT = "instructions"


def main(chosen: list[str]) -> int:
    """Run the named measurements, or all of them; ``calls.get`` is a part of ``calls``. ``--check`` runs none of them:
    it fails where a hot path takes more instructions than it did."""
    sys.path.insert(0, str(Path(__file__).parent))
    if chosen == ["--check"]:
        checked: int = importlib.import_module(KEPT).check()
        return checked
    unknown = [name for name in chosen if name.partition(".")[0] not in {*NAMES, KEPT}]
    if unknown:
        print(f"there is no measurement {', '.join(unknown)}; there are {', '.join([*NAMES, KEPT])}", file=sys.stderr)
        return 2
    for name in chosen or NAMES:
        module, _, part = name.partition(".")
        importlib.import_module(module).main(*([part] if part else []))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
