import json
import multiprocessing
import stat
from pathlib import Path

import pytest

from chamber.core import ChamberClient
from chamber.core.errors import ConfigurationError
from chamber.run.settings import registries

PROD = "us-east1-docker.pkg.dev/my-project/prod"


@pytest.fixture
def file(own_settings: Path) -> Path:
    return own_settings / "config.json"


def test_a_registry_is_kept_and_listed() -> None:
    ChamberClient.add_registry("prod", PROD, set_default=True)
    ChamberClient.add_registry("dev", "localhost:5000")
    assert ChamberClient.list_registries() == {"prod": PROD, "dev": "localhost:5000"}
    assert "localhost:5000" in ChamberClient.list_registries()._repr_html_()
    assert ChamberClient.get_default_registry() == ("prod", PROD)


def test_the_default_can_be_changed() -> None:
    registries.add("prod", PROD, set_default=True)
    registries.add("dev", "localhost:5000")
    ChamberClient.set_default_registry("dev")
    assert registries.default() == ("dev", "localhost:5000")


def test_without_a_file_there_is_nothing() -> None:
    assert ChamberClient.list_registries() == {}
    assert ChamberClient.get_default_registry() is None


def test_a_default_that_is_a_url_is_given_twice(file: Path) -> None:
    file.parent.mkdir()
    file.write_text(json.dumps({"default_registry": PROD}))
    assert registries.default() == (PROD, PROD)


def test_a_default_that_names_nothing_is_an_error(file: Path) -> None:
    file.parent.mkdir()
    file.write_text(json.dumps({"default_registry": "prod"}))
    with pytest.raises(ConfigurationError, match="no registry 'prod'"):
        registries.default()


def test_an_unknown_name_is_a_value_error_that_lists_the_known() -> None:
    registries.add("production", PROD)
    with pytest.raises(ValueError, match=r"configured are production; did you mean 'production'\?"):
        ChamberClient.set_default_registry("prodution")


def test_what_others_keep_in_the_file_survives(file: Path) -> None:
    file.parent.mkdir()
    file.write_text(
        json.dumps({"api_url": "https://x.example", "theirs": [1, {"a": None}], "registries": {"a": "b.c"}})
    )
    registries.add("prod", PROD)
    content = json.loads(file.read_text())
    assert content["theirs"] == [1, {"a": None}]
    assert content["registries"] == {"a": "b.c", "prod": PROD}


def test_file_and_folder_are_for_the_owner_alone(file: Path) -> None:
    registries.add("prod", PROD)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("content", ['{"registries": ', "[]", '{"registries": ["a"]}', '{"registries": {"a": 1}}'])
def test_a_broken_file_is_refused_and_left_as_it_is(file: Path, content: str) -> None:
    file.parent.mkdir()
    file.write_text(content)
    with pytest.raises(ConfigurationError, match=r"config\.json"):
        registries.add("prod", PROD)
    assert file.read_text() == content


def test_a_file_that_is_a_link_stays_one(file: Path, tmp_path: Path) -> None:
    (tmp_path / "dotfiles.json").write_text("{}")
    file.parent.mkdir()
    file.symlink_to(tmp_path / "dotfiles.json")
    registries.add("prod", PROD)
    assert file.is_symlink()
    assert "prod" in (tmp_path / "dotfiles.json").read_text()


def test_nothing_is_left_beside_the_file(file: Path) -> None:
    registries.add("prod", PROD)
    assert {path.name for path in file.parent.iterdir()} <= {"config.json", "config.json.lock"}


def _add_many(worker: int) -> None:
    for number in range(10):
        registries.add(f"r{worker}-{number}", PROD)


def test_no_update_of_several_processes_is_lost() -> None:
    processes = [multiprocessing.get_context("fork").Process(target=_add_many, args=(n,)) for n in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert len(registries.listed()) == 40


def test_a_folder_that_cannot_be_made_is_our_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAMBER_CONFIG_DIR", "/dev/null/x")
    with pytest.raises(ConfigurationError, match="cannot be"):
        registries.add("prod", PROD)


@pytest.mark.parametrize("url", [PROD, f"https://{PROD}", f"https://{PROD}/", f" {PROD} "])
def test_a_url_is_kept_without_what_is_not_part_of_a_reference(url: str) -> None:
    registries.add("prod", url)
    assert registries.listed() == {"prod": PROD}


@pytest.mark.parametrize("url", ["", "prod", "http://a.example", "https://me:pw@a.example", "a.example/UPPER", "a b.c"])
def test_what_is_no_registry_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        registries.add("prod", url)


@pytest.mark.parametrize("name", ["", " ", "a/b", "a\n"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="name"):
        registries.add(name, PROD)


@pytest.mark.parametrize("address", ["localhost:5000", "localhost/x", "127.0.0.1:5000/a", "[::1]:5000", "ghcr.io/a"])
def test_a_registry_can_be_named_by_its_address(address: str) -> None:
    assert registries.located(address) == address


def test_a_registry_is_found_by_its_name() -> None:
    registries.add("prod", PROD)
    assert registries.located("prod") == PROD


def test_a_name_that_is_neither_is_an_error_and_never_docker_hub() -> None:
    registries.add("prod", PROD)
    with pytest.raises(ConfigurationError, match="no registry 'library/python': configured are prod"):
        registries.located("library/python")


@pytest.mark.parametrize("name", ["python", "library/python", "Prod", "prod/ml", "my_registry", ""])
def test_neither_a_name_nor_an_address_is_guessed_at(name: str) -> None:
    with pytest.raises(ConfigurationError, match="There is no registry"):
        registries.located(name)
