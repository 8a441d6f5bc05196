"""Every code block of the reference is run, word for word but for its placeholders."""

import ast
import os
import pathlib

import pytest
from blocks import blocks

from chamber import core
from chamber.core import ChamberClient
from chamber.core.settings import updating
from chamber.local import records

REFERENCE = pathlib.Path(__file__).parents[3] / "shared" / "seeds" / "sdk-reference.txt"

#: What the reference's words stand for. Of two that begin alike, the longer comes first.
MEANINGS = {
    "chamber_sdk.run": "chamber.run",
    "chamber_sdk": "chamber.core",
    '"us-east1-docker.pkg.dev/my-project/prod"': "PROD",
    '"us-east1-docker.pkg.dev/my-project/dev"': "DEV",
    '"123456.dkr.ecr.us-east-1.amazonaws.com"': "REGISTRY",
    'registry="..."': "registry=REGISTRY",
    'team="..."': "team=TEAM",
    '"./my-project"': "PROJECT",
    '"ch.your-api-token"': "TOKEN",
    '"https://custom.api.example.com/v1"': "API_URL",
    '"org-123"': "ORGANIZATION",
    '"team-id"': "TEAM",
    '"team-ml"': "TEAM",
    '"ml-research"': "TEAM",
    '"workload-id"': "RUNNING",
    '"job-id"': "ENDED",
    '"template-id"': '"tmpl_hello"',
    '"allocation-id"': "ALLOCATION",
}

#: First line of a block that cannot be run → why.
NOT_RUN: dict[str, str] = {}

#: What a block calls → a line that it has to print.
PRINTED = {
    'client.get_workload("workload-id")': "Status: RUNNING",
    "client.cancel_workload(": "Status: CANCELLED",
    "results.has_more": "training: RUNNING",
    "client.get_workload_aggregations(": "Total: 2",
    "client.get_workload_metrics(": "Power: 40.0 W",
    "client.get_global_metrics(": "Avg GPU utilization: 40.0%",
    "client.get_workload_stats(": "Total workloads: 2",
    "client.get_team(": "Description: of the reference",
    "client.get_template(": "GPU Type: H100",
    "client.get_allocation(": "Instances: 4",
    "client.get_capacity(": "  Available: 64/64 GPUs",
    "client.health(": "Status: healthy",
    'client.get_workload("invalid-id")': "Workload not found",
}


def _blocks():
    if REFERENCE.exists():
        return list(blocks(REFERENCE.read_text("utf-8")))
    return []


BLOCKS = _blocks()


def _needs_the_reference():
    if not REFERENCE.exists() and os.environ.get("CI") == "true":
        pytest.fail(f"{REFERENCE} is not there, and in CI it must be")
    if not REFERENCE.exists():
        pytest.skip(f"{REFERENCE} is not there")


@pytest.fixture
def placeholders(chamber, measured, own_settings, tmp_path, monkeypatch):
    """What the placeholders stand for, on the Chamber of this worker and in settings of the test's own."""
    records.write(chamber.registry, chamber.token)
    with updating(own_settings / "token.json") as content:
        content["access_token"] = chamber.token
    monkeypatch.setenv("CHAMBER_TOKEN", chamber.token)
    (tmp_path / "my-project").mkdir()
    (tmp_path / "my-project" / "train.py").write_text("print('trained')\n")
    ChamberClient.add_registry("prod", f"{chamber.registry}/prod", set_default=True)
    ChamberClient.add_registry("dev", f"{chamber.registry}/dev")
    with chamber.client() as client:
        team = client.create_team("blocks", "of the reference").id
        running = client.submit_job("training", team, "H100", metadata={"simulated_seconds": 3600}).id
        ended = client.submit_job("training", team, "H100").id
        client.wait_for_completion(running, 0.01, 30, ["RUNNING"])
        client.wait_for_completion(ended, 0.01, 30)
        allocation = client.create_allocation(team, "reservation", 4).id
        measured(running, 40)
        yield {
            **{name: getattr(core, name) for name in core.__all__},
            "client": client,
            "PROD": f"{chamber.registry}/prod",
            "DEV": f"{chamber.registry}/dev",
            "REGISTRY": f"{chamber.registry}/plain",
            "PROJECT": str(tmp_path / "my-project"),
            "TOKEN": chamber.token,
            "API_URL": chamber.api_url,
            "ORGANIZATION": chamber.organization_id,
            "TEAM": team,
            "RUNNING": running,
            "ENDED": ended,
            "ALLOCATION": allocation,
        }


def _bound(block):
    for word, meaning in MEANINGS.items():
        block = block.replace(word, meaning)
    return block


def _first_line(block):
    return block.splitlines()[0]


@pytest.mark.parametrize("block", BLOCKS or [None], ids=[_first_line(block) for block in BLOCKS] or ["none"])
def test_each_block_of_the_reference_runs(block, placeholders, capsys):
    _needs_the_reference()
    if _first_line(block) in NOT_RUN:
        pytest.skip(NOT_RUN[_first_line(block)])
    exec(compile(_bound(block), "sdk-reference.txt", "exec"), placeholders)
    printed = capsys.readouterr().out
    assert "error" not in printed
    expected = [line for call, line in PRINTED.items() if call in block]
    assert [line for line in expected if line not in printed.splitlines()] == []


def test_all_blocks_are_found():
    _needs_the_reference()
    assert len(BLOCKS) == 35
    called = {node.attr for block in BLOCKS for node in ast.walk(ast.parse(block)) if isinstance(node, ast.Attribute)}
    headings = {line.removesuffix("()") for line in REFERENCE.read_text("utf-8").splitlines() if line.endswith("()")}
    assert {heading for heading in headings if heading.isidentifier()} <= called


def test_what_has_to_be_printed_is_held_against_a_block():
    _needs_the_reference()
    assert [call for call in PRINTED if not any(call in block for block in BLOCKS)] == []


def test_at_most_three_blocks_are_not_run_and_each_for_a_reason():
    assert len(NOT_RUN) <= 3
    assert all(NOT_RUN.values())
    assert not BLOCKS or set(NOT_RUN) <= {_first_line(block) for block in BLOCKS}


def test_every_placeholder_is_one_of_the_reference():
    _needs_the_reference()
    text = "\n".join(BLOCKS)
    assert [word for word in MEANINGS if word not in text] == []
