import json
import os

import pytest

from chamber.local import LocalChamber, plugin, records
from chamber.run.targets import BaseImage, Registry


@pytest.fixture
def chamber(simulated):
    return simulated.chamber


def test_a_running_chamber_is_recorded_and_a_stopped_one_is_not(own_settings):
    with LocalChamber(executor="simulated") as chamber:
        (file,) = (own_settings / "local").iterdir()
        assert file.name == chamber.registry.replace(":", "_") + ".json"
        assert json.loads(file.read_text()) == {
            "registry": chamber.registry,
            "api_url": chamber.api_url,
            "token": chamber.token,
            "pid": os.getpid(),
            "executor": "simulated",
            "tokens": {},
            "command": False,
        }
    assert list((own_settings / "local").iterdir()) == []


def test_a_registry_is_found_by_itself_a_prefix_or_its_api(chamber):
    registry, elsewhere = chamber.registry, "https://api.usechamber.io/v1"

    (record,) = records.running()
    assert (record.registry, record.token) == (registry, chamber.token)
    assert records.find(registry) == record
    assert records.find(f"{registry}/team/project") == record
    assert records.find(None, chamber.api_url) == record
    assert records.find(None, f"{chamber.api_url}/") == record
    assert records.find(f"{registry}0") is None
    assert records.find("127.0.0.1") is None
    assert records.find("docker.io/team", chamber.api_url) is None
    assert records.find(None, elsewhere) is None


@pytest.mark.parametrize("content", ["{", "[]", '{"registry": "127.0.0.1:9"}', "\x00"])
def test_a_broken_record_is_passed_over(chamber, own_settings, content):
    (own_settings / "local" / "127.0.0.1_9.json").write_text(content)

    assert [record.registry for record in records.running()] == [chamber.registry]


def test_the_record_of_a_process_that_is_gone_is_passed_over(chamber, own_settings):
    gone = {"registry": "127.0.0.1:9", "api_url": "http://127.0.0.1:9/v1", "token": "t", "pid": 2**22 + 1}
    (own_settings / "local" / "127.0.0.1_9.json").write_text(json.dumps(gone))

    assert [record.registry for record in records.running()] == [chamber.registry]
    assert "token='***'" in repr(records.running()[0])


def test_a_home_that_cannot_be_written_does_not_keep_a_chamber_from_starting(own_settings, caplog):
    own_settings.write_text("a file where the folder should be")

    with LocalChamber(executor="simulated"):
        assert "cannot be written" in caplog.text


def test_the_plugin_knows_the_login_of_its_registry(chamber):
    elsewhere = "https://api.usechamber.io/v1"
    login = {"username": "chamber", "password": chamber.token, "insecure": True}

    assert plugin.chamber_run_registry(f"{chamber.registry}/team", elsewhere) == Registry(
        f"{chamber.registry}/team", **login
    )
    assert plugin.chamber_run_registry(None, chamber.api_url) == Registry(chamber.registry, **login)
    assert plugin.chamber_run_registry("ghcr.io/team", chamber.api_url) is None
    assert plugin.chamber_run_registry(None, elsewhere) is None


def test_the_plugin_offers_the_marker_base(chamber):
    base = "chamber.local/python:latest"

    assert plugin.chamber_run_base_image(f"{chamber.registry}/team") == BaseImage(
        base, location=f"{chamber.registry}/{base}", recipe=True
    )
    assert plugin.chamber_run_base_image("ghcr.io/team") is None
