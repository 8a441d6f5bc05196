import json
from collections.abc import Callable
from typing import NamedTuple

import pytest

Parse = Callable[[str], "list[Instruction]"]


class Instruction(NamedTuple):
    name: str
    flags: tuple[str, ...]
    #: The words of an exec form, or the one word of FROM, WORKDIR and ENV.
    words: tuple[str, ...]


@pytest.fixture(scope="session")
def parsed() -> Parse:
    """Reads a Dockerfile as strictly as it is to be written: one instruction a line, commands in exec form."""
    return _parsed


def _parsed(text: str) -> list[Instruction]:
    assert text.endswith("\n")
    return [_instruction(line) for line in text[:-1].split("\n")]


def _instruction(line: str) -> Instruction:
    name, _, rest = line.partition(" ")
    if name in {"FROM", "WORKDIR", "ENV"}:
        if any(letter.isspace() for letter in rest) and name != "ENV":
            raise ValueError(line)
        return Instruction(name, (), (rest,))
    if name not in {"RUN", "COPY", "CMD"}:
        raise ValueError(line)
    flags = []
    while rest.startswith("--"):
        flag, _, rest = rest.partition(" ")
        flags.append(flag)
    words = json.loads(rest)
    if not (isinstance(words, list) and words and all(isinstance(word, str) for word in words)):
        raise ValueError(line)
    return Instruction(name, tuple(flags), tuple(words))
