from typing import Any

import pytest

from chamber.run.images.environment import Environment
from chamber.run.images.whole import whole_dockerfile, without_effect
from chamber.run.targets import BaseImage

SLIM = BaseImage("docker.io/library/python:3.12-slim")
TUNED = BaseImage("nvcr.io/nvidia/pytorch:25.01-py3")
COMMAND = ("python", "train.py")


def _environment(base: BaseImage) -> Environment:
    return Environment(
        base=base,
        requirements_file="requirements.txt",
        files={"requirements.txt": b"-e ./lib"},
        post_build_commands=("true",),
    )


def test_the_project_is_there_before_what_it_holds_is_installed(parsed: Any) -> None:
    instructions = parsed(whole_dockerfile(_environment(SLIM), COMMAND, buildkit=False))
    names = [one.name for one in instructions]
    assert names == ["FROM", "RUN", "WORKDIR", "COPY", "RUN", "RUN", "RUN", "CMD"]
    apt, dependencies, project = instructions[1], instructions[4], instructions[5]
    assert "build-essential" in apt.words[2]
    assert dependencies.words[-2:] == ("-r", "requirements.txt")
    assert project.words[-2:] == ("--no-deps", ".")


def test_a_build_that_takes_torch_takes_the_torch_it_will_run_with(parsed: Any) -> None:
    requires = ("setuptools>=70", "Torch>=2.4", "ninja")
    text = whole_dockerfile(
        _environment(TUNED), COMMAND, buildkit=True, install=(".", "libs/a"), build_requires=requires
    )
    instructions = parsed(text)
    tools, project = instructions[-4], instructions[-3]
    assert tools.words[-3:] == requires
    assert "/opt/chamber/constraints.txt" in tools.words
    assert project.words[-4:] == ("--no-deps", "--no-build-isolation", ".", "./libs/a")
    assert "build-essential" not in text


def test_other_builds_are_isolated() -> None:
    text = whole_dockerfile(_environment(TUNED), COMMAND, buildkit=True, build_requires=("setuptools", "cython"))
    assert "--no-build-isolation" not in text
    assert "cython" not in text


def test_nothing_of_the_project_is_installed_where_its_requirements_do_it() -> None:
    assert "--no-deps" not in whole_dockerfile(_environment(SLIM), COMMAND, buildkit=False, install=())


def test_a_lock_file_is_written_beside_the_project(parsed: Any) -> None:
    locked = Environment(
        base=SLIM,
        requirements_file="requirements.locked.txt",
        files={"requirements.locked.txt": b"six==1.17.0"},
        locked=True,
    )
    instructions = parsed(whole_dockerfile(locked, COMMAND, buildkit=False, search_paths={"PATH": "/app/a"}))
    assert any("six==1.17.0" in one.words for one in instructions)
    assert instructions[-2].words == ('PATH="/app/a${PATH:+:$PATH}"',)


@pytest.mark.parametrize(
    ("given", "warning"),
    [
        ((), None),
        (("gpus", "team", "env"), None),
        (("base_image",), "base_image does nothing: docker/Dockerfile says"),
        (("python_version", "extra_apt_packages"), "extra_apt_packages, python_version do nothing"),
    ],
)
def test_settings_that_an_own_dockerfile_leaves_without_effect_are_told(
    given: tuple[str, ...], warning: str | None
) -> None:
    told = list(without_effect(given, "docker/Dockerfile"))
    assert bool(told) is bool(warning)
    assert all((warning or "") in text for text in told)
