"""Each hook of chamber.core does what its specification says."""

import types

import pytest

from chamber.core import AuthenticationError, ChamberClient, PluginError
from chamber.core.clock import Deadline
from chamber.core.contributions import listener
from chamber.core.hooks import hookimpl, hookspec
from chamber.core.operations import Operations, operation
from chamber.core.paths import path
from chamber.core.plugins import manager
from chamber.core.retry import READ
from chamber.core.settings import Settings
from chamber.core.testing import RecordingTransport, Reply, recorded_client, registered


def _plugin(**hooks):
    module = types.ModuleType("a_plugin")
    for name, function in hooks.items():
        function.__name__ = name
        setattr(module, name, hookimpl(function))
    return module


class PingOperations(Operations):
    @operation
    async def ping(self, name: str) -> dict[str, object]:
        """Ask for a ping."""
        return await self.request("GET", path("ping", name), dict[str, object])


def test_chamber_operations_adds_methods_until_the_plugin_is_gone():
    transport = RecordingTransport({"GET ping/a": {"pong": 1}})
    with recorded_client(transport) as client:
        with registered(_plugin(chamber_operations=lambda: PingOperations)):
            assert client.ping("a") == {"pong": 1}
        with pytest.raises(AttributeError, match="has no attribute 'ping'"):
            client.ping("a")


class MoreHooks:
    @hookspec
    def chamber_more(self, number):
        """Something more."""


def test_chamber_hookspecs_lets_a_package_be_extended_itself():
    host = manager()
    host.add_hookspecs(MoreHooks)
    with registered(_plugin(chamber_more=lambda number: number + 1)):
        assert host.hook.chamber_more(number=1) == [2]


def test_chamber_token_is_asked_when_nothing_else_has_a_token():
    def token(api_url):
        return "ch.from-a-vault" if api_url == "https://chamber.test/v1" else None

    with registered(_plugin(chamber_token=token)):
        client = ChamberClient(api_url="https://chamber.test/v1")
        assert client._async._settings.token.reveal() == "ch.from-a-vault"
        with pytest.raises(AuthenticationError, match="CHAMBER_TOKEN"):
            ChamberClient(api_url="https://elsewhere.test/v1")


def test_chamber_token_is_asked_again_when_the_api_refuses_the_token():
    tokens = iter(["ch.renewed", "ch.renewed"])
    settings = Settings("ch.stale", "https://chamber.test/v1", token_source=lambda url: next(tokens))
    replies = [Reply(401), {"status": "healthy"}, Reply(401)]
    transport = RecordingTransport({"GET health": replies}, settings)
    with recorded_client(transport) as client:
        assert client.health().is_healthy
        with pytest.raises(AuthenticationError):
            client.health()
    assert [call.headers["Authorization"] for call in transport.calls] == [
        "Bearer ch.stale",
        "Bearer ch.renewed",
        "Bearer ch.renewed",
    ]


def _sent(transport, **headers):
    deadline = Deadline(transport.clock, 1)
    request = transport._request("GET", path("health"), None, None, headers)
    return transport._numbered(request, READ, deadline, 1).headers


def test_chamber_request_adds_headers_and_changes_none():
    seen = []

    def request(method, url, headers):
        seen.append((method, url, dict(headers)))
        headers.update({"X-Cost-Centre": "4711", "authorization": "mine", "accept": "nothing"})

    with registered(_plugin(chamber_request=request)):
        transport = RecordingTransport()
        transport._listener = listener()
        headers = _sent(transport, Accept="application/json")
    assert seen == [("GET", "https://chamber.test/v1/health", {})]
    assert headers["X-Cost-Centre"] == "4711"
    assert (headers["Accept"], headers["Authorization"]) == ("application/json", "Bearer ch.test-token")
    assert "accept" not in headers
    assert "authorization" not in headers


def test_chamber_response_hears_of_every_answer():
    seen = []

    def response(method, url, status, headers, elapsed):
        seen.append((method, status, elapsed >= 0))

    with registered(_plugin(chamber_response=response)):
        transport = RecordingTransport({"GET health": [Reply(503), {"status": "healthy"}]})
        transport._listener = listener()
        with recorded_client(transport) as client:
            client.health()
    assert seen == [("GET", 503, True), ("GET", 200, True)]


def test_nobody_listens_when_no_plugin_wants_to():
    assert listener() is None


def test_a_hook_that_fails_is_an_error_of_ours_that_names_it():
    def request(method, url, headers):
        raise KeyError("centre")

    with registered(_plugin(chamber_request=request)):
        transport = RecordingTransport()
        transport._listener = listener()
        with pytest.raises(PluginError, match=r"chamber_request \(KeyError: 'centre'\)"):
            _sent(transport)
