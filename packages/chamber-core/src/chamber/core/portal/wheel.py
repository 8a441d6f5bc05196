"""Who drives the event loop: a thread that has the only call there is, or the daemon. Policy alone: no thread, no lock.

A call that is alone is driven by the thread that made it, which spares it two switches of threads. The daemon drives
while anything else needs the loop: calls of several threads, listings that read ahead, a call whose thread has other
work meanwhile; and the idle loop, so that connections that end and timers are noticed.

::

              take                    leave, nothing left
    nobody ──────────▶ a caller ──────────────────────────▶ nobody
       ▲                  │ called off: it leaves, and the daemon takes over
       │ calm again       ▼
       └───────────── the daemon ◀── take_over: something is wanted, or the loop has been idle for a moment
"""

from __future__ import annotations

__all__ = ["DAEMON", "Wheel"]

#: No thread has this number.
DAEMON = 0
#: So many calls one after the other, none beside another, until the daemon hands the loop back.
_CALM = 8


class Wheel:
    """The state. Who owns it locks it for each change."""

    def __init__(self) -> None:
        #: The number of the thread that drives, `DAEMON`, or None.
        self.driver: int | None = None
        #: How often a caller has driven.
        self.turns: int = 0
        #: Whether the caller that drives is to leave.
        self.is_called_off: bool = False
        #: Whether the loop is to end: the daemon alone may drive it then.
        self.is_stopped: bool = False
        self._calls = self._listings = 0
        self._calm = _CALM

    @property
    def is_wanted(self) -> bool:
        """Whether the daemon is to drive as soon as nobody else does."""
        return self._calls > 0 or self._listings > 0 or self.is_stopped

    def take(self, caller: int) -> bool:
        """Let a thread drive for a call of its own. False: it is not alone, and hands its call over."""
        if self.driver is not None or self.is_wanted:
            return False
        self.driver = caller
        self.turns += 1
        return True

    def take_over(self, *, idle: bool) -> bool:
        """Let the daemon drive, if it has to. `idle`: nobody has driven for a moment."""
        if self.driver is not None or not (idle or self.is_wanted):
            return False
        self.driver = DAEMON
        return True

    def leave(self, *, unfinished: bool = False) -> None:
        """Nobody drives any more. `unfinished`: the caller leaves its call to the daemon."""
        self.driver = None
        self.is_called_off = False
        self._calls += unfinished

    def hand_over(self) -> bool:
        """Count one more call that is not driven by its own thread. False: the loop ends, and takes none."""
        if self.is_stopped:
            return False
        alone = self._calls == 0 and not self._call_off()
        self._calm = min(self._calm + 1, _CALM) if alone else 0
        self._calls += 1
        return True

    def end(self) -> bool:
        """Count one of these calls less. True: the daemon is to leave, as calls come one after the other again."""
        self._calls -= 1
        return self.driver == DAEMON and not self.is_wanted and self._calm == _CALM

    def open_listing(self) -> None:
        """Have the daemon drive while a listing reads ahead."""
        self._listings += 1

    def close_listing(self) -> None:
        """One of these listings has ended."""
        self._listings -= 1

    def stop(self) -> None:
        """Have the daemon drive to the end of the loop, and nobody else any more."""
        self.is_stopped = True
        self._call_off()

    def _call_off(self) -> bool:
        """Whether a caller drove alone, and is to leave."""
        if self.driver is None or self.driver == DAEMON:
            return False
        self.is_called_off = True
        return True
