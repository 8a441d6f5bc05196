import io
import json
import pickle
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from chamber.core import ChamberClient
from chamber.run import DryRunResult
from chamber.run.planning import history

HIDDEN = ("hidden-env-value", "hidden-forwarded", "hidden-index")


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DryRunResult:
    monkeypatch.setenv("FORWARDED", "hidden-forwarded")
    return _plan(
        tmp_path,
        env={"WANDB_API_KEY": "hidden-env-value", "LR": "0.1"},
        forward_env=["FORWARDED"],
        secrets={"HF_TOKEN": "hub/token"},
        pip_index_url="https://me:hidden-index@pypi.test/simple",
    )


def _plan(directory: Path, **arguments: Any) -> DryRunResult:
    (directory / "train.py").write_text("print(1)\n")
    with ChamberClient(token="ch.test") as client:
        return client.plan(directory, 4, team="ml", registry="localhost:5000/team", **arguments)


def test_every_value_is_shown_with_its_source(plan: DryRunResult) -> None:
    lines = {line.split()[0]: line for line in plan.summary().splitlines() if line.strip()}
    assert lines["gpus"].endswith("4  argument")
    assert lines["LR"].endswith("0.1  argument")
    assert lines["HF_TOKEN"].endswith("the Kubernetes secret hub/token")


def test_a_plan_tells_what_it_could_not_check(plan: DryRunResult) -> None:
    assert plan.summary().splitlines()[1].startswith("Made offline: the token is checked before a run builds")
    assert "Made offline" in plan._repr_html_()


def test_gpu_hours_are_told_for_a_duration(plan: DryRunResult) -> None:
    assert "GPU-hours" not in plan.summary()
    assert "10  4 GPUs for 2.5 hours" in plan.summary(hours=2.5)


def test_no_secret_is_in_anything_that_shows_a_plan(plan: DryRunResult) -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True, width=200)
    with terminal.capture() as captured:
        terminal.print(plan)
    shown = [
        repr(plan),
        str(plan),
        plan.summary(),
        captured.get(),
        json.dumps(plan.to_dict()),
        plan.shown_manifest,
        plan.dockerfile,
        repr(plan.settings),
        pickle.dumps(plan).decode("latin-1"),
    ]
    for text in shown:
        assert not any(hidden in text for hidden in HIDDEN)


def test_the_manifest_that_is_submitted_has_the_values(plan: DryRunResult) -> None:
    assert "hidden-env-value" in plan.manifest
    assert "hidden-forwarded" in plan.submit_payload["k8s_manifest"]
    assert "hidden-index" not in plan.manifest


def test_a_plan_with_secrets_is_not_encoded_by_accident(plan: DryRunResult) -> None:
    with pytest.raises(TypeError, match="Secret"):
        msgspec.json.encode(plan)


def test_the_dictionary_holds_what_the_plan_holds(plan: DryRunResult) -> None:
    told = json.loads(json.dumps(plan.to_dict()))
    assert told["image"] == plan.image
    assert told["files"][0]["path"] == "train.py"
    assert told["settings"]["env"] == {"FORWARDED": "***", "LR": "0.1", "WANDB_API_KEY": "***"}
    assert told["settings"]["pip_index_url"] == "***"
    assert told["submit_payload"]["requested_gpus"] == 4
    assert told["submit_payload"]["k8s_manifest"] == told["manifest"] == plan.shown_manifest
    assert told["environment"]["key"] == plan.environment_key


def test_what_changed_since_the_last_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("six\n")
    first = _plan(tmp_path)
    assert first.build.project == "new"
    made_from = history.LastRun(environment=history.plain(first.environment.inputs), content_key=first.content_key)
    history.remember(first.directory, first.repository, made_from)
    assert _plan(tmp_path).build.project == _plan(tmp_path).build.environment == "as in the last run"
    (tmp_path / "requirements.txt").write_text("six>=1\n")
    changed = _plan(tmp_path).build
    assert changed.environment == "anew, because since the last run requirements.txt changed"
    assert changed.project == "changed since the last run"


def test_a_secret_that_was_put_where_none_belongs_is_not_in_the_summary_either(tmp_path: Path) -> None:
    env = {"WANDB_API_KEY": "sesame-opens-4711", "NOTE": "its key is sesame-opens-4711"}
    text = _plan(tmp_path, env=env, entrypoint_args="--key sesame-opens-4711").summary()
    assert "sesame" not in text
    assert "--key ***" in text


def test_the_manifest_is_in_the_colours_of_the_terminal_which_can_be_read_on_light_and_on_dark(
    plan: DryRunResult,
) -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor")
    with terminal.capture() as captured:
        terminal.print(plan)
    assert "\x1b[94m" in captured.get()  # bright blue, whatever that is here
    assert [code for code in ("\x1b[38;2;", "\x1b[48;2;") if code in captured.get()] == []


def test_in_a_notebook_a_plan_is_tables_with_every_section(plan: DryRunResult) -> None:
    shown = plan._repr_html_()
    for heading in ("Detected", "Image", "Job", "Settings", "Environment variables", "Warnings", "Manifest"):
        assert heading in shown
    assert "train.py is at the top of the project" in shown
    assert f"<pre>apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {plan.job_name}" in shown
    assert "http" not in shown.replace("https://me:***@pypi.test", "")


def test_no_secret_and_no_markup_is_in_the_tables_of_a_plan(plan: DryRunResult, tmp_path: Path) -> None:
    assert [value for value in HIDDEN if value in plan._repr_html_()] == []
    evil = _plan(tmp_path, name="evil", entrypoint_args=["<script>alert(1)</script>"])
    assert "<script>" not in evil._repr_html_()
    assert "&lt;script&gt;" in evil._repr_html_()


def test_a_plan_without_warnings_has_no_such_heading(tmp_path: Path) -> None:
    bare = _plan(tmp_path)
    assert ("Warnings" in bare._repr_html_()) is bool(bare.warnings)
