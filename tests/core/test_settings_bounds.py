"""Which source of a setting decides, for all of them, and what is said of a setting that is none."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.core import AuthenticationError, ConfigurationError
from chamber.core.redaction import Secret
from chamber.core.settings import DEFAULT_API_URL, Settings, read_json, resolve, resolve_files
from chamber.core.settings.files import read_token_file, read_trusted
from chamber.core.settings.resolution import is_number

TOKEN = "ch.argument"
words = st.from_regex(r"[A-Za-z0-9._~:-]{1,12}", fullmatch=True)
#: The three settings that have three sources: those that a source names.
sources = st.fixed_dictionaries(
    {}, optional={"token": words, "api_url": words.map("https://a.example/{}".format), "organization_id": words}
)


def _files(folder, settings):
    token = folder / "token.json"
    token.unlink(missing_ok=True)
    token.touch(0o600)
    token.write_text(json.dumps({"access_token": settings["token"]} if "token" in settings else {}))
    (folder / "config.json").write_text(json.dumps({name: settings[name] for name in settings if name != "token"}))


@given(arguments=sources, variables=sources, files=sources)
def test_each_setting_is_that_of_the_first_source_that_names_it(tmp_path, arguments, variables, files):
    _files(tmp_path, files)
    environment = {f"CHAMBER_{name.upper()}": value for name, value in variables.items()}
    merged = {"api_url": DEFAULT_API_URL, "organization_id": None, **files, **variables, **arguments}
    if "token" not in merged:
        with pytest.raises(AuthenticationError, match="No Chamber token was found"):
            resolve(**arguments, environment=environment, config_dir=tmp_path)
        return
    found = resolve(**arguments, environment=environment, config_dir=tmp_path)
    assert (found.token.reveal(), found.organization_id) == (merged["token"], merged["organization_id"])
    assert found.api_url == merged["api_url"].rstrip("/")


@given(files=sources, asked=sources, variables=sources)
def test_what_is_asked_of_the_files_is_never_answered_by_the_environment(tmp_path, files, asked, variables):
    _files(tmp_path, {"token": "ch.file", **files})
    overridden = {name: value for name, value in asked.items() if name != "token"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(f"CHAMBER_{name.upper()}", value)
        found = resolve_files(tmp_path, **overridden)
    merged = {"token": "ch.file", "api_url": DEFAULT_API_URL, "organization_id": None, **files, **overridden}
    assert (found.token.reveal(), found.organization_id) == (merged["token"], merged["organization_id"])


@given(st.text(max_size=40))
def test_any_url_is_one_without_secrets_or_our_error(url):
    try:
        kept = Settings(TOKEN, url).api_url
    except ConfigurationError:
        return
    assert not {"@", "?", "#"} & set(kept)
    assert kept == kept.strip().rstrip("/")


def _refused(error, **options):
    with pytest.raises(error) as caught:
        Settings(**{"token": TOKEN, "api_url": DEFAULT_API_URL, **options})
    return caught.value.message


def test_what_is_no_setting_is_told_with_what_is_one():
    assert _refused(ConfigurationError, timeout=0) == "timeout is a positive number of seconds, not 0"
    assert _refused(ConfigurationError, organization_id="a b") == "'a b' is not an organization id"
    assert _refused(ConfigurationError, organization_id="") == "'' is not an organization id"
    assert _refused(ConfigurationError, api_url="api.example") == (
        "'api.example' is not the URL of an API; it looks like https://api.usechamber.io/v1"
    )
    assert _refused(ConfigurationError, api_url="http://api.example") == (
        "'http://api.example' would send the token in the clear: use https; it looks like https://api.usechamber.io/v1"
    )
    assert _refused(ConfigurationError, api_url="https://a@b.example") == (
        "An API URL holds no user or password: pass the token as token=..."
    )
    assert _refused(ConfigurationError, api_url="https://a.example?b") == (
        "An API URL ends with its path: it has neither a query nor a fragment"
    )
    assert _refused(AuthenticationError, token=" ") == (
        "The Chamber token is empty. Pass ChamberClient(token=...) or set CHAMBER_TOKEN to a token, "
        "or unset it so that ~/.chamber/token.json is read"
    )
    assert _refused(AuthenticationError, token="a b") == (
        "The Chamber token has characters that no token has: copy it again"
    )


def test_without_a_token_every_way_to_pass_one_is_told(tmp_path):
    for ask in (lambda: resolve(environment={}, config_dir=tmp_path), lambda: resolve_files(tmp_path)):
        with pytest.raises(AuthenticationError) as caught:
            ask()
        assert caught.value.message == (
            "No Chamber token was found. Pass ChamberClient(token=...), or set CHAMBER_TOKEN, "
            f"or log in so that {tmp_path / 'token.json'} holds an access_token"
        )


def test_a_user_without_a_home_is_told_of_the_usual_place(monkeypatch, tmp_path):
    def homeless():
        raise RuntimeError

    (tmp_path / "~" / ".chamber").mkdir(parents=True)
    (tmp_path / "~" / ".chamber" / "config.json").write_text('{"credential_process": "false"}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(AuthenticationError, match=r"log in so that ~/\.chamber/token\.json holds"):
        resolve(environment={})
    with pytest.raises(ConfigurationError) as caught:
        _home()
    assert caught.value.message == "This user has no home folder: set HOME or CHAMBER_CONFIG_DIR"


def _home():
    from chamber.core.settings import home

    return home(environment={})


@pytest.mark.parametrize(("value", "kind"), [(7, "int"), ([], "list"), (False, "bool")])
def test_a_setting_of_another_kind_is_told_by_its_file_and_its_kind(tmp_path, value, kind):
    (tmp_path / "config.json").write_text(json.dumps({"organization_id": value}))
    with pytest.raises(ConfigurationError) as caught:
        resolve(TOKEN, environment={}, config_dir=tmp_path)
    assert caught.value.message == f"{tmp_path / 'config.json'}: organization_id is a text, not {kind}"


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_setting_in_a_file_is_none(tmp_path, empty):
    (tmp_path / "config.json").write_text(json.dumps({"organization_id": empty, "api_url": empty}))
    found = resolve(TOKEN, environment={}, config_dir=tmp_path)
    assert (found.organization_id, found.api_url) == (None, DEFAULT_API_URL)


@pytest.mark.parametrize("token", [7, None, ["ch.a"]])
def test_a_token_in_a_file_that_is_no_text_is_none(tmp_path, token):
    _files(tmp_path, {"token": token})
    with pytest.raises(AuthenticationError, match="No Chamber token"):
        resolve(environment={}, config_dir=tmp_path)


def test_a_source_of_tokens_is_asked_for_the_url_and_only_where_nothing_else_has_one(tmp_path):
    asked, tokens = [], iter(["ch.source", "ch.source", "ch.another"])

    def source(url):
        asked.append(url)
        return next(tokens)

    options = {"environment": {}, "config_dir": tmp_path, "token_source": source}
    assert resolve(TOKEN, **options).token.reveal() == TOKEN
    assert not resolve(TOKEN, **options).renew_token()
    assert asked == []
    found = resolve(None, "https://a.example/v1", "org", 7, **options)
    assert (found.token.reveal(), found.organization_id, found.timeout) == ("ch.source", "org", 7.0)
    assert asked == ["https://a.example/v1"]
    assert not found.renew_token(), "it is the same one again"
    assert found.renew_token()
    assert (found.token.reveal(), set(asked)) == ("ch.another", {"https://a.example/v1"})
    with pytest.raises(AuthenticationError):
        resolve(environment={}, config_dir=tmp_path, token_source=lambda _url: None)


def test_another_token_takes_the_place_of_the_first():
    settings = Settings("ch.old", DEFAULT_API_URL, token_source=lambda url: f" ch.new-{len(url)} ")
    assert settings.renew_token()
    assert settings.token.reveal() == f"ch.new-{len(DEFAULT_API_URL)}"


def test_a_renewed_token_that_is_none_is_refused():
    with pytest.raises(AuthenticationError, match="characters"):
        Settings("ch.old", DEFAULT_API_URL, token_source=lambda _url: "a b").renew_token()


def test_a_token_that_is_hidden_already_is_taken():
    assert Settings(Secret(" ch.hidden "), DEFAULT_API_URL).token.reveal() == "ch.hidden"


def test_settings_show_all_but_the_token():
    assert repr(Settings(TOKEN, "https://a.example", "org")) == (
        "Settings(api_url='https://a.example', organization_id='org', token=***)"
    )


@pytest.mark.parametrize("number", [0, -1, 1.5, 10**30])
def test_a_number_is_finite(number):
    assert is_number(number)


@pytest.mark.parametrize("other", [True, float("inf"), float("nan"), "1", None])
def test_nothing_else_is_a_number(other):
    assert not is_number(other)


@pytest.mark.parametrize("url", ["http://localhost:0", "https://a.example:0/v1"])
def test_no_api_is_at_port_0(url):
    assert "is not the URL of an API" in _refused(ConfigurationError, api_url=url)


def test_the_smallest_timeout_is_more_than_nothing():
    timeout = Settings(TOKEN, DEFAULT_API_URL, timeout=1).timeout
    assert (timeout, type(timeout)) == (1.0, float)
    assert Settings(TOKEN, DEFAULT_API_URL, timeout=1e-9).timeout == 1e-9


def test_an_organization_id_has_255_characters_at_most():
    assert Settings(TOKEN, DEFAULT_API_URL, "x" * 255).organization_id == "x" * 255


def _unreadable(file, ask=read_json):
    with pytest.raises(ConfigurationError) as caught:
        ask(file)
    assert caught.value.message.startswith(f"{file} ")
    return caught.value.message.removeprefix(f"{file} ")


def test_a_file_that_cannot_be_read_is_told_with_the_reason(tmp_path):
    file = tmp_path / "a.json"
    file.write_text("{")
    assert _unreadable(file) == "cannot be read (it is not JSON): repair it, or move it away"
    file.write_text("[]")
    assert _unreadable(file) == "holds no JSON object: repair it, or move it away"
    file.unlink()
    file.mkdir()
    assert _unreadable(file) == "is no regular file: move it away"
    assert _unreadable(file / ("x" * 300)) == "cannot be read (File name too long): repair it, or move it away"


def test_a_file_that_cannot_be_read_is_closed(tmp_path):
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "text.json").write_text("text")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for name in ("folder.json", "text.json"):
        _unreadable(tmp_path / name)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_pipe_is_no_file_and_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    assert _unreadable(tmp_path / "pipe.json") == "is no regular file: move it away"


def test_a_file_of_settings_has_16_mebibytes_at_most(tmp_path):
    file = tmp_path / "a.json"
    file.write_bytes(b"{}" + b" " * ((16 << 20) - 2))
    assert read_json(file) == {}
    file.write_bytes(b"{}" + b" " * ((16 << 20) - 1))
    assert _unreadable(file) == "is larger than 16 MiB: repair it, or move it away"


def test_a_token_that_is_not_private_is_refused_with_what_to_do(tmp_path):
    file = tmp_path / "token.json"
    _files(tmp_path, {"token": TOKEN})
    assert read_token_file(file) == {"access_token": TOKEN}
    for mode in (0o601, 0o610, 0o640):
        file.chmod(mode)
        assert _unreadable(file, lambda it: read_token_file(it, {})) == (
            "can be read or written by other users, so its token is not used: make it yours and chmod 600 it, "
            "or set CHAMBER_TOKEN; CHAMBER_TOKEN_FILE_CHECK=warn uses it as it is"
        )
    with pytest.raises(ConfigurationError) as caught:
        read_token_file(file, {"CHAMBER_TOKEN_FILE_CHECK": "no"})
    assert caught.value.message == "CHAMBER_TOKEN_FILE_CHECK is refuse or warn, not 'no'"


def test_a_token_that_is_used_all_the_same_is_told_in_the_log(tmp_path, caplog):
    _files(tmp_path, {"token": TOKEN})
    (tmp_path / "token.json").chmod(0o644)
    read_token_file(tmp_path / "token.json", {"CHAMBER_TOKEN_FILE_CHECK": "warn"})
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage() == (
        f"event='token file can be read or written by other users' file='{tmp_path / 'token.json'}'"
    )


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755])
def test_a_file_that_names_a_program_may_be_read_by_anybody(tmp_path, mode):
    file = tmp_path / "config.json"
    file.write_text('{"credential_process": "vault"}')
    file.chmod(mode)
    assert read_trusted(file) == {"credential_process": "vault"}


@pytest.mark.parametrize(("mode", "others"), [(0o620, 0), (0o602, 0), (0o600, 1)])
def test_a_file_that_names_a_program_may_be_written_by_its_user_alone(tmp_path, monkeypatch, mode, others):
    file = tmp_path / "config.json"
    file.write_text("{}")
    file.chmod(mode)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + others)
    told = _unreadable(file, read_trusted)
    assert told.startswith("can be written by other users")
    assert told.endswith("chmod 600 it")


def test_a_token_of_another_user_is_refused(tmp_path, monkeypatch):
    _files(tmp_path, {"token": TOKEN})
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    told = _unreadable(tmp_path / "token.json", lambda it: read_token_file(it, {}))
    assert told.startswith("belongs to another user, so its token is not used: ")
