import json
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chamber.run.images import bases
from chamber.run.images.environment import Environment
from chamber.run.targets import BaseImage

BASE = BaseImage("docker.io/library/python:3.12-slim")
MARKER = BaseImage("chamber.local/python:latest", recipe=True)
FULL = Environment(
    base=BASE,
    requirements_file="requirements.txt",
    files={"requirements.txt": b"-c pins.txt\nsix", "pins.txt": b"six==1.17.0"},
    requirements=("numpy>=1.26",),
    apt_packages=("git", "curl"),
    pre_build_commands=("echo 'a' \\",),
    post_build_commands=("echo $HOME\nFROM evil",),
)
COMMAND = ("python", "train.py", "--name", 'a "b"')


def test_a_base_alone_needs_nothing() -> None:
    assert Environment(base=BASE).is_base_alone
    assert not FULL.is_base_alone
    assert not Environment(base=BASE, apt_packages=("git",)).is_base_alone


def test_the_key_is_the_same_for_the_same_inputs() -> None:
    reordered = replace(FULL, files=dict(reversed(FULL.files.items())), apt_packages=("curl", "git"))
    assert FULL.key == reordered.key
    assert len(FULL.key) == 16


@pytest.mark.parametrize(
    "change",
    [
        {"base": BaseImage("docker.io/library/python:3.13-slim")},
        {"files": {"requirements.txt": b"-c pins.txt\nsix", "pins.txt": b"six==1.16.0"}},
        {"files": {"requirements.txt": b"-c pins.txt\nsix", "other.txt": b"six==1.17.0"}},
        {"requirements": ("numpy>=1.27",)},
        {"apt_packages": ("git",)},
        {"pre_build_commands": ()},
        {"post_build_commands": ("true",)},
        {"pre_build_commands": FULL.post_build_commands, "post_build_commands": FULL.pre_build_commands},
    ],
)
def test_the_key_changes_with_each_input(change: dict[str, Any]) -> None:
    assert replace(FULL, **change).key != FULL.key


def test_the_python_of_a_project_is_an_input_of_recipes_alone() -> None:
    assert replace(FULL, requires_python=">=3.11").key == FULL.key
    recipe = replace(FULL, base=MARKER)
    assert replace(recipe, requires_python=">=3.11").key != recipe.key


def test_the_dockerfile_is_complete_and_the_same_each_time() -> None:
    assert FULL.dockerfile(COMMAND) == (
        "FROM docker.io/library/python:3.12-slim\n"
        'RUN ["/bin/sh","-c","apt-get update && apt-get install -y --no-install-recommends curl git '
        '&& rm -rf /var/lib/apt/lists/*"]\n'
        'RUN ["/bin/sh","-c","echo \'a\' \\\\"]\n'
        "WORKDIR /opt/chamber/environment\n"
        'COPY ["pins.txt","pins.txt"]\n'
        'COPY ["requirements.txt","requirements.txt"]\n'
        'RUN ["python","-m","pip","install","--no-cache-dir","-r","requirements.txt"]\n'
        'RUN ["python","-m","pip","install","--no-cache-dir","numpy>=1.26"]\n'
        'RUN ["/bin/sh","-c","echo $HOME\\nFROM evil"]\n'
        "WORKDIR /app\n"
        'COPY [".","/app/"]\n'
        'CMD ["python","train.py","--name","a \\"b\\""]\n'
    )


def test_a_project_without_dependencies_has_a_dockerfile_of_four_lines() -> None:
    assert Environment(base=BASE).dockerfile(("python", "train.py")).splitlines() == [
        "FROM docker.io/library/python:3.12-slim",
        "WORKDIR /app",
        'COPY [".","/app/"]',
        'CMD ["python","train.py"]',
    ]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).map(shlex.quote))
def test_the_command_of_the_dockerfile_is_the_command_line(arguments: str) -> None:
    words = ("python", "train.py", *shlex.split(arguments))
    dockerfile = Environment(base=BASE).dockerfile(words)
    assert len(dockerfile.splitlines()[0:]) >= 4
    assert tuple(json.loads(dockerfile.split("\nCMD ", 1)[1])) == words


def test_a_recipe_holds_the_files_and_what_to_install_from_them() -> None:
    recipe = replace(FULL, base=MARKER, requires_python=">=3.11").recipe
    folder = "opt/chamber/environment"
    assert recipe[f"{folder}/requirements.txt"] == FULL.files["requirements.txt"]
    assert recipe[f"{folder}/pins.txt"] == FULL.files["pins.txt"]
    assert json.loads(recipe[f"{folder}/recipe.json"]) == {
        "schema": 1,
        "key": replace(FULL, base=MARKER, requires_python=">=3.11").key,
        "python": ">=3.11",
        "install": [["-r", "requirements.txt"], ["numpy>=1.26"]],
    }


def test_each_framework_has_a_base_image() -> None:
    assert bases.default_base("generic", "3.11").reference == "docker.io/library/python:3.11-slim"
    assert bases.default_base("generic", None).reference == "docker.io/library/python:3.12-slim"
    for framework in ("pytorch", "tensorflow", "jax"):
        base = bases.default_base(framework, "3.11")
        assert base.reference.startswith("nvcr.io/nvidia/")
        assert any("Python 3.11" in warning for warning in bases.warnings_about(base, "3.11"))
        assert not list(bases.warnings_about(base, "3.12"))


@pytest.mark.parametrize(
    ("reference", "moves"),
    [
        ("ghcr.io/a/b", True),
        ("ghcr.io/a/b:latest", True),
        ("ghcr.io/a/b:nightly", True),
        ("ghcr.io/a/b:1.2", False),
        ("ghcr.io/a/b:latest@sha256:" + "0" * 64, False),
        ("docker.io/library/python:3.12-slim", False),
    ],
)
def test_a_moving_tag_is_warned_about(reference: str, moves: bool) -> None:
    assert any("moving tag" in warning for warning in bases.warnings_about(BaseImage(reference), None)) is moves


def test_the_marker_of_recipes_does_not_move() -> None:
    assert not list(bases.warnings_about(MARKER, None))
