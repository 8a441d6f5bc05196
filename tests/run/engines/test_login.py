import base64
import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from chamber.core.errors import ConfigurationError
from chamber.core.redaction import Secret
from chamber.run.engines import login
from chamber.run.engines.login import logged_in
from chamber.run.registry.credentials import Login
from chamber.run.targets import Registry

REGISTRY = Registry("registry.example:5000/team", "ada", "very secret")


def _pair(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _user(docker_config: Path, **config: Any) -> None:
    (docker_config / "config.json").write_text(json.dumps(config))


async def test_only_the_registries_that_are_needed_are_logged_in_to(docker_config: Path) -> None:
    mine, other = {"auth": _pair("me:mine")}, {"auth": _pair("me:other")}
    _user(docker_config, auths={"base.example": mine, "elsewhere.example": other})
    async with logged_in({"registry.example:5000", "base.example", "open.example"}, REGISTRY) as (variables, hidden):
        folder = Path(variables["DOCKER_CONFIG"])
        auths = json.loads((folder / "config.json").read_text())["auths"]
        assert auths == {"base.example": mine, "registry.example:5000": {"auth": _pair("ada:very secret")}}
        assert json.loads(Path(variables["REGISTRY_AUTH_FILE"]).read_text()) == {"auths": auths}
        assert hidden == [Secret("mine"), Secret("very secret")]


async def test_the_folder_is_for_its_owner_alone_and_gone_at_the_end(docker_config: Path) -> None:
    async with logged_in({"registry.example:5000"}, REGISTRY) as (variables, _):
        folder = Path(variables["DOCKER_CONFIG"])
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {
            ".held": 0o600,
            "auth.json": 0o600,
            "config.json": 0o600,
        }
    assert not folder.exists()
    with pytest.raises(InterruptedError):
        async with logged_in({"registry.example:5000"}, REGISTRY) as (variables, _):
            raise InterruptedError
    assert not Path(variables["DOCKER_CONFIG"]).exists()


async def test_plugins_builders_and_contexts_of_the_user_stay_within_reach(docker_config: Path) -> None:
    for name in ("cli-plugins", "buildx", "contexts"):
        (docker_config / name).mkdir()
        (docker_config / name / "kept").touch()
    proxies = {"default": {"httpProxy": "http://proxy.example:3128"}}
    _user(docker_config, currentContext="far", proxies=proxies, credsStore="gone", credHelpers={"a.example": "gone"})
    async with logged_in(set(), REGISTRY) as (variables, _):
        folder = Path(variables["DOCKER_CONFIG"])
        assert all((folder / name / "kept").exists() for name in ("cli-plugins", "buildx", "contexts"))
        written = json.loads((folder / "config.json").read_text())
        assert written == {"currentContext": "far", "proxies": proxies, "auths": {}}
    assert (docker_config / "contexts" / "kept").exists()


async def test_where_links_cannot_be_made_the_user_s_folders_are_copied(
    docker_config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("not everybody may")

    (docker_config / "contexts").mkdir()
    (docker_config / "contexts" / "kept").touch()
    monkeypatch.setattr(Path, "symlink_to", refuse)
    async with logged_in(set(), REGISTRY) as (variables, _):
        assert (Path(variables["DOCKER_CONFIG"]) / "contexts" / "kept").is_file()
    assert (docker_config / "contexts" / "kept").exists()


async def test_the_user_s_own_files_are_not_changed(docker_config: Path) -> None:
    _user(docker_config, auths={"registry.example:5000": {"auth": _pair("me:old")}})
    before = (docker_config / "config.json").read_bytes()
    async with logged_in({"registry.example:5000"}, REGISTRY):
        pass
    assert (docker_config / "config.json").read_bytes() == before
    assert [path.name for path in docker_config.iterdir()] == ["config.json"]


async def test_docker_hub_is_known_to_docker_and_podman_by_their_names_for_it(docker_config: Path) -> None:
    _user(docker_config, auths={"https://index.docker.io/v1/": {"auth": _pair("me:hub")}})
    async with logged_in({"docker.io"}, REGISTRY) as (variables, _):
        auths = json.loads(Path(variables["REGISTRY_AUTH_FILE"]).read_text())["auths"]
        assert set(auths) == {"docker.io", "https://index.docker.io/v1/"}


async def test_a_login_that_is_known_to_be_good_is_taken_as_it_is(docker_config: Path) -> None:
    _user(docker_config, auths={"registry.example:5000": {"auth": _pair("me:stale")}})
    good = {"registry.example:5000": Login("AWS", Secret("fresh token"))}
    async with logged_in({"registry.example:5000"}, Registry("registry.example:5000"), good) as (variables, hidden):
        auths = json.loads(Path(variables["REGISTRY_AUTH_FILE"]).read_text())["auths"]
        assert auths == {"registry.example:5000": {"auth": _pair("AWS:fresh token")}}
        assert hidden == [Secret("fresh token")]


def test_an_identity_token_is_passed_on_as_one() -> None:
    entry = login._entry(Login("<token>", Secret("refresh"), is_refresh_token=True))
    assert entry["identitytoken"] == "refresh"
    assert base64.b64decode(entry["auth"]).endswith(b":")


async def test_a_broken_login_is_an_error_of_ours(docker_config: Path) -> None:
    (docker_config / "config.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"config\.json"):
        async with logged_in({"base.example"}, REGISTRY):
            pass


@pytest.mark.skipif(shutil.which("docker") is None, reason="docker is not installed: bash tests/engines/install")
async def test_docker_itself_reads_the_folder(docker_config: Path) -> None:
    import asyncio

    _user(docker_config, currentContext="far")
    meta = docker_config / "contexts" / "meta" / "44b5c2f3"
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text('{"Name": "far", "Metadata": {}, "Endpoints": {}}')
    async with logged_in({"registry.example:5000"}, REGISTRY) as (variables, _):
        process = await asyncio.create_subprocess_exec(
            "docker", "context", "show", env={"PATH": "/usr/local/bin:/usr/bin:/bin", **variables}, stdout=-1
        )
        output, _ = await process.communicate()
    assert output == b"far\n"


async def test_headers_and_proxies_of_the_users_configuration_are_hidden_too(docker_config: Path) -> None:
    kept = {"HttpHeaders": {"X-Key": "a-key-of-the-user"}, "proxies": {"default": {"httpProxy": "http://a:b@p.test"}}}
    (docker_config / "config.json").write_text(json.dumps({**kept, "psFormat": "a-format-of-the-user"}))
    async with logged_in([], Registry("registry.test")) as (variables, hidden):
        written = json.loads(Path(variables["DOCKER_CONFIG"], "config.json").read_text())
    assert written["HttpHeaders"] == kept["HttpHeaders"]
    assert {secret.reveal() for secret in hidden} == {"a-key-of-the-user", "http://a:b@p.test"}
