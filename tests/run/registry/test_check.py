import json
from pathlib import Path
from typing import Any

import pytest
from scripted import Scripted, answering

from chamber.core.errors import DockerError
from chamber.run.errors import RegistryAuthError
from chamber.run.registry.check import look
from chamber.run.targets import Registry


async def test_a_registry_that_takes_the_login(guarded_registry: Registry, transport: Any) -> None:
    assert await look(transport, guarded_registry) == (
        f"{guarded_registry.prefix} answers and takes the login of 'ada'"
    )


async def test_a_registry_that_lets_everyone_in(open_registry: Registry, transport: Any) -> None:
    assert "no login is known for it" in await look(transport, Registry(f"{open_registry.prefix}/some/path"))


async def test_a_wrong_password_is_said_without_it(guarded_registry: Registry, transport: Any) -> None:
    with pytest.raises(RegistryAuthError, match="'ada' is not accepted") as caught:
        await look(transport, Registry(guarded_registry.prefix, "ada", "wrong-password"))
    assert "wrong-password" not in str(caught.value)


async def test_a_login_that_is_not_taken_is_not_hidden_by_tokens_for_everyone(
    scripted: Scripted, transport: Any, docker_config: Path
) -> None:
    (docker_config / "config.json").write_text(json.dumps({"auths": {scripted.host: {"auth": "YTpi"}}}))
    realm = f'Bearer realm="http://{scripted.host}/token"'
    scripted.answers["GET /v2/"] = [answering(401, WWW_Authenticate=realm), answering()]
    scripted.answers["GET /token"] = [answering(401), answering(body='{"token": "for-everyone"}')]
    with pytest.raises(RegistryAuthError, match="login of 'a' is not accepted"):
        await look(transport, Registry(scripted.host))


async def test_what_is_no_registry_is_said(scripted: Scripted, transport: Any) -> None:
    with pytest.raises(DockerError, match="answered 404 to a look at its API"):
        await look(transport, Registry(scripted.host))
