"""Which workloads a condition admits, remembered from one search to the next.

A mask is a byte for each `seq`. Conditions are remembered one by one, so that every combination of them is a matter of
moments, and what has changed since is looked at again: each change of a workload, and its making, is an event. Words
that many workloads contain are looked for in texts that are kept in memory; those of a workload never change.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial, reduce
from operator import and_
from typing import Any, Literal, TypeAlias

import msgspec

from chamber.local.storage import words

__all__ = ["Connection", "Found", "counts", "found", "in_order"]

#: A condition in SQL over the columns of `workloads`, and the values of its names.
Part: TypeAlias = tuple[str, dict[str, Any]]

#: Bytes of masks that are kept.
_KEPT = 32 << 20
#: Changes of which more are not looked at one by one.
_MANY_CHANGES = 5000
#: Workloads with a word of which more are found faster by looking at every text than by the index.
_MANY_WITH_A_WORD = 2000


class Found:
    """The workloads that all conditions admit."""

    def __init__(self, flags: bytes) -> None:
        self._flags = flags
        #: How many there are.
        self.total: int = flags.count(1)
        #: 1 for a `seq` of theirs, else 0.
        self.admits: Callable[[int], int] = flags.__getitem__

    def seqs(self, after: int | None = None, order: Literal["asc", "desc"] = "asc") -> Iterator[int]:
        """Them in the order of their submission, or from the last; `after` is where to begin, without that one."""
        if order == "asc":
            place = -1 if after is None else min(after, len(self._flags))
            while (place := self._flags.find(1, place + 1)) >= 0:
                yield place
        else:
            place = len(self._flags) if after is None else after
            while (place := self._flags.rfind(1, 0, place)) >= 0:
                yield place


class _Mask:
    """What one condition admits, as of the change number `seen`."""

    def __init__(self, flags: bytearray, seen: int) -> None:
        self._flags = flags
        self.seen: int = seen
        self._number: int | None = None

    @property
    def number(self) -> int:
        """All its bytes as one number, the first being the lowest: what `&` is quick with."""
        if self._number is None:
            self._number = int.from_bytes(self._flags, "little")
        return self._number

    def change(self, looked_at: Collection[int], admitted: Iterable[int], seen: int) -> None:
        self.seen = seen
        self._flags.extend(bytes(max(0, max(looked_at, default=0) + 1 - len(self._flags))))
        for seq in looked_at:
            self._flags[seq] = 0
        for seq in admitted:
            self._flags[seq] = 1
        self._number = None if looked_at else self._number


class _Masks:
    """Those that were asked for last."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, _Mask] = OrderedDict()
        self._changes: tuple[tuple[int, int], list[int]] = ((0, 0), [])
        self.texts: _Texts = _Texts()

    def of(self, connection: sqlite3.Connection, part: Part, fresh: Callable[[int], bytearray]) -> _Mask:
        """The mask of a condition: `fresh` makes it, of that size, when it is not known."""
        key = msgspec.json.encode(part).decode()
        latest, last = connection.execute(
            "SELECT IFNULL(MAX(seq), 0), (SELECT IFNULL(MAX(seq), 0) FROM workloads) FROM events"
        ).fetchone()
        mask = self._held.pop(key, None)
        if mask is None or not 0 <= latest - mask.seen <= _MANY_CHANGES:
            mask = _Mask(fresh(last + 1), latest)
        elif latest > mask.seen:
            changed = self._changed_since(connection, mask.seen, latest)
            mask.change(changed, _admitted(connection, part, changed), latest)
        self._held[key] = mask
        while len(self._held) * (last + 1) > _KEPT and len(self._held) > 1:
            self._held.popitem(last=False)
        return mask

    def _changed_since(self, connection: sqlite3.Connection, seen: int, latest: int) -> list[int]:
        """Every `seq` that changed; most often the same is asked for several masks."""
        if self._changes[0] != (seen, latest):
            self._changes = ((seen, latest), _changed(connection, seen))
        return self._changes[1]


