import os

import pytest


@pytest.fixture
def written_to():
    """``written_to(terminal)`` → what was written to it until nobody has its other side open any more."""

    def read(terminal):
        found = b""
        with os.fdopen(terminal, "rb", buffering=0) as file:
            while True:
                try:
                    piece = file.read(65536)
                except OSError:  # EIO: the other side was closed
                    return found.decode()
                if not piece:
                    return found.decode()
                found += piece

    return read
