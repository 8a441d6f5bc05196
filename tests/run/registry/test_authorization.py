"""Tokens that a real registry verifies, given out by a service of the test's."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace
from tokens import TokenService

from chamber.run.errors import RegistryAuthError
from chamber.run.images.layers import pack_entries
from chamber.run.registry.check import look
from chamber.run.registry.client import RegistryClient
from chamber.run.registry.manifests import layer_descriptor
from chamber.run.registry.repository import Repository
from chamber.run.targets import Registry

Served = tuple[Registry, TokenService]


def _repository(transport: Any, registry: Registry, path: str = "team/app") -> Repository:
    return Repository(RegistryClient(transport, registry.prefix, registry), path, (f"repository:{path}:pull,push",))


async def test_layers_are_pushed_with_one_token(registry_of_tokens: Served, transport: Any) -> None:
    registry, service = registry_of_tokens
    repository = _repository(transport, registry)
    await repository.require_push()
    layers = [pack_entries({"a": bytes([number]) * 100_000}) for number in range(3)]
    await asyncio.gather(*(repository.put_layer(layer) for layer in layers))
    assert all([await repository.has(layer.digest) for layer in layers])
    assert service.given == 1


async def test_a_token_that_runs_out_is_renewed_in_time(registry_of_tokens: Served, transport: Any) -> None:
    registry, service = registry_of_tokens
    service.told = 60
    repository = _repository(transport, registry)
    await repository.require_push()
    transport.clock.time += 60
    await repository.put_layer(pack_entries({"a": b"a"}))
    assert service.given == 2


async def test_a_token_that_the_registry_no_longer_takes_is_renewed(registry_of_tokens: Served, transport: Any) -> None:
    """The registry takes tokens for a minute after their end, and not this one."""
    registry, service = registry_of_tokens
    service.holds = -120
    repository = _repository(transport, registry)
    with pytest.raises(RegistryAuthError, match="'ada' is not accepted"):
        await repository.require_push()
    service.holds = 300
    await _repository(transport, registry).require_push()


async def test_who_may_only_read_is_told_so_before_anything_is_sent(registry_of_tokens: Served, transport: Any) -> None:
    registry, _ = registry_of_tokens
    reader = replace(registry, username="reader")
    with pytest.raises(RegistryAuthError, match="'reader' is not accepted, or may not do this"):
        await _repository(transport, reader).require_push()
    assert not transport.uploads()


async def test_who_may_push_takes_over_from_who_may_only_read(registry_of_tokens: Served, transport: Any) -> None:
    registry, _ = registry_of_tokens
    both = replace(registry, username="reader", login=lambda: ("ada", "very secret"))
    repository = _repository(transport, both)
    await repository.require_push()
    assert repository.login is not None
    assert repository.login.username == "ada"


async def test_a_blob_is_mounted_with_a_token_for_both_repositories(registry_of_tokens: Served, transport: Any) -> None:
    registry, _ = registry_of_tokens
    source = _repository(transport, registry, "library/base")
    layer = pack_entries({"a": b"mounted"})
    await source.put_layer(layer)
    scopes = ("repository:team/app:pull,push", "repository:library/base:pull")
    client = RegistryClient(transport, registry.prefix, registry)
    target, holder = Repository(client, "team/app", scopes), Repository(client, "library/base")
    transport.uploads()
    assert await target.take(layer_descriptor(layer), holder) is False
    assert not transport.uploads()
    assert await target.has(layer.digest)


async def test_a_login_is_looked_at(registry_of_tokens: Served, transport: Any) -> None:
    registry, _ = registry_of_tokens
    assert "takes the login of 'ada'" in await look(transport, registry)
    with pytest.raises(RegistryAuthError, match="'ada' is not accepted"):
        await look(transport, replace(registry, password="wrong"))
