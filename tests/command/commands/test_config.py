"""Settings, in the file that other tools keep theirs in too."""

import json

import pytest


@pytest.fixture
def file(own_settings):
    own_settings.mkdir()
    return own_settings / "config.json"


def test_a_setting_is_kept_beside_what_others_keep(cli, file):
    file.write_text('{"theirs": {"a": [1]}, "organization_id": "old"}')
    assert cli("config", "set", "organization_id", "org_1").exit_code == 0
    assert json.loads(file.read_text()) == {"theirs": {"a": [1]}, "organization_id": "org_1"}
    assert cli("config", "get", "organization_id").stdout == "org_1\n"
    assert cli("config", "unset", "organization_id").exit_code == 0
    assert json.loads(file.read_text()) == {"theirs": {"a": [1]}}
    assert cli("config", "get", "organization_id").stdout == "\n"


def test_settings_are_listed_with_where_they_come_from(told, file, monkeypatch):
    file.write_text('{"api_url": "https://one.example/v1", "theirs": 1, "x": [{"session_key": "hunter22"}]}')
    monkeypatch.setenv("CHAMBER_ORGANIZATION_ID", "org_env")
    assert told("config", "list") == [
        {"key": "api_url", "value": "https://one.example/v1", "source": str(file)},
        {"key": "organization_id", "value": "org_env", "source": "CHAMBER_ORGANIZATION_ID"},
        {"key": "theirs", "value": 1, "source": str(file)},
        {"key": "x", "value": [{"session_key": "***"}], "source": str(file)},
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["set", "organisation_id", "x"], "did you mean 'organization_id'"),
        (["set", "api_url", "http://far.example"], "in the clear"),
        (["set", "organization_id", "no spaces"], "is not an organization id"),
        (["set", "credential_process", "it's"], "is no command"),
        (["set", "credential_process", " "], "prints a token"),
        (["set", "default_registry", "ada:sesame@ghcr.io/acme"], "holds no user, password or digest"),
        (["get", "nothing"], "There is no setting 'nothing'"),
        (["unset", "nothing"], "There is no setting 'nothing'"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(cli, file, words, said):
    done = cli("config", *words)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr
    assert not file.exists()


def test_a_default_registry_may_be_named_or_written_out(cli, file):
    for value in ("prod", "ghcr.io/acme/ml"):
        assert cli("config", "set", "default_registry", value).exit_code == 0
        assert json.loads(file.read_text()) == {"default_registry": value}


def test_a_variable_that_beats_a_setting_is_told(cli, monkeypatch):
    monkeypatch.setenv("CHAMBER_API_URL", "https://other.example/v1")
    assert (
        "CHAMBER_API_URL is set here, and beats it" in cli("config", "set", "api_url", "https://one.example/v1").stderr
    )


def test_registries_are_added_listed_and_chosen(cli, told):
    assert cli("registries", "add", "lab", "harbor.lan:8080/ml", "--insecure").exit_code == 0
    assert cli("registries", "add", "prod", "ghcr.io/acme", "--default").stderr == "Added prod, the default\n"
    assert told("registries", "list") == [
        {"name": "lab", "url": "harbor.lan:8080/ml", "default": False},
        {"name": "prod", "url": "ghcr.io/acme", "default": True},
    ]
    assert told("registries", "default", "lab") == {"name": "lab", "url": "harbor.lan:8080/ml", "default": True}
    assert cli("registries", "default", "nothing").exit_code == 2


def test_without_a_default_registry_that_is_told(cli):
    done = cli("registries", "default")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "There is no default registry" in done.stderr
