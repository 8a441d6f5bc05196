"""Measurements beside the peers, as ratios in one run: ``hatch run bench [NAME ...]``, and their guard: ``--check``."""

import importlib
import sys
from pathlib import Path

NAMES = ("import_weight", "calls", "content_key", "local", "resubmission", "run")
#: What replaces what ``--check`` compares with, and so is done only by name.
KEPT = "instructions"


def main(chosen: list[str]) -> int:
    """Run the named measurements, or all of them; ``calls_get`` is a part of ``calls``. ``--check`` runs none of them:
    it fails where a hot path takes more instructions than it did."""
    sys.path.insert(0, str(Path(__file__).parent))
    if chosen == ["--check"]:
        checked: int = importlib.import_module("instructions").check()
        return checked
    known = [*NAMES, KEPT]
    unknown = [name for name in chosen if name.partition("_")[0] not in known and name not in known]
    if unknown:
        print(f"there is no measurement {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    for name in chosen or NAMES:
        importlib.import_module(name).main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
