"""Measurements beside the peers, as ratios in one run: ``hatch run bench [NAME ...]``."""

import importlib
import sys
from pathlib import Path

NAMES = ("import_weight", "calls", "local", "resubmission", "run")


def main(chosen: list[str]) -> int:
    """Run the named measurements, or all of them; ``calls_get`` is a part of ``calls``."""
    sys.path.insert(0, str(Path(__file__).parent))
    known = list(NAMES)
    unknown = [name for name in chosen if name.partition("_")[0] not in known and name not in known]
    if unknown:
        print(f"there is no measurement {', '.join(unknown)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    for name in chosen or NAMES:
        importlib.import_module(name).main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
