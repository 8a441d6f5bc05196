import json
import subprocess
import sys

import pytest
from reliability import config_storm


def run(*options):
    """In a process of its own, as it forks."""
    command = [sys.executable, "-m", "reliability", "config-storm", "--no-record", *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


@pytest.mark.reliability
@pytest.mark.timeout(900)
def test_no_change_of_sixteen_processes_is_lost_and_no_file_is_erased():
    code, counted = run()
    assert code == 0, counted
    assert (counted["updates"], counted["lost updates"]) == (3_200, 0)
    assert counted["looks at the file"] >= 10_000
    assert counted["mutilated: files"] == 1_000


def test_a_lost_change_is_found_out(tmp_path, monkeypatch):
    counted = {"updates": 4, "looks at the file": 5, "lost updates": 0}
    spoilt = {"files": 1, "read or changed": 1, "refused and left": 2, "erased or altered": 0, "foreign errors": 0}
    assert config_storm._is_good(counted, spoilt, 5)
    assert not config_storm._is_good(counted, spoilt, 6)
    assert not config_storm._is_good({**counted, "lost updates": 1}, spoilt, 5)
    assert not config_storm._is_good(counted, {**spoilt, "erased or altered": 1}, 5)


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        (lambda file: set(), "read or changed"),
        (lambda file: file.write_text('{"a": 1, "ours": 2}') and {"ours"}, "read or changed"),
        (lambda file: file.write_text('{"ours": 2}') and {"ours"}, "erased or altered"),
        (lambda file: file.write_text('{"a": 1.0, "ours": 2}') and {"ours"}, "erased or altered"),
        (lambda file: file.write_text("{}") and set(), "erased or altered"),
        (lambda file: {}["foreign"], "foreign errors"),
    ],
)
def test_what_a_change_did_is_seen_in_the_file(tmp_path, change, outcome):
    file = tmp_path / "config.json"
    file.write_text('{"a": 1}')
    assert config_storm._outcome(change, file, b'{"a": 1}') == outcome
