import re
from pathlib import Path

import pytest
import yaml

from chamber.core.errors import ConfigurationError
from chamber.run.settings.keys import KEYS
from chamber.run.settings.project_file import read

EVERYTHING = """\
name: my-project
gpus: 4
gpu_type: A100
team: ml
registry: prod
entrypoint: train.py
entrypoint_args: [--lr, "0.1"]
distributed: none
job_class: RESERVED
python_version: 3.10
base_image: ghcr.io/a/b:1
env: {A: yes, B: 1e3, C: ""}
forward_env: [HOME]
extra_pip_packages: ["numpy>=1.26"]
extra_apt_packages: [git, libgl1]
cpu: 4
memory: 64Gi
shm_size: 8Gi
pre_build_commands: ["echo a"]
post_build_commands: ["echo b"]
ignore: [data]
include: [keys/demo.pem]
priority: 100
framework: pytorch
dependencies: requirements/gpu.txt
launcher: torchrun
nodes: 2
gpus_per_node: 8
secrets: {HF_TOKEN: hub/token}
image_pull_secrets: [registry-login]
platform: linux/arm64
pip_index_url: https://pypi.acme.example/simple
max_project_size: 2GB
"""


def _read(directory: Path, text: str) -> dict[str, object]:
    (directory / ".chamber.yaml").write_text(text)
    return read(directory).values


def _refusal(directory: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        _read(directory, text)
    return str(refused.value)


def test_every_key_is_read(tmp_path: Path) -> None:
    values = _read(tmp_path, EVERYTHING)
    assert values.keys() == KEYS.keys()
    assert values["gpus"] == 4
    assert values["entrypoint_args"] == ("--lr", "0.1")
    assert values["cpu"] == "4"
    assert values["secrets"] == {"HF_TOKEN": "hub/token"}
    assert values["max_project_size"] == 2_000_000_000


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("launcher: tourchrun", "one of python, torchrun"),
        ("nodes: 0", "at least 1, not '0'|at least 1, not 0"),
        ("secrets: {HF_TOKEN: token}", "each with secret/key"),
        ("platform: amd64", "such as linux/amd64, not 'amd64'"),
        ("max_project_size: a lot", "such as 500MB, not 'a lot'"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_line(tmp_path: Path, line: str, refused: str) -> None:
    message = _refusal(tmp_path, f"name: x\n{line}\n")
    assert re.search(rf"\.chamber\.yaml, line 2: .* must be .*({refused})", message)


def test_the_url_of_an_index_is_not_shown(tmp_path: Path) -> None:
    assert "hunter2" not in _refusal(tmp_path, "pip_index_url: ftp://me:hunter2@pypi.test/simple")


def test_texts_stay_as_they_are_written(tmp_path: Path) -> None:
    values = _read(tmp_path, EVERYTHING)
    assert values["python_version"] == "3.10"
    assert values["env"] == {"A": "yes", "B": "1e3", "C": ""}


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_says_nothing(tmp_path: Path, text: str) -> None:
    assert _read(tmp_path, text) == {}


def test_no_file_says_nothing(tmp_path: Path) -> None:
    assert read(tmp_path).name is None


def test_the_other_spelling_is_read_too(tmp_path: Path) -> None:
    (tmp_path / ".chamber.yml").write_text("gpus: 2")
    assert read(tmp_path).values == {"gpus": 2}


def test_both_files_are_an_error(tmp_path: Path) -> None:
    (tmp_path / ".chamber.yml").write_text("gpus: 2")
    assert "both" in _refusal(tmp_path, "gpus: 4")


def test_an_unknown_key_is_refused_with_its_line_and_a_guess(tmp_path: Path) -> None:
    message = _refusal(tmp_path, "gpus: 1\ngpu_tpye: H100\n")
    assert message.startswith(f"{tmp_path / '.chamber.yaml'}, line 2: ")
    assert "'gpu_tpye'" in message
    assert "did you mean 'gpu_type'?" in message


def test_an_unknown_key_that_resembles_none_is_answered_with_the_list(tmp_path: Path) -> None:
    assert "forward_env" in _refusal(tmp_path, "zzz: 1")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("\ngpus: four", 2, "gpus must be a whole number of GPUs, at least 1, not 'four'"),
        ("gpus: '4'", 1, "not '4'"),
        ("gpus: 1.5", 1, "not '1.5'"),
        ("gpus: -1", 1, "gpus must be"),
        ("gpus:", 1, "not empty"),
        ("gpus: " + "9" * 5000, 1, "gpus must be"),
        ("name: [a]", 1, "not a list"),
        ("ignore: data", 1, "ignore must be a list"),
        ("ignore:\n- a\n- [b]", 2, "ignore must be"),
        ("env: [A]", 1, "not a list"),
        ("env:\n  A: 1\n  B:\n", 2, "B (line 3) without a text"),
        ("env:\n  a-b: x", 2, "'a-b'"),
        ("env: {A: [x]}", 1, "A (line 1) without a text"),
        ("entrypoint_args: {a: b}", 1, "not a mapping"),
        ("memory: 64 GB", 1, "a Kubernetes quantity"),
        ("extra_pip_packages: ['-r x']", 1, "requirements"),
        ("extra_apt_packages: ['-y']", 1, "Debian packages"),
        ("python_version: three", 1, "Python version"),
        ("gpus: 1\ngpus: 2", 2, "gpus is there twice"),
        ("- gpus", 1, "key: value"),
        ("just a text", 1, "key: value"),
        ("? [a]\n: b", 1, "the name of a setting"),
        ("env: &a {A: b}\nname: *a", 1, "name must be"),
        ("job_class: FAST", 1, "RESERVED, ELASTIC"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_file_line_and_key(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    message = _refusal(tmp_path, text)
    assert f".chamber.yaml, line {line}: " in message
    assert words in message


@pytest.mark.parametrize(
    ("text", "line"), [("a: [", 2), ("a: b: c", 1), ("\n\t- x", 2), ("a: 'x", 2), ("gpus: *nowhere", 1)]
)
def test_broken_yaml_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    message = _refusal(tmp_path, text + "\n")
    assert f".chamber.yaml, line {line}: this is not YAML" in message


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a: \x00", b"[" * 5000, b"a: b\n" * 300_000, b"!!python/x y"])
def test_what_is_hardly_a_file_of_settings_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".chamber.yaml").write_bytes(content)
    with pytest.raises(ConfigurationError):
        read(tmp_path)


def test_nothing_in_the_file_is_run(tmp_path: Path) -> None:
    message = _refusal(tmp_path, "name: !!python/object/apply:os.system ['false']")
    assert "name must be" in message


def test_a_file_written_by_a_yaml_library_is_read(tmp_path: Path) -> None:
    values = {"gpus": 2, "env": {"A": "no", "B": "1"}, "ignore": ["*.bin"]}
    assert _read(tmp_path, yaml.safe_dump(values)) == {**values, "ignore": ("*.bin",)}
