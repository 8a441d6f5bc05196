"""Searching by words: each has to be in the name, the external id or the tags, in any case, or be the id.

Words of three letters and more are looked up in the index of three-letter pieces, whose phrases match exactly what
contains the word. SQLite's texts are indexed up to a NUL, so the few that hold one are always looked at. Case is that
of ASCII, as SQLite's lower() has it: what is beyond is found as it is written.
"""

from collections.abc import Iterator
from typing import Any

__all__ = ["TEXT", "conditions", "contained", "each", "indexed", "looked_up"]

#: What is looked at, in SQL over the columns of `workloads`.
TEXT = "lower(name || ' ' || IFNULL(external_id, '') || ' ' || tags)"
_WITH_ZEROS = "instr(name || IFNULL(external_id, ''), char(0)) > 0"


def each(query: str | None) -> tuple[str, ...]:
    """The words, in the case that they are looked for in; each once."""
    lowered = "".join(letter.lower() if letter.isascii() else letter for letter in query or "")
    return tuple(dict.fromkeys(lowered.split()))


def conditions(query: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each word as SQL over the columns of `workloads`, from the index where it can be looked up."""
    for number, word in enumerate(each(query)):
        yield (looked_up if _has_pieces(word) else contained)(word, f"word_{number}")


def contained(word: str, name: str = "word") -> tuple[str, dict[str, Any]]:
    """A word as SQL that looks at one workload."""
    return f"(id = :{name} OR instr({TEXT}, :{name}))", {name: word}


def looked_up(word: str, name: str = "word") -> tuple[str, dict[str, Any]]:
    """A word that can be looked up, as SQL that does."""
    looked_at, _ = contained(word, name)
    sql = (
        f"seq IN (SELECT rowid FROM workload_words WHERE workload_words MATCH :{name}_phrase "  # noqa: S608
        f"UNION ALL SELECT seq FROM workloads WHERE id = :{name} "
        f"UNION ALL SELECT seq FROM workloads WHERE {_WITH_ZEROS} AND {looked_at})"
    )
    return sql, {name: word, f"{name}_phrase": _phrase(word)}


def indexed(query: str | None) -> bool:
    """True when a word of the query can be looked up."""
    return any(_has_pieces(word) for word in each(query))


def _has_pieces(word: str) -> bool:
    return len(word) >= 3 and "\0" not in word


def _phrase(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
