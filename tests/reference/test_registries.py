"""Section "Registry Management"."""

import json

import pytest
from covering import covers, parameters

from chamber.core import AsyncChamberClient, ChamberClient

PROD, DEV = "us-east1-docker.pkg.dev/my-project/prod", "us-east1-docker.pkg.dev/my-project/dev"


@pytest.fixture(params=[ChamberClient, AsyncChamberClient])
def face(request):
    return request.param


@covers(
    "add_registry()",
    *parameters("add_registry", "name url set_default"),
    "list_registries()",
    "get_default_registry()",
)
def test_registries_are_kept_by_name(face, own_settings):
    assert (face.list_registries(), face.get_default_registry()) == ({}, None)
    face.add_registry("prod", PROD, set_default=True)
    face.add_registry("dev", DEV)
    assert face.list_registries() == {"prod": PROD, "dev": DEV}
    assert face.get_default_registry() == ("prod", PROD)
    assert json.loads((own_settings / "config.json").read_text()) == {
        "registries": {"prod": PROD, "dev": DEV},
        "default_registry": "prod",
    }


@covers("set_default_registry()", "set_default_registry(name)")
def test_the_default_is_chosen_by_name(face):
    face.add_registry("prod", PROD, True)
    face.add_registry("dev", DEV)
    face.set_default_registry("dev")
    assert face.get_default_registry() == ("dev", DEV)
    with pytest.raises(ValueError, match="'test'"):
        face.set_default_registry("test")


def test_a_name_that_is_there_gets_the_new_url(face):
    face.add_registry("prod", DEV)
    face.add_registry("prod", PROD)
    assert face.list_registries() == {"prod": PROD}


def test_what_others_keep_in_the_file_survives(face, own_settings):
    own_settings.mkdir()
    (own_settings / "config.json").write_text(json.dumps({"api_url": "https://x", "theirs": [1]}))
    face.add_registry("prod", PROD)
    kept = json.loads((own_settings / "config.json").read_text())
    assert (kept["api_url"], kept["theirs"]) == ("https://x", [1])
