from __future__ import annotations

import json
import pickle
import stat

import pytest

from chamber.core import AsyncChamberClient, AuthenticationError, ChamberClient, ConfigurationError
from chamber.core.settings import DEFAULT_API_URL, Settings, home, read_json, resolve, resolve_files

TOKEN = "ch.argument"


def private(file, text):
    file.touch(0o600)
    file.write_text(text)


@pytest.fixture
def folder(tmp_path):
    private(tmp_path / "token.json", json.dumps({"access_token": "ch.file"}))
    (tmp_path / "config.json").write_text(
        json.dumps({"api_url": "https://file.example/v1", "organization_id": "org-file", "registries": {"a": "b"}})
    )
    return tmp_path


ENVIRONMENT = {
    "CHAMBER_TOKEN": "ch.environment",
    "CHAMBER_API_URL": "https://environment.example/v1",
    "CHAMBER_ORGANIZATION_ID": "org-environment",
}


def values(settings: Settings) -> tuple[str, str, str | None]:
    return settings.token.reveal(), settings.api_url, settings.organization_id


def test_arguments_come_first(folder):
    found = resolve("ch.argument", "https://a.example/v1", "org-a", environment=ENVIRONMENT, config_dir=folder)
    assert values(found) == ("ch.argument", "https://a.example/v1", "org-a")


def test_the_environment_comes_second(folder):
    found = resolve(environment=ENVIRONMENT, config_dir=folder)
    assert values(found) == ("ch.environment", "https://environment.example/v1", "org-environment")


def test_files_come_third(folder):
    found = resolve(environment={}, config_dir=folder)
    assert values(found) == ("ch.file", "https://file.example/v1", "org-file")


def test_without_anything_the_public_api_is_meant(tmp_path):
    assert values(resolve(TOKEN, environment={}, config_dir=tmp_path)) == (TOKEN, DEFAULT_API_URL, None)


@pytest.mark.parametrize("name", ["CHAMBER_TOKEN", "CHAMBER_API_URL", "CHAMBER_ORGANIZATION_ID"])
def test_each_variable_is_asked_on_its_own(folder, name):
    mixed = values(resolve(environment={name: ENVIRONMENT[name]}, config_dir=folder))
    assert sum(value == ENVIRONMENT[name] for value in mixed) == 1


def test_a_config_folder_may_be_named_by_the_environment(folder):
    assert values(resolve(environment={"CHAMBER_CONFIG_DIR": str(folder)}))[0] == "ch.file"


def test_the_clients_read_the_real_environment(monkeypatch, folder):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert values(ChamberClient()._async._settings)[0] == "ch.environment"
    assert values(AsyncChamberClient()._settings) == values(ChamberClient()._async._settings)


@pytest.mark.parametrize("kind", [ChamberClient, AsyncChamberClient])
def test_from_config_means_the_files_and_no_other_identity(kind, monkeypatch, folder):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    client = kind.from_config(folder)
    settings = getattr(client, "_async", client)._settings
    assert values(settings) == ("ch.file", "https://file.example/v1", "org-file")
    named = kind.from_config(folder, "https://b.example", "org-b", 3.0)
    settings = getattr(named, "_async", named)._settings
    assert (*values(settings)[1:], settings.timeout) == ("https://b.example", "org-b", 3.0)


def test_the_other_spelling_of_the_token_file_is_read(tmp_path):
    private(tmp_path / "token.json", '{"accessToken": "ch.camel"}')
    assert values(resolve_files(tmp_path))[0] == "ch.camel"


def test_without_a_token_the_error_names_the_three_ways(tmp_path):
    with pytest.raises(AuthenticationError) as caught:
        resolve(environment={}, config_dir=tmp_path)
    text = str(caught.value)
    assert "token=..." in text
    assert "CHAMBER_TOKEN" in text
    assert str(tmp_path / "token.json") in text


