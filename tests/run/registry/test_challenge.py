import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.run.errors import RegistryAuthError
from chamber.run.registry.challenge import Challenge, choose, parse, same_origin, token_url

words = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True)
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)


@given(st.lists(st.tuples(words, st.dictionaries(words.map(str.lower), values, min_size=1, max_size=3)), max_size=3))
def test_challenges_are_read_as_they_were_written(written: list[tuple[str, dict[str, str]]]) -> None:
    def quoted(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    header = ", ".join(f"{scheme} " + ", ".join(f"{n}={quoted(v)}" for n, v in p.items()) for scheme, p in written)
    assert parse(header) == tuple(Challenge(scheme.lower(), parameters) for scheme, parameters in written)


@given(st.text(max_size=80))
def test_any_header_is_read_without_harm(header: str) -> None:
    assert all(challenge.scheme for challenge in parse(header))


def test_bearer_comes_before_basic_and_others_are_never_answered() -> None:
    both = 'Basic realm="x", Negotiate, Bearer realm="https://r.test/token",service=s'
    assert choose(both) == Challenge("bearer", {"realm": "https://r.test/token", "service": "s"})
    assert choose("BASIC realm=x") == Challenge("basic", {"realm": "x"})
    assert choose("Negotiate, Digest realm=x") is None
    assert choose("") is None


def _token_url(registry: str, realm: str) -> str:
    return token_url(registry, Challenge("bearer", {"realm": realm, "service": "a b&c"}), ["repository:x:pull"])


@pytest.mark.parametrize(
    ("registry", "realm"),
    [
        ("https://reg.test", "https://reg.test/token"),
        ("https://reg.test:5000", "https://reg.test:5000/token"),
        ("https://reg.test", "https://REG.test:443/token"),
        ("https://registry-1.docker.io", "https://auth.docker.io/token"),
        ("https://registry.gitlab.com", "https://gitlab.com/jwt/auth"),
        ("http://127.0.0.1:5000", "http://localhost:5001/token"),
        ("http://localhost:5000", "https://127.0.0.1/token"),
        ("http://named-insecure.test", "http://named-insecure.test/token"),
    ],
)
def test_logins_go_to_the_registry_or_to_a_token_service_known_for_it(registry: str, realm: str) -> None:
    assert _token_url(registry, realm) == f"{realm}?service=a%20b%26c&scope=repository%3Ax%3Apull"


@pytest.mark.parametrize(
    ("registry", "realm"),
    [
        ("https://reg.test", "https://evil.test/token"),
        ("https://reg.test", "http://reg.test/token"),
        ("https://reg.test", "https://reg.test:8443/token"),
        ("https://reg.test", "https://reg.test.evil.test/token"),
        ("https://reg.test", "https://reg.test@evil.test/token"),
        ("https://reg.test", "https://auth.docker.io/token"),
        ("https://reg.test", "http://127.0.0.1:80/token"),
        ("https://reg.test", "https://169.254.169.254/token"),
        ("http://reg.test", "http://other.test/token"),
        ("http://127.0.0.1:5000", "https://evil.test/token"),
        ("http://127.0.0.1:5000", "file://localhost/etc/passwd"),
        ("https://reg.test", "https://reg.test:bad/token"),
        ("https://reg.test", "/token"),
        ("https://reg.test", ""),
    ],
)
def test_logins_go_to_no_stranger(registry: str, realm: str) -> None:
    with pytest.raises(RegistryAuthError, match="sends logins to"):
        _token_url(registry, realm)


def test_a_query_of_the_realm_is_kept() -> None:
    assert _token_url("https://r.test", "https://r.test/t?a=1").startswith("https://r.test/t?a=1&service=")


def test_an_origin_is_scheme_host_and_port() -> None:
    assert same_origin("https://a.test/x", "https://A.test:443/y")
    assert not same_origin("https://a.test", "http://a.test")
    assert not same_origin("https://a.test", "https://a.test:444")
    assert not same_origin("https://u@a.test", "https://a.test")


@pytest.mark.parametrize(
    ("registry", "realm", "configured"),
    [
        ("https://reg.test", "https://login.test/token", "https://login.test"),
        ("https://reg.test", "https://LOGIN.test:443/token", "https://login.test/ignored"),
        ("http://reg.lan:5000", "http://login.lan:8080/token", "http://login.lan:8080"),
        ("http://reg.lan:5000", "https://login.lan/token", "https://login.lan"),
        ("http://127.0.0.1:5000", "https://login.test/token", "https://login.test"),
    ],
)
def test_a_realm_that_was_configured_for_the_registry_is_trusted(registry: str, realm: str, configured: str) -> None:
    assert token_url(registry, Challenge("bearer", {"realm": realm}), [], configured) == realm


@pytest.mark.parametrize(
    ("registry", "realm", "configured"),
    [
        ("https://reg.test", "https://login.test:8443/token", "https://login.test"),
        ("https://reg.test", "http://login.test/token", "https://login.test"),
        ("https://reg.test", "http://login.test/token", "http://login.test"),
        ("https://reg.test", "https://login.test.evil.test/token", "https://login.test"),
        ("https://reg.test", "https://login.test@evil.test/token", "https://login.test"),
        ("https://reg.test", "https://a:b@login.test/token", "https://login.test"),
        ("http://reg.lan", "file://login.lan/etc/passwd", "file://login.lan"),
        ("https://reg.test", "https:///token", "https://"),
        ("https://reg.test", "https://[/token", "https://["),
        ("https://reg.test", "", ""),
    ],
)
def test_a_realm_is_what_was_configured_and_nothing_like_it(registry: str, realm: str, configured: str) -> None:
    with pytest.raises(RegistryAuthError, match="sends logins to") as caught:
        token_url(registry, Challenge("bearer", {"realm": realm}), [], configured)
    assert "a:b" not in str(caught.value)


@given(st.text(max_size=40), st.text(max_size=20))
def test_any_realm_is_trusted_or_our_error(realm: str, configured: str) -> None:
    try:
        url = token_url("https://reg.test", Challenge("bearer", {"realm": realm}), [], configured)
        assert url.startswith("https://")
    except RegistryAuthError as error:
        assert error.registry == "reg.test"  # noqa: PT017 - either outcome is right
