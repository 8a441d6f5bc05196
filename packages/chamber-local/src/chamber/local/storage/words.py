"""Searching by words: each has to be in the name, the external id or the tags, in any case, or be the id.

Words of three letters and more are looked up in the index of three-letter pieces, whose phrases match exactly what
contains the word. SQLite's texts are indexed up to a NUL, so the few that hold one are always looked at.
"""

from collections.abc import Iterator
from typing import Any

__all__ = ["conditions", "indexed"]

_TEXT = "lower(name || ' ' || IFNULL(external_id, '') || ' ' || tags)"
_WITH_ZEROS = "instr(name || IFNULL(external_id, ''), char(0)) > 0"


def conditions(query: str | None, *, indexed: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each word as SQL over the columns of `workloads`, from the index where it can be looked up and is to be."""
    for number, word in enumerate(_words(query)):
        name = f"word_{number}"
        values = {name: word}
        contained = f"(id = :{name} OR instr({_TEXT}, :{name}))"
        if indexed and _has_pieces(word):
            yield _looked_up(name, contained), {**values, f"{name}_phrase": _phrase(word)}
        else:
            yield contained, values


def indexed(query: str | None) -> bool:
    """True when a word of the query can be looked up."""
    return any(_has_pieces(word) for word in _words(query))


def _words(query: str | None) -> list[str]:
    return (query or "").lower().split()


def _has_pieces(word: str) -> bool:
    return len(word) >= 3 and "\0" not in word


def _phrase(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _looked_up(name: str, contained: str) -> str:
    return (
        f"seq IN (SELECT rowid FROM workload_words WHERE workload_words MATCH :{name}_phrase "  # noqa: S608
        f"UNION ALL SELECT seq FROM workloads WHERE id = :{name} "
        f"UNION ALL SELECT seq FROM workloads WHERE {_WITH_ZEROS} AND {contained})"
    )
