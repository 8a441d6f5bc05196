"""Advice is in the words of whoever reads it."""

import pytest

from chamber.command.typed import advised, typed
from chamber.core.explaining.rules import RULES

STEPS = [rule.next_step.format(id="wl_1", team="ml", gpus="8 H100", code=1, evidence="") for rule in RULES]


@pytest.mark.parametrize("step", STEPS)
def test_every_step_that_an_explanation_advises_can_be_typed(step):
    told = advised(step)
    assert "client." not in told
    assert "run(" not in told
    assert not any(f"{name}=" in told or f" {name} " in told for name in ("env", "memory", "gpu_type"))


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("client.get_capacity('ml') shows it", "`chamber capacity --team ml` shows it"),
        ("Nothing to do: client.logs('wl_1', follow=True) shows", "Nothing to do: `chamber logs -f wl_1` shows"),
        ('as in run(shm_size="32Gi"), or', "as in `chamber run --shm-size 32Gi`, or"),
        ('run it with env={"NCCL_DEBUG": "INFO"} to see', "run it with --env NCCL_DEBUG=INFO to see"),
        ("client.plan() shows what run() would submit", "`chamber run --dry-run` shows what a run would submit"),
    ],
)
def test_a_call_is_a_command_and_an_argument_an_option(written, told):
    assert advised(written) == told


def test_a_setting_that_an_error_names_keeps_its_name():
    assert typed("gpu_type in .chamber.yaml is empty") == "gpu_type in .chamber.yaml is empty"
