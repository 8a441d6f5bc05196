"""What an environment is where its files are odd, and what it says to whom in which words."""

from typing import Any

import pytest
from msgspec.structs import replace

from chamber.run.images.environment import Environment
from chamber.run.project.files import GeneratedFile
from chamber.run.targets import BaseImage

SLIM = BaseImage("docker.io/library/python:3.12-slim")
TUNED = BaseImage("nvcr.io/nvidia/pytorch:25.01-py3")
MARKER = BaseImage("chamber.local/python:latest", recipe=True)
HASH = f"--hash=sha256:{'0' * 64}"
COMMAND = ("python", "train.py")


def _of(content: bytes, base: BaseImage = SLIM, name: str = "requirements.txt", **more: Any) -> Environment:
    return Environment(base=base, requirements_file=name, files={name: content}, **more)


def test_an_environment_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Environment(base=SLIM).locked = True  # type: ignore[misc]


def test_a_recipe_keeps_its_bytes() -> None:
    assert Environment(base=MARKER).recipe == {
        "opt/chamber/environment/recipe.json": (b'{"install":[],"key":"0a5f9119870b82b2","python":null,"schema":1}')
    }


def test_only_a_lock_file_is_installed_without_what_the_base_ships() -> None:
    named = _of(f"torch==2.8.0 {HASH}\n".encode(), TUNED)
    assert (named.left_out, named.installed_files) == ({}, named.files)
    nothing = Environment(base=TUNED, locked=True)
    assert (nothing.left_out, nothing.installed_files, nothing.install) == ({}, {}, ())
    assert set(replace(nothing, base=MARKER).recipe) == {"opt/chamber/environment/recipe.json"}


def test_what_a_base_ships_in_no_known_version_is_told_without_one() -> None:
    (warning,) = _of(f"torchvision==0.20.0 {HASH}\n".encode(), TUNED, locked=True).warnings
    assert warning.endswith("ships torchvision")


def test_downloads_are_kept_where_a_secret_needs_such_a_builder_anyway() -> None:
    plain = _of(b"six\n")
    assert "type=cache" not in plain.dockerfile(COMMAND)
    assert "type=cache" in replace(plain, index="pypi.acme.example").dockerfile(COMMAND)


@pytest.mark.parametrize("after", [(), ("true",)])
def test_a_complete_dockerfile_ends_in_the_project_and_goes_there_once(parsed: Any, after: tuple[str, ...]) -> None:
    folders = [one.words for one in parsed(_of(b"six", post_build_commands=after).dockerfile(COMMAND))]
    assert folders.count(("/app",)) == 1


def test_files_that_are_no_unicode_are_written_as_far_as_they_are(parsed: Any) -> None:
    odd = _of(b"six # \xff\xc3\xbc\n", name="a $b.txt")
    made = GeneratedFile("made.txt", b"\xff\xc3\xbc", 0o644)
    words = [word for one in parsed(odd.dockerfile(COMMAND, generated=[made])) for word in one.words]
    assert {"six # \ufffdü\n", "\ufffdü"} <= set(words)


def test_what_fetches_is_found_in_a_file_that_is_no_unicode() -> None:
    assert _of(b"# \xff\na @ git+https://a.example/b\n").debian_packages == ("git",)
