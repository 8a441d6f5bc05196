"""``python -m reliability.fuzz.session TARGET [options of libFuzzer] FOLDER``: fuzzes one target in this process."""

import logging
import sys

import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]

#: What shows the fuzzer where an input led; to instrument everything would take longer than a run in CI.
_INSTRUMENTED = {
    "dependencies": ["chamber.run.project.detection", "packaging.requirements", "packaging._parser"],
    "dockerignore": ["chamber.run.project"],
    "error": ["chamber.core.wire"],
    "reference": ["chamber.run.clouds", "chamber.run.reference"],
    "response": ["chamber.core.models", "chamber.core.wire", "chamber.metrics.batch", "chamber.metrics.models"],
    "retry-after": ["chamber.core.retry", "email._parseaddr"],
    "settings": ["chamber.run.settings", "yaml.composer", "yaml.parser", "yaml.scanner"],
    "www-authenticate": ["chamber.run.registry.challenge"],
}


def main(arguments: list[str]) -> None:
    """Feeds the target until libFuzzer ends the process."""
    logging.disable()
    target = arguments.pop(1)
    with atheris.instrument_imports(include=_INSTRUMENTED[target]):
        from reliability.fuzz.checking import check
    atheris.Setup(arguments, lambda data: check(target, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
