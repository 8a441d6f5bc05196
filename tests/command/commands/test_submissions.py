"""Submissions without an answer: what is listed, and what becomes of them."""

import datetime as dt

import pytest

from chamber.core.journal import Intent, Journal


@pytest.fixture
def cut_off(simulated, own_settings):
    """Makes an intent as a process leaves it that was killed before the answer came."""

    def make(external_id):
        made = Intent(external_id, "training", "0" * 64, simulated.api_url, None, dt.datetime.now(dt.UTC))
        Journal().write(made).release()
        return external_id

    return make


def pending():
    return [intent.external_id for intent in Journal().pending()]


def test_what_was_cut_off_is_listed(cli, told, cut_off, simulated):
    ids = [cut_off("nightly-1"), cut_off("nightly-2")]
    (first, second) = told("submissions", "pending")
    assert [first["external_id"], second["external_id"]] == ids
    assert (first["name"], first["api_url"]) == ("training", simulated.api_url)
    lines = [line.split("\t") for line in cli("submissions", "pending").stdout.splitlines()]
    assert lines[0] == ["id", "name", "submitted", "api_url", "organization"]
    assert [line[0] for line in lines[1:]] == ids


def test_where_nothing_was_cut_off_the_list_is_empty(told, own_settings):
    assert told("submissions", "pending") == []


def test_a_submission_that_arrived_is_shown_and_listed_no_longer(cli, told, cut_off, simulated):
    with simulated.client() as client:
        job = client.submit_job("training", simulated.team, "H100", 1, external_id="nightly-1")
    cut_off("nightly-1")
    (shown,) = told("submissions", "resolve", "nightly-1", chamber=simulated)
    assert shown["id"] == job.id
    assert pending() == []


def test_a_submission_that_never_arrived_is_told_and_stays_listed(cli, cut_off, simulated):
    done = cli("submissions", "resolve", cut_off("nightly-1"), chamber=simulated)
    assert (done.exit_code, done.stderr) == (4, "No job was submitted as nightly-1\n")
    assert pending() == ["nightly-1"]


def test_what_became_of_one_is_shown_though_another_cannot_be_looked_for(cli, cut_off, simulated):
    with simulated.client() as client:
        job = client.submit_job("training", simulated.team, "H100", 1, external_id="nightly-1")
    cut_off("nightly-1")
    done = cli("submissions", "resolve", "nightly\n0", "nightly-1", "nightly-2", "-o", "jsonl", chamber=simulated)
    assert job.id in done.stdout
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 2)
    assert done.stderr.startswith("Error: nightly 0: external_id is one line")
    assert pending() == []


def test_one_that_never_arrived_can_be_forgotten_unless_it_is_under_way(cli, cut_off, simulated):
    assert cli("submissions", "resolve", cut_off("nightly-1"), "--forget", chamber=simulated).exit_code == 0
    assert pending() == []
    with Journal().claim(cut_off("nightly-2")):
        done = cli("submissions", "resolve", "nightly-2", "--forget", chamber=simulated)
    assert "nightly-2 is being submitted at this moment, and stays listed" in done.stderr
    assert pending() == ["nightly-2"]