@pytest.mark.parametrize("empty", ["", " ", "\n\t"])
def test_an_empty_token_is_an_error_and_never_another_identity(folder, empty):
    with pytest.raises(AuthenticationError, match="empty"):
        resolve(empty, environment=ENVIRONMENT, config_dir=folder)
    with pytest.raises(AuthenticationError, match="empty"):
        resolve(environment={"CHAMBER_TOKEN": empty}, config_dir=folder)
    (folder / "token.json").write_text(json.dumps({"access_token": empty, "accessToken": "ch.other"}))
    with pytest.raises(AuthenticationError, match="empty"):
        resolve(environment={}, config_dir=folder)


@pytest.mark.parametrize("token", ["two words", "a\r\nX-Evil: 1", "a\x00b", "tök", "a\u2028b", b"ch.bytes", 7])
def test_a_token_that_cannot_be_one_is_refused_without_being_shown(token):
    with pytest.raises(AuthenticationError) as caught:
        resolve(token, environment={})
    assert str(token) not in str(caught.value)


def test_white_space_around_a_token_is_not_part_of_it():
    assert resolve(" ch.a\n", environment={}).token.reveal() == "ch.a"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://api.example/v1", "https://api.example/v1"),
        ("https://api.example/v1/", "https://api.example/v1"),
        (" https://api.example/v1\n", "https://api.example/v1"),
        ("HTTPS://api.example", "HTTPS://api.example"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("http://127.9.8.7/v1", "http://127.9.8.7/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ],
)
def test_a_url_is_https_or_loopback(given, kept):
    assert resolve(TOKEN, given, environment={}).api_url == kept


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example/v1",
        "http://127.0.0.1.example/v1",
        "http://localhost.example/v1",
        "http://0.0.0.0:8000",
        "http://10.0.0.1/v1",
        "ftp://api.example",
        "file:///etc/passwd",
        "api.example/v1",
        "https://",
        "https:///v1",
        "https://[::1",
        "https://api.example:99999/v1",
        "https://api.example:port/v1",
        "https://api.example/v1?",
        "https://api.example/v1#",
        "https://api.example/v1?token=very-secret",
        "https://api.example/v1#very-secret",
        "https://user:very-secret@api.example/v1",
        "https://@api.example/v1",
        "ftp://user:very-secret@api.example/v1",
        "user:very-secret@api.example/v1",
        "https://api.exa\nmple/v1",
        "https://api.example/v1 x",
        "https://api.example\\.evil/v1",
        "https://bücher.example/v1",
        7,
        ["https://api.example"],
    ],
)
def test_a_url_that_would_leak_or_fail_is_refused_and_no_secret_in_it_is_shown(url):
    with pytest.raises(ConfigurationError) as caught:
        resolve(TOKEN, url, environment={})
    assert isinstance(caught.value, ValueError)
    assert "very-secret" not in str(caught.value)


@pytest.mark.parametrize("organization", ["a b", "a\nb", "x" * 256, "ö", 7])
def test_an_organization_that_is_no_id_is_refused(organization):
    with pytest.raises(ConfigurationError, match="organization"):
        resolve(TOKEN, None, organization, environment={})


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), True, "5"])
def test_a_timeout_is_a_positive_number_of_seconds(timeout):
    with pytest.raises(ConfigurationError, match="positive number of seconds"):
        resolve(TOKEN, timeout=timeout, environment={})


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe{}", b"[" * 100_000, b"not json"],
    ids=["empty", "cut off", "not UTF-8", "nested", "text"],
)
@pytest.mark.parametrize("name", ["token.json", "config.json"])
def test_a_broken_file_is_named_and_not_touched(folder, name, content):
    (folder / name).write_bytes(content)
    with pytest.raises(ConfigurationError, match=name):
        resolve(environment={}, config_dir=folder)
    assert (folder / name).read_bytes() == content


