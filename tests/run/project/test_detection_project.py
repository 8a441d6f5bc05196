from pathlib import Path

import pytest
from msgspec.structs import replace

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection import detect
from chamber.run.project.detection.frameworks import choose
from chamber.run.project.detection.python import satisfying
from chamber.run.project.profile import Framework, Profile


def _profile(directory: Path, **files: str) -> Profile:
    for name, text in {"train.py": "", **files}.items():
        (directory / name).write_text(text)
    return detect(directory, {"train.py", *files})[0]


def test_a_plain_script_is_a_generic_project(tmp_path: Path) -> None:
    assert replace(_profile(tmp_path), evidence=()) == Profile(entrypoint="train.py")


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
        ({"sentence-transformers"}, "pytorch"),
        ({"timm", "tensorflow"}, "pytorch"),
        ({"jax", "flax", "optax", "tensorflow-cpu", "tensorflow-datasets"}, "jax"),
        ({"jax", "flax", "torch", "torchvision"}, "jax"),
        ({"keras", "torch"}, "pytorch"),
        ({"keras", "jax"}, "jax"),
        ({"tensorboard"}, "generic"),
        ({"numpy"}, "generic"),
        (set(), "generic"),
    ],
)
def test_the_framework_is_told_by_what_is_required(names: set[str], framework: Framework) -> None:
    assert choose(dict.fromkeys(sorted(names), "requirements.txt")).framework == framework


def test_a_draw_between_frameworks_is_told(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("torch\ntensorflow\n")
    profile, needs = detect(tmp_path, {"main.py", "requirements.txt"})
    assert profile.framework == "pytorch"
    assert any("framework= says which" in warning for warning in needs.warnings)
    profile, needs = detect(tmp_path, {"main.py", "requirements.txt"}, framework="tensorflow")
    assert profile.framework == "tensorflow"
    assert needs.warnings == ()


def test_each_conclusion_is_explained_with_what_changes_it(tmp_path: Path) -> None:
    text = _profile(tmp_path, **{"requirements.txt": "# why\ntorch>=2\nray[train]\n"}).explain()
    assert text.splitlines() == [
        "entrypoint: train.py",
        "  train.py is at the top of the project; entrypoint= changes it",
        "dependencies: requirements.txt",
        "  requirements.txt lists them; dependencies= changes it",
        "framework: pytorch",
        "  torch (requirements.txt, line 2); framework= changes it",
        "python: 3.12, the default",
        "  nothing names a version; python_version= changes it",
        "uses ray: yes",
        "  requirements.txt, line 3 requires it; launcher= changes it",
        "uses deepspeed: no",
        "  nothing requires or imports it; launcher= changes it",
        "uses accelerate: no",
        "  nothing requires or imports it; launcher= changes it",
        "uses horovod: no",
        "  nothing requires or imports it; launcher= changes it",
    ]


def test_what_a_plugin_found_is_explained_as_that() -> None:
    assert "a plugin says so" in Profile(entrypoint="x.py").explain()


@pytest.mark.parametrize(
    ("files", "used"),
    [
        ({"requirements.txt": "torch\naccelerate"}, True),
        ({"requirements.txt": "transformers\naccelerate"}, False),
        ({"requirements.txt": "transformers\naccelerate", "train.py": "from accelerate import Accelerator"}, True),
        (
            {
                "requirements.txt": "trl\naccelerate",
                "accelerate.yaml": "compute_environment: LOCAL_MACHINE\ndistributed_type: FSDP",
            },
            True,
        ),
        ({"requirements.txt": "trl\naccelerate", "accelerate.yaml": "{"}, False),
        ({"train.py": "import accelerate"}, True),
    ],
)
def test_accelerate_beside_what_needs_it_is_weak_evidence(tmp_path: Path, files: dict[str, str], used: bool) -> None:
    assert _profile(tmp_path, **files).uses_accelerate is used


def test_a_configuration_of_deepspeed_that_nothing_requires_is_told(tmp_path: Path) -> None:
    (tmp_path / "ds_config.json").write_text('{"train_batch_size": 8}')
    (tmp_path / "ds_other.json").write_text("[1")
    profile, needs = detect(tmp_path, {"train.py", "ds_config.json", "ds_other.json"})
    assert not profile.uses_deepspeed
    assert any(warning.startswith("ds_config.json configures deepspeed") for warning in needs.warnings)


def test_without_a_list_what_is_imported_is_evidence(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import os, model\nimport numpy as np\n")
    (tmp_path / "model.py").write_text("def f():\n    import torch.nn as nn, yaml\n")
    profile, needs = detect(tmp_path, {"train.py", "model.py"})
    assert profile.framework == "pytorch"
    assert "torch (model.py, line 2)" in profile.explain()
    assert any("train.py imports numpy, pyyaml, torch" in warning for warning in needs.warnings)


def test_a_framework_that_only_an_extra_names_is_told(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies=["six"]\noptional-dependencies={gpu=["jax"]}')
    profile, needs = detect(tmp_path, {"train.py", "pyproject.toml"})
    assert profile.framework == "jax"
    assert any("optional-dependencies.gpu" in warning for warning in needs.warnings)


@pytest.mark.parametrize(
    ("files", "version"),
    [
        ({".python-version": "# ours\n3.11.7\n"}, "3.11"),
        ({"runtime.txt": "python-3.10.4"}, "3.10"),
        ({"Pipfile": '[requires]\npython_full_version = "3.9.2"'}, "3.9"),
        ({"environment.yml": "dependencies: [python=3.10]"}, "3.10"),
        ({".python-version": "3.11", "runtime.txt": "python-3.10.4"}, "3.11"),
        ({".python-version": "3.9", "pyproject.toml": '[project]\nrequires-python = ">=3.11"'}, "3.12"),
        ({"setup.cfg": "[options]\npython_requires = <3.11\ninstall_requires = six"}, "3.10"),
    ],
)
def test_the_version_of_python_is_found(tmp_path: Path, files: dict[str, str], version: str) -> None:
    assert _profile(tmp_path, **files).python_version == version


def test_versions_of_python_that_disagree_are_told(tmp_path: Path) -> None:
    (tmp_path / ".python-version").write_text("3.9")
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.11"')
    _, needs = detect(tmp_path, {"train.py", ".python-version", "pyproject.toml"})
    assert needs.warnings == (".python-version names Python 3.9, which requires-python (>=3.11) does not accept",)


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
