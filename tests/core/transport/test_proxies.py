from __future__ import annotations

import asyncio

import pytest

from chamber.core import TransportError
from chamber.core.transport.connections import Connections
from chamber.core.transport.proxies import proxy_for


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({}, "https://api.example/v1", None),
        ({"HTTPS_PROXY": "http://p:1"}, "https://api.example/v1", "http://p:1"),
        ({"https_proxy": "http://p:1"}, "https://api.example/v1", "http://p:1"),
        ({"HTTPS_PROXY": "p:1"}, "https://api.example/v1", "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, "https://api.example/v1", None),
        ({"ALL_PROXY": "http://p:1"}, "https://api.example/v1", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "example"}, "https://api.example/v1", None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, "https://api.example/v1", None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "other.example"}, "https://api.example/v1", "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, "http://127.0.0.1:5000/v2/", None),
        ({"HTTP_PROXY": "http://p:1"}, "http://localhost:5000/v2/", None),
        ({"ALL_PROXY": "http://p:1"}, "http://[::1]:5000/v2/", None),
        ({"HTTP_PROXY": "http://p:1"}, "http://registry.lan:5000/v2/", "http://p:1"),
    ],
)
def test_the_environment_names_the_proxy_and_loopback_never_has_one(monkeypatch, environment, url, proxy):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == proxy


def test_the_proxy_of_a_host_is_found_out_again_after_a_call_without_an_answer(monkeypatch):
    connections, url = Connections(), "https://api.example/v1"
    assert connections.proxy(url, anew=False) is None
    monkeypatch.setenv("HTTPS_PROXY", "http://p:1")
    assert connections.proxy(f"{url}/thing", anew=False) is None
    assert connections.proxy("https://other.example/v1", anew=False) == "http://p:1"
    assert connections.proxy(url, anew=True) == "http://p:1"


def test_a_call_to_this_machine_does_not_leave_it_through_a_proxy(client, api, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert client.get_workload("wl_1").id == "wl_1"


@pytest.mark.parametrize("status", [b"407 Proxy Authentication Required", b"502 Bad Gateway"])
def test_a_proxy_that_refuses_sends_nothing_on(connect, raw, monkeypatch, status):
    asked: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    monkeypatch.setenv("HTTPS_PROXY", raw(refuse).removesuffix("/v1").replace("//", "//user:proxy-password@"))
    client = connect("https://api.invalid/v1", timeout=0.5)
    with pytest.raises(TransportError) as caught:
        client.cancel_workload("wl_1")
    assert caught.value.sent is False
    assert "proxy-password" not in f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    assert asked[0].startswith(b"CONNECT api.invalid:443")
    assert b"ch.a-token" not in b"".join(asked)
