"""Work in a forked child, so that what befalls the process befalls no other."""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Callable
from typing import TypeVar

__all__ = ["in_child"]

T = TypeVar("T")


def in_child(work: Callable[[], T]) -> T:
    """What `work` returns, or raises, in a forked child of this process."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 and later warn of every fork beside threads
        child = os.fork()
    if child == 0:
        os.close(read)
        _tell(write, work)
    os.close(write)
    with os.fdopen(read, "rb") as told:
        said = told.read()
    os.waitpid(child, 0)
    result, error = pickle.loads(said)
    if error is not None:
        raise error
    kept: T = result
    return kept


def _tell(descriptor: int, work: Callable[[], object]) -> None:
    try:
        said = pickle.dumps((work(), None))
    except BaseException as error:
        said = pickle.dumps((None, error))
    while said:
        said = said[os.write(descriptor, said) :]
    os._exit(0)
