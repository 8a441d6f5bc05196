"""The content key of a project, as `run()` makes it: the layers, which it makes of what is known then, are not."""

import os
from pathlib import Path

import reporting


def key(directory, count):
    """The key, `count` times in one process."""
    from chamber.run.images.layers import plan_layers
    from chamber.run.project.files import select

    project = Path(directory)

    def act():
        for _ in range(count):
            plan_layers(project, select(project)).content_key  # noqa: B018 - it is made

    return act


def unsearched(directory, count):
    """The key, where no file is searched for what must not leave."""
    from chamber.run.project import reading

    reading.kind_of_key = lambda _text: None
    return key(directory, count)


def read(directory, _count):
    """No key: every file that goes into it is read, and hashed."""
    import hashlib

    from chamber.run.project.files import choose

    files = [(f"{directory}/{file.path}", file.size) for file in choose(Path(directory))]

    def act():
        for file, size in files:
            descriptor = os.open(file, os.O_RDONLY)
            hashlib.sha256(os.read(descriptor, size)).digest()
            os.close(descriptor)

    return act


if __name__ == "__main__":
    reporting.main({"key": key, "unsearched": unsearched, "read": read})
