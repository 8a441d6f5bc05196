"""The token: stored, shown, forgotten."""

import base64
import json
import stat

import pytest


def jwt(**claims):
    parts = ({"alg": "none"}, claims, {"signed": "not"})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


@pytest.fixture
def log_in(cli, seeded, monkeypatch):
    """Log in with words, and the token on standard input."""

    def log_in(*words, text=seeded.token):
        monkeypatch.setenv("CHAMBER_API_URL", seeded.api_url)
        return cli("login", *words, input=text + "\n")

    return log_in


def test_a_token_from_standard_input_is_stored_for_its_owner_alone(log_in, cli, own_settings, seeded):
    done = log_in()
    assert done.exit_code == 0, done.output
    file = own_settings / "token.json"
    assert json.loads(file.read_text()) == {"access_token": seeded.token}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert seeded.token not in done.output
    assert cli("workloads", "list", "--limit", "1").exit_code == 0


def test_a_token_that_the_api_does_not_take_is_not_stored(log_in, own_settings):
    done = log_in(text="ch.none-that-is-known")
    assert done.exit_code == 3
    assert not (own_settings / "token.json").exists()


def test_an_empty_token_is_an_error_and_nothing_is_stored(log_in, own_settings):
    assert log_in(text="").exit_code == 3
    assert not (own_settings / "token.json").exists()


def test_a_login_takes_the_place_of_the_one_before(log_in, own_settings, seeded):
    own_settings.mkdir()
    file = own_settings / "token.json"
    file.write_text('{"accessToken": "ch.old", "refresh_token": "old"}')
    file.chmod(0o644)
    assert log_in().exit_code == 0
    assert json.loads(file.read_text()) == {"access_token": seeded.token}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_api_and_the_organisation_are_kept_beside_what_others_keep(log_in, own_settings, seeded):
    own_settings.mkdir()
    (own_settings / "config.json").write_text('{"registries": {"lab": "harbor.lan/ml"}, "theirs": 1}')
    assert log_in("--api-url", seeded.api_url, "--organization", "org_local").exit_code == 0
    assert json.loads((own_settings / "config.json").read_text()) == {
        "registries": {"lab": "harbor.lan/ml"},
        "theirs": 1,
        "api_url": seeded.api_url,
        "organization_id": "org_local",
    }


def test_a_token_on_the_command_line_is_taken_with_a_warning(log_in, seeded):
    done = log_in("--token", seeded.token, text="")
    assert done.exit_code == 0
    assert "seen by others" in done.stderr
    assert seeded.token not in done.output


def test_a_variable_that_beats_the_stored_token_is_told(log_in, monkeypatch):
    monkeypatch.setenv("CHAMBER_TOKEN", "ch.other")
    assert "CHAMBER_TOKEN is set here, and beats it" in log_in().stderr


def test_logging_out_forgets_everything(log_in, cli, own_settings):
    log_in()
    assert cli("logout").stderr == "Logged out\n"
    assert json.loads((own_settings / "token.json").read_text()) == {}
    assert cli("workloads", "list").exit_code == 3
    assert cli("logout").stderr == "No token was stored\n"


def test_whoami_shows_the_api_and_where_the_token_is_from(log_in, told, own_settings, seeded):
    log_in()
    shown = told("whoami")
    assert shown["api_url"] == seeded.api_url
    assert shown["source"] == str(own_settings / "token.json")
    assert (shown["kind"], shown["accepted"]) == ("API token", True)


def test_whoami_shows_a_token_that_a_program_gave(told, cli, seeded, own_settings, monkeypatch):
    monkeypatch.setenv("CHAMBER_API_URL", seeded.api_url)
    printed = json.dumps({"access_token": seeded.token})
    (own_settings.parent / "answer.json").write_text(printed)
    command = f"cat {own_settings.parent / 'answer.json'}"
    assert cli("config", "set", "credential_process", command).exit_code == 0
    assert told("whoami")["source"] == "the credential_process"


def test_whoami_shows_what_a_jwt_says(told, monkeypatch):
    monkeypatch.setenv("CHAMBER_TOKEN", jwt(sub="user_1", email="ada@acme.example", exp=1_900_000_000))
    shown = told("whoami", "--no-verify")
    assert shown["source"] == "CHAMBER_TOKEN"
    assert (shown["user"], shown["email"], shown["kind"]) == ("user_1", "ada@acme.example", "JWT")
    assert shown["expires_at"].startswith("2030-03-17T17:46:40")


@pytest.mark.parametrize("claims", ["[]", "no json", '{"exp": 1e300, "sub": 5}', '{"exp": "soon"}'])
def test_whoami_shows_what_it_can_of_an_odd_token(told, monkeypatch, claims):
    odd = base64.urlsafe_b64encode(claims.encode()).decode().rstrip("=")
    monkeypatch.setenv("CHAMBER_TOKEN", f"eyJhbGciOiJub25lIn0.{odd}.sig")
    assert told("whoami", "--no-verify")["user"] is None


def test_whoami_shows_no_token(cli, seeded):
    for output in ("table", "json", "yaml", "csv"):
        assert seeded.token not in cli("whoami", "-o", output, chamber=seeded).output


def test_a_prompt_hides_what_is_typed_and_stores_it(terminal, seeded, own_settings):
    shown = terminal("login", CHAMBER_API_URL=seeded.api_url)
    shown.expect("Token: ")
    shown.type(seeded.token)
    assert shown.ended() == 0
    assert seeded.token not in shown.screen
    assert json.loads((own_settings / "token.json").read_text()) == {"access_token": seeded.token}
