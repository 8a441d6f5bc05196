"""Which hosts are this machine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.core.loopback import is_loopback

HERE = ["localhost", "LocalHost", "127.0.0.1", "127.1.22.255"]
IPV6 = ["::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::FFFF:7f00:1"]
ELSEWHERE = [
    "localhost.example",
    "evil-localhost",
    "127.0.0",
    "127.0.0.1.2",
    "127.0.0.1.nip.io",
    "127.0.0.1234",
    "128.0.0.1",
]
OTHERS = [
    "0.0.0.0",
    "127.0.0.999",
    "\u0661\u0662\u0667.0.0.1",
    "",
    "::ffff:10.0.0.1",
    "::2",
    "::",
    "[localhost]",
    "[127.0.0.1",
]


@pytest.mark.parametrize("host", [*HERE, *IPV6, *(f"[{host}]" for host in IPV6)])
def test_these_hosts_are_this_machine(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", [None, *ELSEWHERE, *OTHERS])
def test_no_other_host_is(host):
    assert not is_loopback(host)


@given(host=st.sampled_from([*HERE, *ELSEWHERE, "[::1]", "[::2]"]), port=st.integers(0, 65535))
def test_a_port_changes_nothing(host, port):
    assert is_loopback(f"{host}:{port}") == is_loopback(host)


@pytest.mark.parametrize("port", ["", "x", "123456", "80:80", "80/path"])
def test_what_follows_is_a_port_and_nothing_else(port):
    assert not is_loopback(f"localhost:{port}")


@given(host=st.text())
def test_any_text_is_a_host_or_not(host):
    assert isinstance(is_loopback(host), bool)
