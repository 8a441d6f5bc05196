"""Section "Initialization": where the token, the URL, the organisation and the timeout come from."""

import json
import socket

import pytest
from covering import covers, parameters

from chamber.core import AsyncChamberClient, AuthenticationError, AuthorizationError, ChamberClient, DeadlineExceeded
from chamber.core.settings import DEFAULT_API_URL, updating

FACES = pytest.mark.parametrize("face", [ChamberClient, AsyncChamberClient])


class Twin:
    """What `client_of` takes for a Chamber: makes the client of the face that is asked for."""

    def __init__(self, make):
        self.client = lambda: make(ChamberClient)
        self.async_client = lambda: make(AsyncChamberClient)


@covers("ChamberClient()", *parameters("ChamberClient", "token api_url organization_id"))
def test_everything_can_be_given(client_of, chamber):
    made = client_of(Twin(lambda face: face(chamber.token, chamber.api_url, chamber.organization_id)))
    assert made.list_workloads(limit=1).total_count is not None
    wrong = client_of(Twin(lambda face: face(token="ch.wrong", api_url=chamber.api_url)))
    with pytest.raises(AuthenticationError):
        wrong.list_workloads()
    stranger = client_of(Twin(lambda face: face(chamber.token, chamber.api_url, organization_id="org-of-others")))
    with pytest.raises(AuthorizationError, match="belongs to the organization"):
        stranger.list_workloads()


def test_the_token_of_the_environment_is_taken(client_of, chamber, monkeypatch):
    monkeypatch.setenv("CHAMBER_TOKEN", chamber.token)
    monkeypatch.setenv("CHAMBER_API_URL", chamber.api_url)
    monkeypatch.setenv("CHAMBER_ORGANIZATION_ID", chamber.organization_id)
    assert client_of(Twin(lambda face: face())).list_workloads(limit=1) is not None


@covers("from_config()", *parameters("from_config", "config_dir api_url"))
def test_the_files_of_the_command_line_are_taken(client_of, chamber, tmp_path):
    with updating(tmp_path / "token.json") as content:
        content["access_token"] = chamber.token
    made = client_of(Twin(lambda face: face.from_config(tmp_path, api_url=chamber.api_url)))
    assert made.list_workloads(limit=1) is not None


def test_the_usual_folder_is_taken_where_none_is_named(client_of, chamber, own_settings):
    own_settings.mkdir()
    with updating(own_settings / "token.json") as content:
        content["accessToken"] = chamber.token
    (own_settings / "config.json").write_text(json.dumps({"api_url": chamber.api_url}))
    assert client_of(Twin(lambda face: face.from_config())).list_workloads(limit=1) is not None


@covers("ChamberClient(timeout)")
def test_a_timeout_is_for_the_whole_call(client_of):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        made = client_of(Twin(lambda face: face("ch.t", url, timeout=0.2)))
        with pytest.raises(DeadlineExceeded):
            made.health()


@FACES
def test_the_api_is_the_public_one_unless_said_otherwise(face):
    assert DEFAULT_API_URL == "https://api.usechamber.io/v1"
    assert repr(face(token="ch.t")) == f"{face.__name__}(api_url='https://api.usechamber.io/v1')"


@FACES
def test_without_a_token_there_is_no_client(face):
    with pytest.raises(AuthenticationError, match=r"ChamberClient\(token=\.\.\.\), or set CHAMBER_TOKEN"):
        face()
    with pytest.raises(AuthenticationError):
        face.from_config()


@FACES
def test_an_empty_token_of_the_environment_is_never_another_identity(face, own_settings, monkeypatch):
    own_settings.mkdir()
    with updating(own_settings / "token.json") as content:
        content["access_token"] = "ch.of-another"
    monkeypatch.setenv("CHAMBER_TOKEN", "")
    with pytest.raises(AuthenticationError):
        face()
