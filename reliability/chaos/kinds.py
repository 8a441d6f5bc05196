"""What befalls answers in a storm."""

from chamber.local.faults import Fault

__all__ = ["KINDS", "SLOW"]

_JSON = {"Content-Type": "application/json"}

#: After the server acted, the worst for a submission: it is there, and nobody was told.
_AFTER = (
    Fault(kind="reset_after"),
    Fault(kind="truncate"),
    Fault(kind="html"),
    Fault(kind="status", status=500, acted=True),
    Fault(kind="status", status=502, body="<html>bad gateway</html>", acted=True),
    Fault(kind="status", status=504, acted=True),
    Fault(kind="status", status=503, headers={"Retry-After": "2"}, acted=True),
    Fault(kind="status", status=408, acted=True),
    Fault(kind="status", status=302, headers={"Location": "http://127.0.0.1:9/"}, acted=True),
    Fault(kind="status", status=201, acted=True),
    Fault(kind="status", status=201, headers=_JSON, body="null", acted=True),
    Fault(kind="status", status=200, headers=_JSON, body="[]", acted=True),
    Fault(kind="status", status=200, headers=_JSON, body='{"data": {}}', acted=True),
    Fault(kind="status", status=200, headers=_JSON, body='{"id": "wl_', acted=True),
)
#: Before it acted: what may be sent again, and what may not because nobody can know that.
_BEFORE = (
    Fault(kind="reset_before"),
    Fault(kind="status", status=500),
    Fault(kind="status", status=408),
    Fault(kind="status", status=429, headers={"Retry-After": "3"}),
    Fault(kind="status", status=503, headers={"Retry-After-Ms": "1500"}),
)
#: Answers that are odd, and good.
_ODD = (
    Fault(kind="unknown_status"),
    Fault(kind="unknown_enum"),
    Fault(kind="content_type"),
    Fault(kind="repeat_cursor"),
)

#: Nothing that takes real time to fail: where only the client's waits are virtual, that would not be seen.
KINDS: tuple[Fault, ...] = (*_AFTER, *_BEFORE, *_ODD)

#: Answers that come bit by bit: they take real time, as a storm has that is blown in real time.
SLOW: tuple[Fault, ...] = (Fault(kind="drip", seconds=3.0), Fault(kind="drip", seconds=8.0))
