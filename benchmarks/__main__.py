"""Measurements beside the peers, as ratios in one run: ``hatch run bench [NAME ...]``."""

import importlib
import sys
from pathlib import Path

NAMES = ("import_weight", "calls", "command_line", "local", "resubmission", "run")


def main(chosen: list[str]) -> int:
    """Run the named measurements, or all of them; ``calls.get`` is a part of ``calls``."""
    unknown = [name for name in chosen if name.partition(".")[0] not in NAMES]
    if unknown:
        print(f"there is no measurement {', '.join(unknown)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    sys.path.insert(0, str(Path(__file__).parent))
    for name in chosen or NAMES:
        module, _, part = name.partition(".")
        importlib.import_module(module).main(*([part] if part else []))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