class _Texts:
    """What words are looked for in, by `seq`."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._latest = ""
        self._in_order = True

    def with_word(self, connection: sqlite3.Connection, word: str) -> bytearray:
        """A 1 for every `seq` whose text contains the word."""
        self._read(connection)
        return bytearray([word in text for text in self._texts])

    def in_order(self, connection: sqlite3.Connection) -> bool:
        """True when no workload was submitted at an earlier time than one before it."""
        self._read(connection)
        return self._in_order

    def _read(self, connection: sqlite3.Connection) -> None:
        """Reads those that came since."""
        rows = connection.execute(
            f"SELECT seq, {words.TEXT}, submitted_at FROM workloads WHERE seq >= ? ORDER BY seq",  # noqa: S608
            (len(self._texts),),
        )
        for seq, text, submitted_at in rows:
            self._texts.extend([""] * (seq - len(self._texts)))
            self._texts.append(text)
            self._in_order = self._in_order and submitted_at >= self._latest
            self._latest = submitted_at


class Connection(sqlite3.Connection):
    """A connection that remembers; another does not, and finds the same."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.masks: _Masks = _Masks()


def found(connection: sqlite3.Connection, parts: Sequence[Part], asked: Sequence[str]) -> Found:
    """What all of the conditions admit that contains all of the words that are asked for."""
    last = connection.execute("SELECT IFNULL(MAX(seq), 0) FROM workloads").fetchone()[0]
    return Found(_together(connection, _of(connection), parts, asked).to_bytes(last + 1, "little"))


def counts(
    connection: sqlite3.Connection, parts: Sequence[Part], asked: Sequence[str], each: Mapping[str, Part]
) -> dict[str, int]:
    """How many of those each of some further conditions admits."""
    masks = _of(connection)
    together = _together(connection, masks, parts, asked)
    return {
        name: (masks.of(connection, part, partial(_every, connection, part)).number & together).bit_count()
        for name, part in each.items()
    }


def _together(connection: sqlite3.Connection, masks: "_Masks", parts: Sequence[Part], asked: Sequence[str]) -> int:
    held = [masks.of(connection, part, partial(_every, connection, part)) for part in parts]
    held += [
        masks.of(connection, words.contained(word), partial(_with_word, connection, masks.texts, word))
        for word in asked
    ]
    return reduce(and_, (mask.number for mask in held))


def in_order(connection: sqlite3.Connection) -> bool:
    """True when the order of submission is that of the times at which it was."""
    return _of(connection).texts.in_order(connection)


def _of(connection: sqlite3.Connection) -> _Masks:
    return connection.masks if isinstance(connection, Connection) else _Masks()


def _with_word(connection: sqlite3.Connection, texts: _Texts, word: str, size: int) -> bytearray:
    few = words.looked_up(connection, word, _MANY_WITH_A_WORD) if words.indexed(word) else None
    if few is not None:
        return _flags(size, few)
    flags = texts.with_word(connection, word)
    flags.extend(bytes(size - len(flags)))
    for row in connection.execute("SELECT seq FROM workloads WHERE id = ?", (word,)):
        flags[row[0]] = 1
    return flags


def _every(connection: sqlite3.Connection, part: Part, size: int) -> bytearray:
    """What a condition admits. One JSON text is read faster than as many rows."""
    sql, values = part
    text = connection.execute(f"SELECT json_group_array(seq) FROM workloads WHERE {sql}", values).fetchone()[0]  # noqa: S608
    return _flags(size, msgspec.json.decode(text, type=list[int]))


def _flags(size: int, seqs: Iterable[int]) -> bytearray:
    flags = bytearray(size)
    for seq in seqs:
        flags[seq] = 1
    return flags


def _changed(connection: sqlite3.Connection, seen: int) -> list[int]:
    rows = connection.execute(
        "SELECT DISTINCT workloads.seq FROM events CROSS JOIN workloads ON workloads.id = events.workload_id "
        "WHERE events.seq > ?",
        (seen,),
    )
    return [row[0] for row in rows]


def _admitted(connection: sqlite3.Connection, part: Part, seqs: Collection[int]) -> list[int]:
    sql, values = part
    rows = connection.execute(
        "SELECT seq FROM (SELECT value AS place FROM json_each(:seqs)) CROSS JOIN workloads ON seq = place "  # noqa: S608
        f"WHERE {sql}",
        {**values, "seqs": msgspec.json.encode(seqs).decode()},
    )
    return [row[0] for row in rows]
