import json
from pathlib import Path

import pytest

from chamber.core import ChamberClient
from chamber.core.errors import ConfigurationError
from chamber.run.settings import registries
from chamber.run.targets import Registry

LAB = "harbor.lan:8080/ml"


@pytest.fixture
def file(own_settings: Path) -> Path:
    own_settings.mkdir()
    return own_settings / "config.json"


def _content(file: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads(file.read_text())
    return content


def test_options_are_kept_beside_the_names_that_other_tools_read(file: Path) -> None:
    ChamberClient.add_registry("lab", f"http://{LAB}", insecure=True, auth_realm="http://login.lan")
    assert _content(file) == {
        "registries": {"lab": LAB},
        "registry_options": {LAB: {"insecure": True, "auth_realm": "http://login.lan"}},
    }


def test_without_options_nothing_is_written(file: Path) -> None:
    registries.add("lab", LAB)
    assert _content(file) == {"registries": {"lab": LAB}}


@pytest.mark.parametrize("address", [LAB, "harbor.lan:8080", "harbor.lan:8080/other", "HARBOR.lan:8080/x"])
def test_they_are_found_by_the_address_and_by_its_host(file: Path, address: str) -> None:
    registries.add("lab", LAB, insecure=True, auth_realm="https://login.lan")
    known = registries.configured(Registry(address, "ada", "secret"))
    assert known == Registry(address, "ada", "secret", insecure=True, auth_realm="https://login.lan")


@pytest.mark.parametrize("address", ["harbor.lan", "harbor.lan:8081/ml", "harbor.lan:8080.evil.test", "evil.test/ml"])
def test_they_are_of_no_other_host(file: Path, address: str) -> None:
    registries.add("lab", LAB, insecure=True)
    assert registries.configured(Registry(address)) == Registry(address)


def test_the_address_itself_comes_before_its_neighbours(file: Path) -> None:
    registries.add("one", "r.lan/a/b", auth_realm="https://one.lan")
    registries.add("two", "r.lan/a", auth_realm="https://two.lan")
    assert registries.configured(Registry("r.lan/a")).auth_realm == "https://two.lan"
    assert registries.configured(Registry("r.lan/c")).auth_realm == "https://one.lan"


def test_what_a_plugin_says_stays(file: Path) -> None:
    registries.add("lab", LAB, auth_realm="https://login.lan")
    plugin = Registry(LAB, insecure=True, auth_realm="https://plugin.lan")
    assert registries.configured(plugin) == plugin


def test_adding_it_again_without_options_takes_them_away(file: Path) -> None:
    registries.add("lab", LAB, insecure=True)
    registries.add("lab", LAB)
    assert _content(file)["registry_options"] == {}


def test_an_address_that_has_no_name_any_more_keeps_no_options(file: Path) -> None:
    registries.add("lab", LAB, insecure=True)
    registries.add("lab", "harbor.example.com/ml")
    assert registries.configured(Registry(LAB)).insecure is False


def test_a_name_that_another_tool_gave_to_another_address_takes_no_options_along(file: Path) -> None:
    registries.add("lab", LAB, insecure=True)
    content = _content(file)
    content["registries"] = {"lab": "registry.example.com/ml"}
    file.write_text(json.dumps(content))
    assert registries.configured(Registry(registries.located("lab"))).insecure is False


def test_options_written_by_hand_for_an_address_without_a_name_survive(file: Path) -> None:
    file.write_text(json.dumps({"registry_options": {"other.lan": {"insecure": True}}, "theirs": 1}))
    registries.add("lab", LAB, insecure=True)
    assert registries.configured(Registry("other.lan/x")).insecure
    assert _content(file)["theirs"] == 1


@pytest.mark.parametrize(
    ("realm", "insecure"),
    [
        ("http://login.lan", False),
        ("login.lan", True),
        ("", True),
        ("ftp://login.lan", True),
        ("https://", True),
        ("https://ada:secret@login.lan", True),
        ("https://login.lan:bad", True),
        ("https://[", True),
        ("http://localhost:5001", True),
        ("http://127.0.0.1", True),
        ("http://169.254.169.254", True),
        ("http://[::1]:5001", True),
    ],
)
def test_a_realm_where_no_login_should_go_is_refused(file: Path, realm: str, insecure: bool) -> None:
    with pytest.raises(ConfigurationError, match="auth_realm of") as caught:
        registries.add("lab", LAB, insecure=insecure, auth_realm=realm)
    assert "secret" not in str(caught.value)
    assert not file.exists()


def test_a_registry_on_this_machine_may_have_its_tokens_from_here(file: Path) -> None:
    registries.add("dev", "localhost:5000", insecure=True, auth_realm="http://localhost:5001")
    assert registries.configured(Registry("localhost:5000")).auth_realm == "http://localhost:5001"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "an object of addresses"),
        ({LAB: {"insecure": "yes"}}, "Expected `bool`"),
        ({LAB: {"insecur": True}}, "unknown field `insecur`"),
        ({LAB: []}, "Expected `object`"),
        ({LAB: {"auth_realm": "login"}}, "auth_realm of"),
    ],
)
def test_what_is_no_option_is_said(file: Path, options: object, said: str) -> None:
    file.write_text(json.dumps({"registry_options": options}))
    if options:
        with pytest.raises(ConfigurationError, match=said):
            registries.configured(Registry(LAB))
    else:
        assert registries.configured(Registry(LAB)) == Registry(LAB)


def test_plain_http_has_to_be_asked_for(file: Path) -> None:
    with pytest.raises(ConfigurationError, match="needs insecure=True"):
        registries.add("lab", f"http://{LAB}")