@pytest.mark.parametrize("content", ["[]", "null", '"ch.a"', "7"])
def test_a_file_that_holds_no_object_is_named(folder, content):
    (folder / "config.json").write_text(content)
    with pytest.raises(ConfigurationError, match=r"config\.json holds no JSON object"):
        resolve(environment={}, config_dir=folder)


@pytest.mark.parametrize("value", [7, ["https://a.example"], {}, True])
def test_a_setting_of_the_wrong_kind_is_named(folder, value):
    (folder / "config.json").write_text(json.dumps({"api_url": value}))
    with pytest.raises(ConfigurationError, match="api_url"):
        resolve(TOKEN, environment={}, config_dir=folder)


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path):
    (tmp_path / "token.json").mkdir()
    with pytest.raises(ConfigurationError, match=r"token\.json"):
        resolve(environment={}, config_dir=tmp_path)


def test_reading_a_file_that_is_not_there_gives_nothing_and_makes_nothing(tmp_path):
    assert read_json(tmp_path / "none.json") == {}
    assert list(tmp_path.iterdir()) == []


def test_reading_settings_changes_no_file(folder):
    before = {file: (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) for file in folder.iterdir()}
    resolve(environment={}, config_dir=folder)
    resolve_files(folder)
    assert {file: (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) for file in folder.iterdir()} == before


def test_a_user_without_a_home_folder_can_pass_everything(monkeypatch):
    def homeless() -> None:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("pathlib.Path.home", homeless)
    assert values(resolve(TOKEN, environment={})) == (TOKEN, DEFAULT_API_URL, None)
    with pytest.raises(AuthenticationError, match="No Chamber token was found"):
        resolve(environment={})
    with pytest.raises(ConfigurationError, match="CHAMBER_CONFIG_DIR"):
        home(environment={})


def test_home_is_the_argument_then_the_variable_then_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home("a", {"CHAMBER_CONFIG_DIR": "b"}).name == "a"
    assert home(environment={"CHAMBER_CONFIG_DIR": "b"}).name == "b"
    assert home(environment={}) == tmp_path / ".chamber"


def test_the_token_is_in_no_repr_and_no_pickle(token):
    settings = Settings(token, DEFAULT_API_URL)
    client = ChamberClient(token)
    shown = f"{settings!r} {settings} {client!r} {client} {client._async!r} {vars(client)} {vars(client._async)}"
    assert token not in shown
    assert token.encode() not in pickle.dumps(settings)
    assert token.encode() not in pickle.dumps(client)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666])
def test_a_token_that_others_can_reach_is_refused_and_not_shown(folder, mode):
    (folder / "token.json").chmod(mode)
    with pytest.raises(ConfigurationError, match=r"other users.*chmod 600") as caught:
        resolve(environment={}, config_dir=folder)
    assert "ch.file" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="other users"):
        resolve_files(folder)
    assert resolve(TOKEN, environment={}, config_dir=folder).token.reveal() == TOKEN


def test_a_token_of_another_user_is_refused(folder, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: (folder / "token.json").stat().st_uid + 1)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        resolve(environment={}, config_dir=folder)


def test_by_option_a_token_that_others_can_read_is_used_and_that_is_logged(folder, caplog):
    (folder / "token.json").chmod(0o644)
    found = resolve(environment={"CHAMBER_TOKEN_FILE_CHECK": "warn"}, config_dir=folder)
    assert found.token.reveal() == "ch.file"
    assert "token file can be read" in caplog.text
    assert "ch.file" not in caplog.text
    with pytest.raises(ConfigurationError, match="is refuse or warn, not 'off'"):
        resolve(environment={"CHAMBER_TOKEN_FILE_CHECK": "off"}, config_dir=folder)


def test_the_mode_of_the_other_file_is_nobodys_business(folder):
    (folder / "config.json").chmod(0o644)
    assert values(resolve(environment={}, config_dir=folder))[1] == "https://file.example/v1"
