"""Advice is in the words of whoever reads it."""

import re

import pytest

from chamber.command import failures
from chamber.command.commands.run_options import OPTIONS
from chamber.command.typed import advised, typed
from chamber.core import errors
from chamber.core.explaining.rules import RULES

STEPS = [rule.next_step.format(id="wl_1", team="ml", gpus="8 H100", code=1, evidence="") for rule in RULES]


@pytest.mark.parametrize("step", STEPS)
def test_every_step_that_an_explanation_advises_can_be_typed(step):
    told = advised(step)
    assert "client." not in told
    assert "run(" not in told
    assert not re.search(r"\b[a-z_]+=", told)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("client.get_capacity('ml') shows it", "`chamber capacity --team ml` shows it"),
        ("Nothing to do: client.logs('wl_1', follow=True) shows", "Nothing to do: `chamber logs -f wl_1` shows"),
        ('as in run(shm_size="32Gi"), or', 'as in `chamber run` with --shm-size "32Gi", or'),
        ('run it with env={"NCCL_DEBUG": "INFO"} to see', "run it with --env NCCL_DEBUG=INFO to see"),
        ("pass team=..., or write 'team: ...' in it", "pass --team, or write 'team: ...' in it"),
        ("say which: entrypoint='a.py' or entrypoint='b.py'", "say which: --entrypoint 'a.py' or --entrypoint 'b.py'"),
        ("name it with secrets={'HF_TOKEN': 'hub/token'}", "name it with --secret HF_TOKEN=hub/token"),
        ("torch==2.4 (launcher= to change it)", "torch==2.4 (--launcher to change it)"),
        ('on_preempted="resubmit" needs wait=True: do', '--on-preempted "resubmit" needs --wait: do'),
        ("give it more with memory=.", "give it more with --memory."),
        ("ChamberClient.add_registry(name, url) adds one", "`chamber registries add NAME HOST/PATH` adds one"),
        ("client.plan() shows what run() would submit", "`chamber run --dry-run` shows what a run would submit"),
    ],
)
def test_a_call_is_a_command_and_an_argument_an_option(written, told):
    assert advised(written) == told


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_every_argument_of_a_run_is_told_as_its_option(option):
    assert advised(f"pass {option.name}=...").removeprefix("pass ") in option.opts


@pytest.mark.parametrize("kind", [errors.ValidationError, errors.ConfigurationError])
def test_what_the_api_says_keeps_its_words(kind):
    assert failures.sentence(kind("pass team=...")) == "pass --team"
    assert failures.sentence(kind("pass team=...", 400)) == "pass team=..."


def test_a_setting_that_an_error_names_keeps_its_name():
    assert advised("gpu_type in .chamber.yaml is empty") == "gpu_type in .chamber.yaml is empty"
    assert typed("env=") == "env="
