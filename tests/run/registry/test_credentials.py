import base64
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from chamber.core.errors import ConfigurationError
from chamber.run.registry.credentials import Login, Logins, find, from_docker, from_registry
from chamber.run.targets import Registry

SECRET = "very-secret-1"


def _auth(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def _config(folder: Path, **content: Any) -> None:
    (folder / "config.json").write_text(json.dumps(content))


def _helper(folder: Path, name: str, script: str) -> dict[str, str]:
    path = folder / "bin" / f"docker-credential-{name}"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return {"PATH": f"{path.parent}:/usr/bin:/bin", "DOCKER_CONFIG": str(folder), "CHAMBER_TOKEN": SECRET}


def _revealed(login: Login | None) -> tuple[str, str] | None:
    return None if login is None else (login.username, login.password.reveal())


async def test_the_login_of_a_hook_comes_first(docker_config: Path) -> None:
    _config(docker_config, auths={"r.test:5000": _auth("docker", "x")})
    assert _revealed(await find("r.test:5000", Registry("r.test:5000/team", "ada", SECRET))) == ("ada", SECRET)
    assert _revealed(await find("r.test:5000", Registry("r.test:5000"))) == ("docker", "x")


def test_the_login_of_a_hook_is_for_its_own_host_only() -> None:
    registry = Registry("r.test:5000/team", "ada", SECRET)
    assert from_registry("r.test", registry) is None
    assert from_registry("r.test:5000.evil.test", registry) is None
    assert from_registry("R.test:5000", registry) is not None


@pytest.mark.parametrize("key", ["r.test", "https://r.test", "https://r.test/v1/", "http://R.test/v2/"])
async def test_dockers_keys_are_compared_by_their_whole_host(docker_config: Path, key: str) -> None:
    _config(
        docker_config,
        auths={"r.test.evil": _auth("no", "no"), "evil-r.test": _auth("no", "no"), key: _auth("a", "b:c")},
    )
    assert _revealed(await find("r.test")) == ("a", "b:c")
    assert await find("test") is None
    assert await find("r.test:443") is None


async def test_docker_hub_has_one_login_under_its_old_name(docker_config: Path) -> None:
    _config(docker_config, auths={"https://index.docker.io/v1/": _auth("hub", "x")})
    assert _revealed(await find("docker.io")) == ("hub", "x")


async def test_an_identity_token_is_a_refresh_token(docker_config: Path) -> None:
    _config(docker_config, auths={"r.test": {**_auth("a", "b"), "identitytoken": SECRET}})
    login = await find("r.test")
    assert login is not None
    assert login.is_refresh_token


async def test_nothing_configured_is_nobody(docker_config: Path) -> None:
    assert await find("r.test") is None
    _config(docker_config, auths={"r.test": {}}, credHelpers=[], credsStore="")
    assert await find("r.test") is None


async def test_a_broken_configuration_is_named(docker_config: Path) -> None:
    _config(docker_config, auths={"r.test": {"auth": "%%%"}})
    with pytest.raises(ConfigurationError, match=r"r\.test in .*config\.json is broken"):
        await find("r.test")
    (docker_config / "config.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"config\.json"):
        await find("r.test")


async def test_a_helper_is_asked_for_its_host(tmp_path: Path) -> None:
    script = """read host; printf '{"Username":"%s","Secret":"%s"}' "$1-$host" "${CHAMBER_TOKEN:-none}" """
    environment = _helper(tmp_path, "mine", script)
    _config(tmp_path, credHelpers={"r.test": "mine"}, credsStore="other")
    assert _revealed(await from_docker("r.test", environment)) == ("get-r.test", "none")


async def test_the_store_is_asked_under_the_name_that_docker_used(tmp_path: Path) -> None:
    environment = _helper(tmp_path, "mine", """read host; printf '{"Username":"%s","Secret":"x"}' "$host" """)
    _config(tmp_path, credsStore="mine", auths={"https://r.test": {}})
    assert _revealed(await from_docker("r.test", environment)) == ("https://r.test", "x")
    assert _revealed(await from_docker("docker.io", environment)) == ("https://index.docker.io/v1/", "x")


async def test_a_helper_may_give_a_refresh_token(tmp_path: Path) -> None:
    environment = _helper(tmp_path, "mine", """echo '{"Username":"<token>","Secret":"x"}'""")
    _config(tmp_path, credsStore="mine")
    login = await from_docker("r.test", environment)
    assert login is not None
    assert login.is_refresh_token


@pytest.mark.parametrize("script", ["echo credentials not found; exit 1", """echo '{"Username":"","Secret":""}'"""])
async def test_a_helper_that_knows_nothing_means_nobody(tmp_path: Path, script: str) -> None:
    environment = _helper(tmp_path, "mine", script)
    _config(tmp_path, credsStore="mine")
    assert await from_docker("r.test", environment) is None


async def test_a_helper_that_is_not_installed_means_nobody(tmp_path: Path) -> None:
    _config(tmp_path, credsStore="absent")
    assert await from_docker("r.test", {"DOCKER_CONFIG": str(tmp_path), "PATH": ""}) is None


async def test_a_helpers_nonsense_is_named_without_its_text(tmp_path: Path) -> None:
    environment = _helper(tmp_path, "mine", f"echo {SECRET}")
    _config(tmp_path, credsStore="mine")
    with pytest.raises(ConfigurationError, match="docker-credential-mine") as caught:
        await from_docker("r.test", environment)
    assert SECRET not in str(caught.value)


async def test_a_helper_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chamber.run.registry.credentials._HELPER_SECONDS", 0.2)
    environment = _helper(tmp_path, "mine", "sleep 60")
    _config(tmp_path, credsStore="mine")
    with pytest.raises(ConfigurationError, match="did not answer"):
        await from_docker("r.test", environment)


@pytest.mark.parametrize("helper", ["../evil", "-x", "a b", "", 5])
async def test_only_names_of_programs_are_run(tmp_path: Path, helper: object) -> None:
    _config(tmp_path, credHelpers={"r.test": helper})
    with pytest.raises(ConfigurationError, match="no name of a program"):
        await from_docker("r.test", {"DOCKER_CONFIG": str(tmp_path)})


def test_a_password_is_never_shown() -> None:
    for shown in (Registry("r.test", "ada", SECRET), from_registry("r.test", Registry("r.test", "ada", SECRET))):
        assert SECRET not in f"{shown!r} {shown}"
    assert SECRET.encode() not in pickle.dumps(from_registry("r.test", Registry("r.test", "ada", SECRET)))


async def _all(logins: Logins) -> list[tuple[str, str] | None]:
    found = []
    while login := await logins.at(len(found)):
        found.append(_revealed(login))
    return found


async def test_whom_one_may_be_is_tried_in_order(docker_config: Path) -> None:
    _config(docker_config, auths={"r.test": _auth("docker", "x")})
    known = Registry("r.test/team", "ada", SECRET, login=lambda: ("cloud", "y"))
    assert await _all(Logins("r.test", known)) == [("ada", SECRET), ("docker", "x"), ("cloud", "y")]
    assert await _all(Logins("other.test", known)) == []
    assert await _all(Logins("r.test")) == [("docker", "x")]


async def test_one_whom_two_know_is_tried_once(docker_config: Path) -> None:
    _config(docker_config, auths={"r.test": _auth("ada", SECRET)})
    assert await _all(Logins("r.test", Registry("r.test", "ada", SECRET, login=lambda: None))) == [("ada", SECRET)]


async def test_docker_is_not_looked_at_while_a_hooks_password_will_do(docker_config: Path) -> None:
    (docker_config / "config.json").write_text("broken")
    assert _revealed(await Logins("r.test", Registry("r.test", "ada", SECRET)).at(0)) == ("ada", SECRET)
