from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.core.errors import ConfigurationError
from chamber.run.images import dockerfile

anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
LONGEST = 65535


@given(words=st.lists(anything, min_size=1))
def test_an_exec_form_is_one_line_and_reads_back_as_it_was(parsed: Any, words: list[str]) -> None:
    for instruction in (dockerfile.run(words), dockerfile.run(words, ["type=cache,target=/a"]), dockerfile.cmd(words)):
        (read,) = parsed(f"{instruction}\n")
        assert read.words == tuple(words)


@given(command=anything)
def test_a_shell_command_stays_in_its_instruction(parsed: Any, command: str) -> None:
    (read,) = parsed(f"{dockerfile.shell(command)}\n")
    assert read.words == ("/bin/sh", "-c", command)


def test_mounts_stand_before_the_command(parsed: Any) -> None:
    (read,) = parsed(dockerfile.run(["a"], ["type=cache,target=/b", "type=secret,id=c"]) + "\n")
    assert read.flags == ("--mount=type=cache,target=/b", "--mount=type=secret,id=c")


@pytest.mark.parametrize("reference", ["a/b", "docker.io/a:1\nRUN evil", "docker.io/a b", "", "scratch"])
def test_from_takes_image_references_alone(reference: str) -> None:
    with pytest.raises(ConfigurationError):
        dockerfile.from_image(reference)


@given(value=anything)
def test_folders_stand_before_those_of_the_base_or_are_refused(parsed: Any, value: str) -> None:
    if not value.isprintable():
        with pytest.raises(ConfigurationError):
            dockerfile.prepend("PATH", value)
        return
    (read,) = parsed(dockerfile.prepend("PATH", value) + "\n")
    assert read.words == (f'PATH="{_quoted(value)}${{PATH:+:$PATH}}"',)


@given(
    content=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200),
    times=st.integers(1, 300),
)
def test_a_written_file_has_its_content_whatever_its_length(parsed: Any, content: str, times: int) -> None:
    instructions = list(dockerfile.written("/a b/$c", content * times))
    read = [parsed(f"{instruction}\n")[0] for instruction in instructions]
    assert "".join(one.words[-2] for one in read) == content * times
    assert [one.words[-3] for one in read] == ["w", *("a" for _ in read[1:])]
    assert {one.words[-4] for one in read} == {"/a b/$c"}
    assert all(len(instruction.encode()) < LONGEST for instruction in instructions)


@pytest.mark.parametrize("path", ["a b", "$a", "a*", "a?", "[a]", "a\\b", 'a"', "a\n", "ä", ""])
def test_names_that_a_builder_would_change_are_not_plain(path: str) -> None:
    assert not dockerfile.is_plain(path)


def test_usual_names_are_plain() -> None:
    assert all(map(dockerfile.is_plain, ["requirements.txt", "a/b-c_d.txt", "/opt/chamber/", "."]))


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
