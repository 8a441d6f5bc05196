"""The OpenAPI document, and schemathesis with all of its checks against it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chamber.local import LocalChamber
from chamber.local.api.dialects import DIALECTS
from chamber.local.api.openapi import document
from chamber.local.api.routes import ENDPOINTS

HERE = Path(__file__).parent


@pytest.fixture(params=["documented", "legacy"])
def chamber(request):
    with LocalChamber(request.param, executor="simulated") as running:
        yield running


def test_schemathesis_finds_nothing_in_2_000_cases(chamber, tmp_path):
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", HERE / "schemathesis.toml", "run"),
            chamber.api_url.replace("/v1", "/openapi.json"),
            *("--header", f"Authorization: Bearer {chamber.token}"),
            *(
                "--checks",
                "all",
                "--max-examples",
                "24",
                "--workers",
                "1",  # CPython 3.11 compiles in one thread at a time only
                "--report-json-path",
                tmp_path / "report.json",
                "--generation-deterministic",
                "--suppress-health-check",
                "too_slow",
                "--no-color",
            ),
        ],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": str(HERE),
            "SCHEMATHESIS_HOOKS": "hooks",
            "KNOWN": json.dumps(known(chamber)),
        },
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert report["test_cases"]["generated"] >= 2000


def known(chamber):
    """A value of each of the formats that the document names."""
    with chamber.client() as client:
        for _ in range(3):
            client.submit_job("job", chamber.team, "H100")
        allocation = client.create_allocation(chamber.team, "res-1", 1)
        token = client.list_workloads(limit=1).next_token
        cursor = client.search_workloads(page_size=1).next_cursor
    return {
        "organization-id": chamber.organization_id,
        "team-id": chamber.team,
        "template-id": "tmpl_hello",
        "allocation-id": allocation.id,
        "next-token": token,
        "cursor": cursor,
    }


def test_the_document_names_every_route_that_is_served(chamber, tools):
    told = tools.Caller(chamber)("GET", "/openapi.json", token=False).json

    assert told["openapi"] == "3.1.0"
    assert set(told["paths"]) == {endpoint.path for endpoint in ENDPOINTS}
    operations = [operation for methods in told["paths"].values() for operation in methods.values()]
    assert len({operation["operationId"] for operation in operations}) == len(ENDPOINTS)


@pytest.mark.parametrize(
    ("dialect", "parameters"),
    [
        ("documented", {"start_date", "end_date"}),
        ("legacy", {"submitted_after", "submitted_before"}),
    ],
)
def test_the_document_has_the_words_of_its_dialect(dialect, parameters):
    told = document(DIALECTS[dialect], idempotency=False)

    listing = {parameter["name"]: parameter for parameter in told["paths"]["/workloads"]["get"]["parameters"]}
    word = DIALECTS[dialect].case("running")
    assert parameters < set(listing)
    assert word in listing["status"]["schema"]["items"]["enum"]


def test_a_server_that_does_not_heed_idempotency_keys_does_not_tell_of_them():
    with_keys, without = (
        document(DIALECTS["documented"], idempotency=told)["paths"]["/workloads"]["post"] for told in (True, False)
    )

    assert [parameter["name"] for parameter in with_keys["parameters"]] == ["Idempotency-Key", "X-Organization-Id"]
    assert [parameter["name"] for parameter in without["parameters"]] == ["X-Organization-Id"]
    assert set(with_keys["responses"]) - set(without["responses"]) == {"409", "422"}
