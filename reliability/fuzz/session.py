"""``python -m reliability.fuzz.session TARGET [options of libFuzzer] FOLDER``: fuzzes one target in this process."""

import logging
import sys

import atheris

with atheris.instrument_imports(include=["chamber", "email", "packaging", "shlex", "tomllib", "yaml"]):
    from reliability.fuzz.checking import check


def main(arguments: list[str]) -> None:
    """Feeds the target until libFuzzer ends the process."""
    logging.disable()
    target = arguments.pop(1)
    atheris.Setup(arguments, lambda data: check(target, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
