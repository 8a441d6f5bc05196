"""What `hatch run audit` makes of the answers of the advisory service."""

import importlib.util
import json
import subprocess
from importlib.metadata import version

import pytest
from members import ROOT

SPEC = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
audit = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(audit)

HOLE = {"id": "PYSEC-1", "fix_versions": ["2.0"]}
SOUND, OLD = {"name": "sound", "version": "1.0", "vulns": []}, {"name": "old", "version": "1.0", "vulns": [HOLE]}


def test_what_we_depend_on_is_known_with_what_that_depends_on():
    own = audit.closure(audit.members())
    assert {"aiohttp", "msgspec", "yarl", "rich", "pandas", "botocore"} <= set(own)
    assert own["aiohttp"] == version("aiohttp")
    assert not {"pytest", "hypothesis", "mypy", "chamber-core"} & set(own)


def test_a_hole_in_what_we_depend_on_is_a_failure():
    told, failed = audit.judged([SOUND, OLD], {"old": "1.0"})
    assert failed
    assert told[0] == "old 1.0 (ours): PYSEC-1, mended in 2.0"


def test_a_hole_in_a_tool_is_told():
    told, failed = audit.judged([SOUND, OLD], {"sound": "1.0"})
    assert not failed
    assert told[0] == "old 1.0 (a tool of the tests): PYSEC-1, mended in 2.0"


def test_what_the_advisories_do_not_know_is_named():
    told, failed = audit.judged([SOUND, {"name": "own", "skip_reason": "not found"}], {"own": "3"})
    assert (told[0], failed) == ("own 3: the advisories do not know it", False)


@pytest.mark.parametrize("answers", [[], [{"name": "own", "skip_reason": "not found"}]])
def test_without_any_answer_it_says_that_nothing_was_audited(answers):
    told, failed = audit.judged(answers, {"own": "3"})
    assert "NOTHING WAS AUDITED" in told[0]
    assert not failed


@pytest.mark.parametrize("output", [b"", b"[]", b'{"fixes": []}', None])
def test_a_service_that_fails_or_takes_too_long_gives_no_answer(monkeypatch, output):
    def run(command, **_options):
        if output is None:
            raise subprocess.TimeoutExpired(command, 1)
        return subprocess.CompletedProcess(command, 1, output)

    monkeypatch.setattr(audit.subprocess, "run", run)
    assert audit.answers({"own": "3"}) == []


def test_the_bill_of_materials_names_each_with_its_version(tmp_path):
    bill = json.loads(audit.sbom({"aiohttp": "3.14.5", "yarl": "1.25"}))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert {part["purl"] for part in bill["components"]} == {"pkg:pypi/aiohttp@3.14.5", "pkg:pypi/yarl@1.25"}


def test_ci_audits_once():
    assert (ROOT / ".ci" / "run").read_text().count("hatch run audit\n") == 1
