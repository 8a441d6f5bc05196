import inspect
from typing import Any

import pytest

import chamber.run
from chamber.core import ChamberClient
from chamber.run.operations import RunOperations
from chamber.run.settings.keys import KEYS
from chamber.run.signatures import ProjectOptions, RunOptions

_RUN = inspect.signature(RunOperations.__dict__["run"].__wrapped__).parameters
_PLAN = inspect.signature(RunOperations.__dict__["plan"].__wrapped__).parameters
_TYPED_BY_HAND = {"self", "directory", "gpus", "gpu_type", "team", "name", "dry_run"}


def test_the_options_are_the_parameters_of_run() -> None:
    assert set(_RUN) - _TYPED_BY_HAND - {"project"} == set(RunOptions.__annotations__) - set(
        ProjectOptions.__annotations__
    )


def test_every_key_of_the_project_file_is_a_parameter() -> None:
    assert set(KEYS) - set(_RUN) == set(ProjectOptions.__annotations__)


def test_an_unknown_parameter_is_a_type_error_that_names_it() -> None:
    with ChamberClient(token="ch.test") as client, pytest.raises(TypeError, match=r"unexpected keyword argument 'gpu'"):
        client.plan(".", gpu=2)  # type: ignore[call-arg]


def test_plan_has_the_parameters_of_run_less_those_of_carrying_it_out() -> None:
    left_out = {"dry_run", "wait", "poll_interval", "timeout", "max_gpu_hours", "on_preempted", "max_resubmits"}
    assert [p for p in _RUN if p not in left_out] == list(_PLAN)
    assert all(_PLAN[name].default == _RUN[name].default for name in _PLAN)


def test_the_reference_is_followed_in_order_and_defaults() -> None:
    reference = (
        "directory, gpus=1, gpu_type='H100', team=None, name=None, entrypoint=None, entrypoint_args=None, "
        "registry=None, base_image=None, dockerfile=None, distributed=None, job_class='ELASTIC', env=None, "
        "no_cache=False, dry_run=False, save_dockerfile=False, save_manifest=False, wait=False, poll_interval=10.0, "
        "timeout=None, on_progress=None"
    )
    positional: list[Any] = [p for p in _RUN.values() if p.kind is p.POSITIONAL_OR_KEYWORD and p.name != "self"]
    assert ", ".join(str(p.replace(annotation=p.empty)) for p in positional) == reference


def test_a_parameter_of_the_name_of_a_key_is_that_setting() -> None:
    assert {"name", "gpus", "gpu_type", "team", "registry", "entrypoint", "env"} <= KEYS.keys() & _RUN.keys()


def test_the_client_shows_the_parameters() -> None:
    with ChamberClient(token="ch.test") as client:
        assert str(inspect.signature(client.run)).startswith("(directory: 'Directory', gpus: 'int' = 1, gpu_type")


def test_what_the_package_names_is_there() -> None:
    for name in chamber.run.__all__:
        assert getattr(chamber.run, name).__name__ == name
    assert set(chamber.run.__all__) <= set(dir(chamber.run))
