"""A warm process without threads, which forks one for each order: ``python -m reliability.crash.zygote``.

It reads an order a line, and answers each with the exit code of the process, negative for a signal.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback

import msgspec
import python_on_whales

from chamber.core import ChamberClient
from chamber.run import publishing
from reliability.crash import trap
from reliability.crash.points import POINTS
from reliability.crash.work import Order, obey

#: Loaded before the first fork.
WARM = (publishing, python_on_whales)


def main() -> None:
    """Fork until there is no further order."""
    ChamberClient("ch.no-token").close()
    ChamberClient.run  # noqa: B018 - loads the plugins
    for point in POINTS:
        trap.find(point.function)
    gc.freeze()
    for line in sys.stdin:
        order = msgspec.json.decode(line, type=Order)
        pid = os.fork()
        if pid == 0:
            _child(order)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _child(order: Order) -> None:
    code = 1
    try:
        obey(order)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
