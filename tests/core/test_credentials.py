"""Tokens that expire, and programs that print tokens."""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.core import AuthenticationError, ChamberClient, ConfigurationError
from chamber.core.settings import credentials, resolve, resolve_files
from chamber.core.settings.credentials import expired

NOW = datetime.now(UTC)
URL = "https://chamber.example/v1"


@pytest.fixture
def configured(tmp_path):
    """Writes a `credential_process`: a program in Python, or a command."""

    def write(code=None, command=None):
        command = [sys.executable, "-c", code] if command is None else command
        file = tmp_path / "config.json"
        file.write_text(json.dumps({"credential_process": command, "api_url": URL}))
        file.chmod(0o600)
        return tmp_path

    return write


def printing(**content):
    return f"print({json.dumps(content)!r})"


def test_a_token_comes_from_the_program_that_the_settings_name(configured):
    folder = configured(printing(access_token="ch.printed"))
    for found in (resolve(environment={}, config_dir=folder), resolve_files(folder)):
        assert (found.token.reveal(), found.api_url) == ("ch.printed", URL)


def test_a_command_is_split_as_a_shell_would_and_no_shell_runs_it(configured, tmp_path):
    code = printing(accessToken="ch.$HOME;true")
    folder = configured(
        command=f"\"{sys.executable}\" -c '{code.replace(chr(39), chr(39) + chr(34) + chr(39) + chr(34) + chr(39))}'"
    )
    assert resolve_files(folder).token.reveal() == "ch.$HOME;true"


def test_a_token_that_is_there_is_used_and_the_program_is_not_run(configured, tmp_path):
    folder = configured(f"open({str(tmp_path / 'ran')!r}, 'w')")
    file = folder / "token.json"
    file.touch(0o600)
    file.write_text('{"access_token": "ch.file"}')
    assert resolve(environment={"CHAMBER_TOKEN": "ch.env"}, config_dir=folder).token.reveal() == "ch.env"
    assert resolve(environment={}, config_dir=folder).token.reveal() == "ch.file"
    assert resolve_files(folder).token.reveal() == "ch.file"
    assert not (tmp_path / "ran").exists()


def test_a_refused_token_is_printed_anew(configured, tmp_path):
    count = tmp_path / "count"
    count.write_text("0")
    code = f"""
import json, pathlib
file = pathlib.Path({str(count)!r})
file.write_text(str(int(file.read_text()) + 1))
print(json.dumps({{"access_token": "ch." + file.read_text()}}))
"""
    found = resolve_files(configured(code))
    assert (found.token.reveal(), found.renew_token(), found.token.reveal()) == ("ch.1", True, "ch.2")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print('ch.token')", "printed no JSON object with an access_token"),
        ("print('[1]')", "printed no JSON object with an access_token"),
        (printing(token="ch.token"), "printed no access_token"),
        (printing(access_token="ch.token", expires_at="2020-01-02T03:04:05Z"), "expired on 2020-01-02 03:04 UTC"),
        (
            "import sys; sys.exit('vault is sealed, ghp_0123456789abcdefghijABCDEFGHIJ456789')",
            "exit code 1: vault is sealed",
        ),
    ],
)
def test_a_program_that_gives_no_token_is_named(configured, code, said):
    folder = configured(code)
    with pytest.raises(AuthenticationError, match=said) as caught:
        resolve_files(folder)
    assert str(folder / "config.json") in str(caught.value)
    assert "ghp_0123" not in str(caught.value)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("", "is a command"),
        ([], "is a command"),
        ([1], "is a command"),
        (7, "is a command"),
        ("'open", "is no command: No closing quotation"),
        ("/no/such/program --now", "cannot be run: No such file or directory"),
        (["a\0b"], "cannot be run: embedded null byte"),
    ],
)
def test_what_is_no_command_is_refused(configured, command, said):
    with pytest.raises(ConfigurationError, match=said):
        resolve_files(configured(command=command))


def test_a_program_that_never_answers_is_ended_with_all_that_it_started(configured, monkeypatch, tmp_path):
    monkeypatch.setattr(credentials, "_SECONDS", 1.0)
    code = f"""
import pathlib, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path({str(tmp_path / "child")!r}).write_text(str(child.pid))
child.wait()
"""
    with pytest.raises(ConfigurationError, match="did not answer within 1 s"):
        resolve_files(configured(code))
    if (tmp_path / "child").exists():  # it is started within the second, unless the machine is very busy
        pid = int((tmp_path / "child").read_text())
        deadline = time.monotonic() + 20
        while subprocess.run(["kill", "-0", str(pid)], capture_output=True, check=False).returncode == 0:
            state = subprocess.run(["ps", "-o", "stat=", str(pid)], capture_output=True, text=True, check=False).stdout
            assert time.monotonic() < deadline
            if state.startswith("Z"):
                break


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_names_no_program(configured, mode):
    folder = configured(printing(access_token="ch.printed"))
    (folder / "config.json").chmod(mode)
    with pytest.raises(ConfigurationError, match="can be written by other users"):
        resolve_files(folder)


def test_a_token_that_expired_is_told_and_a_program_gives_another(configured):
    folder = configured(printing(access_token="ch.printed"))
    file = folder / "token.json"
    file.touch(0o600)
    file.write_text(json.dumps({"access_token": "ch.file", "expires_at": "2020-01-02T03:04:05+00:00"}))
    assert resolve_files(folder).token.reveal() == "ch.printed"
    (folder / "config.json").unlink()
    told = r"token\.json expired on 2020-01-02 03:04 UTC: log in again, pass .*token=\.\.\.\), or set CHAMBER_TOKEN$"
    with pytest.raises(AuthenticationError, match=told):
        ChamberClient.from_config(folder)


DAY = 86_400
SECONDS = st.integers(-(10**9), -DAY) | st.integers(DAY, 10**9)


@given(seconds=SECONDS, form=st.sampled_from(["iso", "zulu", "seconds", "milliseconds", "naive"]))
def test_every_form_of_a_time_says_the_same(seconds, form):
    moment = (NOW + timedelta(seconds=seconds)).replace(microsecond=0)
    said = {
        "iso": moment.isoformat(),
        "zulu": moment.isoformat().replace("+00:00", "Z"),
        "naive": moment.replace(tzinfo=None).isoformat(),
        "seconds": moment.timestamp(),
        "milliseconds": int(moment.timestamp() * 1000),
    }[form]
    assert expired({"expires_at": said}) == expired({"expiresAt": said}) == (moment if seconds < 0 else None)


@given(said=st.none() | st.booleans() | st.text() | st.floats() | st.integers() | st.lists(st.integers()))
def test_nothing_that_stands_for_a_time_breaks_it(said):
    found = expired({"expires_at": said})
    assert found is None or found <= datetime.now(UTC)
