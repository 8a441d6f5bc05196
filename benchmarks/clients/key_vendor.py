"""The content hash of a project, as the vendor's package makes it."""

import reporting


def key(directory, count):
    """The hash, `count` times in one process."""
    from chamber_sdk.run.hash import compute_project_hash

    def act():
        for _ in range(count):
            compute_project_hash(directory)

    return act


if __name__ == "__main__":
    reporting.main({"key": key})
