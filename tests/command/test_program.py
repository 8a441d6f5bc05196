"""What becomes of a command line as a whole: exit codes, errors, `--debug`, and a reader that goes away."""

import json
import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from chamber.core.testing import RecordingTransport, Reply

UNKNOWN = "wl_unknown"


def test_the_version_is_that_of_the_distribution(cli):
    assert cli("--version").stdout == f"chamber {version('chamber-command')}\n"


def test_without_a_token_one_line_says_how_to_get_one(cli):
    done = cli("workloads", "list")
    assert (done.exit_code, done.stdout) == (3, "")
    assert (
        done.stderr
        == "Error: No token was found: `chamber login` stores one, and CHAMBER_TOKEN is used without being stored\n"
    )


def test_an_empty_token_is_told_to_who_types_and_not_to_who_programs(cli, monkeypatch):
    monkeypatch.setenv("CHAMBER_TOKEN", "")
    done = cli("workloads", "list")
    assert (done.exit_code, done.stderr.count("\n")) == (3, 1)
    assert "`chamber login`" in done.stderr
    assert "ChamberClient" not in done.stderr


@pytest.mark.parametrize("words", [[], ["workloads"], ["config"]])
def test_without_a_command_the_help_is_shown_as_it_is(cli, words):
    done = cli(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == cli(*words, "--help").stdout


def test_an_error_of_the_api_is_one_line_with_the_id_of_the_request(cli, seeded):
    done = cli("workloads", "get", UNKNOWN, chamber=seeded)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (4, "", 1)
    assert "check the id" in done.stderr
    assert "(request " in done.stderr


def test_a_token_that_is_not_accepted_says_how_to_get_another(cli, seeded, monkeypatch):
    monkeypatch.setenv("CHAMBER_API_URL", seeded.api_url)
    monkeypatch.setenv("CHAMBER_TOKEN", "ch.none-that-is-known")
    done = cli("workloads", "list")
    assert done.exit_code == 3
    assert "`chamber login`" in done.stderr
    assert "none-that-is-known" not in done.output


def test_an_api_that_is_not_there_is_told(cli, monkeypatch):
    monkeypatch.setenv("CHAMBER_TOKEN", "ch.none")
    done = cli("--api-url", "http://127.0.0.1:1", "--timeout", "0.5", "workloads", "list")
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (6, "", 1)
    assert "`chamber doctor`" in done.stderr
    assert "(GET http://127.0.0.1:1/" in done.stderr


@pytest.mark.parametrize(
    "words", [["--api-url", "nonsense", "capacity"], ["--timeout", "-1", "capacity"], ["--timeout", "x", "capacity"]]
)
def test_a_setting_that_cannot_be_is_an_error_of_the_command_line(cli, words, monkeypatch):
    monkeypatch.setenv("CHAMBER_TOKEN", "ch.none")
    done = cli(*words)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_format_may_stand_anywhere_on_the_line(cli, seeded, place):
    words = ["workloads", "list", "--limit=1"]
    words[place:place] = ["-o", "json"]
    assert len(json.loads(cli(*words, chamber=seeded).stdout)) == 1


def test_of_two_formats_the_one_nearest_to_the_command_counts(cli, seeded):
    done = cli("-o", "csv", "workloads", "list", "--limit=1", "-o", "jsonl", chamber=seeded)
    assert json.loads(done.stdout)["id"]


def test_debug_tells_each_call_and_the_whole_error_without_secrets(cli, seeded):
    done = cli("--debug", "workloads", "get", UNKNOWN, chamber=seeded)
    assert done.exit_code == 4
    assert f"debug: GET {seeded.api_url}/workloads/{UNKNOWN} → 404 in " in done.stderr
    assert "Traceback" in done.stderr
    assert "status_code: 404" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert seeded.token not in done.output


def test_debug_is_over_with_its_command(cli, seeded):
    assert "debug: GET" in cli("workloads", "list", "--debug", chamber=seeded).stderr
    assert cli("workloads", "list", chamber=seeded).stderr == ""


def test_what_nobody_thought_of_is_one_line_too(cli, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("no\nway")

    monkeypatch.setattr("chamber.core.settings.home", broken)
    done = cli("config", "list")
    assert (done.exit_code, done.stderr) == (1, "Error: Unexpected ZeroDivisionError: no way; --debug tells more\n")


def test_an_interrupt_ends_with_its_own_code(cli, seeded, monkeypatch):
    def interrupted(*_, **__):
        error = KeyboardInterrupt()
        error.add_note("wl_1 may have been submitted")
        raise error

    monkeypatch.setattr("chamber.core.workloads.WorkloadOperations.list_workloads", interrupted)
    done = cli("workloads", "watch", chamber=seeded)
    assert done.exit_code == 130
    monkeypatch.setattr("chamber.core.capacity.CapacityOperations.get_capacity", interrupted)
    done = cli("capacity", chamber=seeded)
    assert (done.exit_code, done.stderr.strip()) == (130, "Interrupted; wl_1 may have been submitted")


def test_a_reader_that_goes_away_ends_it_in_silence(seeded):
    """As ``chamber workloads list --all | head -1`` does."""
    environment = {**os.environ, "CHAMBER_API_URL": seeded.api_url, "CHAMBER_TOKEN": seeded.token}
    command = [sys.executable, "-m", "chamber.command", "workloads", "list", "--all"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (141, b"")


def test_nothing_of_a_pipe_is_coloured_or_cut(cli, seeded):
    shown = cli("workloads", "list", "--all", chamber=seeded, color=True).stdout
    assert "\x1b" not in shown
    assert len(shown.splitlines()) == len(seeded.workloads()) + 1


def test_a_package_that_is_missing_is_named(cli, seeded, monkeypatch):
    from chamber.core import ChamberClient

    def missing(*_):
        message = "ChamberClient.doctor() comes with chamber-run, which is not installed: pip install chamber-run"
        raise AttributeError(message, name="doctor", obj=ChamberClient)

    monkeypatch.setattr(ChamberClient, "doctor", property(missing), raising=False)
    done = cli("doctor", chamber=seeded)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "pip install chamber-run" in done.stderr


def test_names_of_the_api_do_not_steer_a_terminal(cli, monkeypatch):
    name = "evil\x1b]0;title\x07\nname"
    row = {"id": "wl_1", "name": name, "status": "running"}
    transport = RecordingTransport({"GET workloads": Reply(200, {"data": {"workloads": [row]}, "metadata": {}})})
    monkeypatch.setattr("chamber.core.client._transport", lambda _: transport)
    monkeypatch.setenv("CHAMBER_TOKEN", "ch.none")
    assert cli("workloads", "list").stdout.splitlines()[1].split("\t")[1] == "evil?]0;title? name"
