from pathlib import Path

import pytest

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection import detect
from chamber.run.project.detection.frameworks import framework_of
from chamber.run.project.detection.python import satisfying
from chamber.run.project.profile import Framework, Profile


def _profile(directory: Path, **files: str) -> Profile:
    for name, text in {"train.py": "", **files}.items():
        (directory / name).write_text(text)
    return detect(directory, {"train.py", *files})[0]


def test_a_plain_script_is_a_generic_project(tmp_path: Path) -> None:
    assert _profile(tmp_path) == Profile(entrypoint="train.py")


def test_a_project_is_told_by_its_files(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "torch\ndeepspeed\nray\nhorovod\naccelerate\n",
        ".python-version": "3.11.7\n",
        "Dockerfile": "",
    }
    profile = _profile(tmp_path, **files)
    assert profile.framework == "pytorch"
    assert profile.dependency_files == ("requirements.txt",)
    assert profile.requirements_file == "requirements.txt"
    assert (profile.python_version, profile.requires_python) == ("3.11", "==3.11.*")
    assert profile.uses_deepspeed
    assert profile.uses_ray
    assert profile.uses_horovod
    assert profile.uses_accelerate
    assert profile.has_dockerfile


@pytest.mark.parametrize(
    ("names", "framework"),
    [
        ({"torch", "tensorflow"}, "pytorch"),
        ({"lightning"}, "pytorch"),
        ({"tensorflow-gpu"}, "tensorflow"),
        ({"flax"}, "jax"),
        ({"transformers"}, "pytorch"),
        ({"transformers", "jax"}, "jax"),
        ({"keras"}, "tensorflow"),
        ({"numpy"}, "generic"),
        (set(), "generic"),
    ],
)
def test_the_framework_is_told_by_what_is_required(names: set[str], framework: Framework) -> None:
    assert framework_of(names) == framework


@pytest.mark.parametrize(
    ("accepted", "version"),
    [(">=3.10", "3.12"), ("<3.12", "3.11"), ("~=3.9.1", "3.9"), (">=3.13", "3.14"), (">=3.11.4,<3.12", "3.11")],
)
def test_requires_python_chooses_the_default_or_the_newest(accepted: str, version: str) -> None:
    assert satisfying(accepted, "pyproject.toml") == version


def test_requires_python_that_nothing_satisfies_chooses_nothing() -> None:
    assert satisfying("<3", "pyproject.toml") is None


def test_requires_python_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="PEP 440"):
        satisfying("three", "pyproject.toml")


@pytest.mark.parametrize("text", ["", "system\n", "pypy3.10\n", "3\n"])
def test_a_version_file_that_names_no_version_says_nothing(tmp_path: Path, text: str) -> None:
    assert _profile(tmp_path, **{".python-version": text}).python_version is None
