"""The secrets sweep, as in CI; and that it can fail."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from reliability.sweep import canaries, evidence, sweep

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(1200)]

#: What the session must have left, so that something was looked at.
EVIDENCE = {
    "called/environment",
    "called/words",
    "home/.chamber/cache",
    "image/history",
    "image/inspect",
    "requests/echo",
    "requests/moved",
    "requests/proxy",
    "shown/commands",
    "shown/errors",
    "shown/html",
    "shown/logging",
    "shown/pickles",
    "shown/progress",
    "shown/reprs",
    "shown/rich",
    "shown/structlog",
    "shown/tracebacks",
    "shown/tracebacks with locals",
    "stdout",
    "stderr",
}


@pytest.mark.engine
def test_no_secret_is_anywhere_it_does_not_belong(tmp_path):
    done = sweep(tmp_path, seed=6)
    assert done.failures == ""
    assert done.found == []
    assert done.planted >= 40
    assert [place for place in EVIDENCE if not (tmp_path / place).exists()] == []
    assert (tmp_path / "shown" / "tracebacks").read_text().count("Traceback (most recent call last)") >= 60
    assert (tmp_path / "shown" / "commands").read_text().count("Error: ") >= 60
    assert not (tmp_path / "requests" / "stranger").exists()
    assert list((tmp_path / "tmp").iterdir()) == []
    assert "Successfully built" in (tmp_path / "shown" / "progress").read_text()


def test_a_secret_that_is_printed_is_found(tmp_path):
    done = sweep(tmp_path, seed=7, engine=False, leak=True)
    assert done.failures == ""
    assert {(hit.canary, hit.place) for hit in done.found} == {("login of docker", "stdout")}


@pytest.mark.parametrize("name", canaries.NAMES)
def test_each_canary_is_found_in_each_form(tmp_path, name):
    every = canaries.values(1)
    value, inner = every[name], canaries.core(1, name)
    written = [value, quote(value, safe=""), json.dumps(value), base64.b64encode(f"ada:{value}".encode()).decode()]
    for number, form in enumerate([*written, value[::-1], value.encode().hex()]):
        (tmp_path / f"{number}").write_text(f"a text with {form} in it")
    found, _ = evidence.search(tmp_path, canaries.Canaries({name: value}, {name: inner}, {}, {}))
    assert [hit.place for hit in found] == [f"{number}" for number in range(6)]
