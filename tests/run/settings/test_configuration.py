from pathlib import Path
from typing import Any

import pytest

from chamber.core.enums import JobClass
from chamber.core.errors import ConfigurationError
from chamber.run.settings.configuration import DefaultNumber, DefaultText, RunSettings, is_given, looks_secret, resolve


def _resolved(directory: Path, text: str = "", environ: dict[str, str] | None = None, **arguments: Any) -> RunSettings:
    (directory / ".chamber.yaml").write_text(text)
    return resolve(directory, arguments, environ or {})[0]


def test_a_project_without_a_file_gets_the_defaults(tmp_path: Path) -> None:
    settings, warnings = resolve(tmp_path, {}, {})
    assert (settings.gpus, settings.gpu_type, settings.job_class) == (1, "H100", "ELASTIC")
    assert settings.name == tmp_path.name
    assert set(settings.sources.values()) == {"default"}
    assert warnings == ()


def test_an_argument_beats_the_file_which_beats_the_default(tmp_path: Path) -> None:
    settings = _resolved(tmp_path, "gpus: 4\ngpu_type: A100\n", gpus=2)
    assert (settings.gpus, settings.gpu_type, settings.job_class) == (2, "A100", "ELASTIC")
    assert settings.sources["gpus"] == "argument"
    assert settings.sources["gpu_type"] == ".chamber.yaml"
    assert settings.sources["job_class"] == "default"


def test_an_argument_equal_to_the_default_beats_the_file(tmp_path: Path) -> None:
    assert _resolved(tmp_path, "gpus: 4\n", gpus=1).gpus == 1


def test_a_default_that_nobody_passed_does_not(tmp_path: Path) -> None:
    assert _resolved(tmp_path, "gpus: 4\ngpu_type: A100", gpus=DefaultNumber(1), gpu_type=DefaultText("H100")).gpus == 4


def test_the_default_registry_of_the_user_comes_after_the_project(tmp_path: Path) -> None:
    assert resolve(tmp_path, {}, {}, "prod")[0].sources["registry"] == "~/.chamber/config.json"
    (tmp_path / ".chamber.yml").write_text("registry: dev")
    settings, _ = resolve(tmp_path, {}, {}, "prod")
    assert (settings.registry, settings.sources["registry"]) == ("dev", ".chamber.yml")


def test_environment_variables_are_merged_one_by_one(tmp_path: Path) -> None:
    settings = _resolved(tmp_path, "env:\n  A: file\n  B: file\n", env={"B": "argument", "C": "argument"})
    assert settings.env == {"A": "file", "B": "argument", "C": "argument"}
    assert settings.sources["env.A"] == ".chamber.yaml"
    assert settings.sources["env.B"] == "argument"


def test_forwarded_variables_are_taken_from_here_unless_they_are_given(tmp_path: Path) -> None:
    text = "forward_env: [HF_HOME, SEED, MISSING]\nenv: {SEED: '1'}\n"
    (tmp_path / ".chamber.yaml").write_text(text)
    settings, warnings = resolve(tmp_path, {}, {"HF_HOME": "/models", "SEED": "2", "OTHER": "x"})
    assert settings.env == {"HF_HOME": "/models", "SEED": "1"}
    assert any("MISSING" in warning for warning in warnings)


def test_forwarded_and_secret_values_are_not_shown(tmp_path: Path) -> None:
    settings = _resolved(tmp_path, "forward_env: [PLAIN]", {"PLAIN": "hidden"}, env={"API_KEY": "hidden", "LR": "0.1"})
    assert "hidden" not in repr(settings)
    assert settings.shown_env == {"PLAIN": "***", "API_KEY": "***", "LR": "0.1"}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HF_TOKEN", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
        ("PGPASSWORD", ""),
        ("wandb_api_key", ""),
        ("X", "ghp_abcdef"),
        ("DATABASE_URL", "postgres://me:secret@db/x"),
    ],
)
def test_secrets_are_known_by_name_and_by_value(variable: str, value: str) -> None:
    assert looks_secret(variable, value)


@pytest.mark.parametrize("variable", ["TOKENIZERS_PARALLELISM", "KEYBOARD", "AUTHOR", "LR", "PATH"])
def test_names_that_only_resemble_a_secret_are_shown(variable: str) -> None:
    assert not looks_secret(variable, "http://[broken")


def test_a_command_line_becomes_its_words(tmp_path: Path) -> None:
    assert _resolved(tmp_path, entrypoint_args='--name "a b" --x').entrypoint_args == ("--name", "a b", "--x")
    assert _resolved(tmp_path, entrypoint_args=["a b", "c"]).entrypoint_args == ("a b", "c")


def test_a_job_class_is_taken_in_any_case_and_as_a_member(tmp_path: Path) -> None:
    assert _resolved(tmp_path, "job_class: reserved").job_class == "RESERVED"
    assert type(_resolved(tmp_path, job_class=JobClass.RESERVED).job_class) is str


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"gpus": 0}, "gpus= must be a whole number of GPUs, at least 1, not 0"),
        ({"gpus": True}, "gpus="),
        ({"gpus": "4"}, "not '4'"),
        ({"gpu_type": "H100\n"}, "gpu_type="),
        ({"team": "a/b"}, "team id"),
        ({"distributed": "mpi"}, "auto, ray, deepspeed, none"),
        ({"job_class": "DISCOVERED"}, "RESERVED, ELASTIC"),
        ({"env": {"1A": "x"}}, "'1A'"),
        ({"env": {"A": 1}}, "A with a value of type int"),
        ({"env": {"A": "\0"}}, "A with"),
        ({"entrypoint_args": "'open"}, "a command line"),
        ({"entrypoint_args": [1]}, "a list of texts"),
        ({"name": "\ud800"}, "name="),
        ({"name": "x" * 256}, "255"),
    ],
)
def test_an_argument_that_cannot_be_is_refused_by_name(tmp_path: Path, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        resolve(tmp_path, arguments, {})
    assert words in str(refused.value)


def test_the_values_of_variables_are_not_in_the_error() -> None:
    with pytest.raises(ConfigurationError) as refused:
        resolve(Path(), {"env": {"A B": "hidden"}}, {})
    assert "hidden" not in str(refused.value)


def test_what_cannot_be_written_down_is_not_forwarded(tmp_path: Path) -> None:
    (tmp_path / ".chamber.yaml").write_text("forward_env: [BYTES]")
    with pytest.raises(ConfigurationError, match="BYTES"):
        resolve(tmp_path, {}, {"BYTES": "\udcff"})


def test_a_directory_whose_name_cannot_be_one_needs_another(tmp_path: Path) -> None:
    directory = tmp_path / "a\nb"
    directory.mkdir()
    with pytest.raises(ConfigurationError, match="directory's name"):
        resolve(directory, {}, {})
    assert resolve(directory, {"name": "ab"}, {})[0].name == "ab"


def test_none_and_defaults_are_not_given() -> None:
    assert not is_given(None)
    assert not is_given(DefaultText("H100"))
    assert is_given("H100")
    assert is_given(1)
