"""Which parts of the reference a test is there for; `coverage.py` makes the table of it and holds the tests to it."""

__all__ = ["covers"]


def covers(*parts):
    """Marks a test: ``"run()"`` is a method, ``"run(gpus)"`` a parameter, ``"Workload.id"`` a field."""

    def mark(test):
        test.covers = parts
        return test

    return mark


def parameters(method, names):
    """The parts of several parameters, named with blanks between."""
    return tuple(f"{method}({name})" for name in names.split())


def fields(model, names):
    """The parts of several fields, named with blanks between."""
    return tuple(f"{model}.{name}" for name in names.split())
