"""``python -m reliability NAME [options]``: one long run; without a name, the names."""

import importlib
import sys

#: Name of a run -> the module whose `main` takes its options and returns the exit code.
NAMES = {
    "chaos": "reliability.chaos",
    "config-storm": "reliability.config_storm",
    "contract": "reliability.contract",
    "corpus": "reliability.corpus",
    "crash": "reliability.crash",
    "figures": "reliability.figures",
    "fuzz": "reliability.fuzz",
    "kinds": "reliability.proxy.page",
    "model": "reliability.model",
    "mutation": "reliability.mutation.command",
    "soak": "reliability.soak",
    "sweep": "reliability.sweep",
}


def main(arguments: list[str]) -> int:
    """Run what is named."""
    name, options = arguments[0] if arguments else "", arguments[1:]
    if name not in NAMES:
        print(f"usage: python -m reliability {'|'.join(NAMES)} [options]", file=sys.stderr)
        return 2
    run: int = importlib.import_module(NAMES[name]).main(options)
    return run


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
