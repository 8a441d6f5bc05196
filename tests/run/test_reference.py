import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.core.errors import ConfigurationError
from chamber.core.loopback import is_loopback
from chamber.run.reference import Reference, split_prefix

DIGEST = "sha256:" + "0a" * 32

hosts = st.from_regex(
    r"(localhost|[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z0-9]{1,8}){1,3}|\[::1\]|127\.0\.0\.1)(:[1-9][0-9]{0,3})?",
    fullmatch=True,
)
repositories = st.from_regex(r"[a-z]{1,6}((\.|_|__|-+)[0-9]{1,5})?(/[a-z0-9]{1,8}){0,2}", fullmatch=True)
tags = st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
digests = st.none() | st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True)


@given(hosts, repositories, tags, digests)
def test_what_is_written_is_read_back(host: str, repository: str, tag: str | None, digest: str | None) -> None:
    reference = Reference(host, repository, tag, digest)
    assert Reference.parse(str(reference)) == reference


@given(st.text(max_size=60))
def test_any_text_is_a_reference_or_our_error(text: str) -> None:
    try:
        assert Reference.parse(text).host
    except ConfigurationError as error:
        assert repr(text) in str(error)  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("localhost/a", Reference("localhost", "a")),
        ("localhost:5000/a/b:v1", Reference("localhost:5000", "a/b", "v1")),
        ("[fd00::1]:5000/a", Reference("[fd00::1]:5000", "a")),
        (f"ghcr.io/me/tool:v1@{DIGEST}", Reference("ghcr.io", "me/tool", "v1", DIGEST)),
        ("nvcr.io/nvidia/pytorch:25.01-py3", Reference("nvcr.io", "nvidia/pytorch", "25.01-py3")),
        ("chamber.local/python:latest", Reference("chamber.local", "python", "latest")),
        ("docker.io/python:3.12-slim", Reference("docker.io", "library/python", "3.12-slim")),
        ("123.dkr.ecr.us-east-1.amazonaws.com/x", Reference("123.dkr.ecr.us-east-1.amazonaws.com", "x")),
    ],
)
def test_the_forms_of_the_grammar_are_read(text: str, expected: Reference) -> None:
    assert Reference.parse(text) == expected


ACCOUNT = "123456789012"
HOSTS = [
    "docker.io",
    "ghcr.io",
    "quay.io",
    "nvcr.io",
    "registry.gitlab.com",
    "public.ecr.aws",
    f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com",
    f"{ACCOUNT}.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
    f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn",
    f"{ACCOUNT}.dkr.ecr.us-iso-east-1.c2s.ic.gov",
    f"{ACCOUNT}.dkr.ecr.us-isob-east-1.sc2s.sgov.gov",
    f"{ACCOUNT}.dkr-ecr.eu-west-1.on.aws",
    "us-east1-docker.pkg.dev",
    "eu.gcr.io",
    "contoso.azurecr.io",
    "harbor.lan:8080",
    "REGISTRY",
    "Registry.Example.COM",
    "registry:5000",
    "localhost",
    "localhost:5000",
    "127.0.0.1:5000",
    "10.1.2.3",
    "[::1]",
    "[::1]:5000",
    "[2001:db8::7]:443",
    "xn--bcher-kva.example",
]
PATHS = ["team/app", "a/b/c/d", "my-team/my.app_1", "x--y/z__w", "0/1"]
SUFFIXES = [("", None, None), (":v1.2-rc_3", "v1.2-rc_3", None), (f"@{DIGEST}", None, DIGEST), (":T", "T", None)]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("suffix", "tag", "digest"), SUFFIXES)
def test_references_of_every_kind_of_registry_are_read(
    host: str, path: str, suffix: str, tag: str | None, digest: str | None
) -> None:
    reference = Reference.parse(f"{host}/{path}{suffix}")
    assert reference == Reference(host, path, tag, digest)
    assert str(reference) == f"{host}/{path}{suffix}"
    assert split_prefix(f"{host}/{path}") == (host, path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("python:3.12", "no registry"),
        ("", "no registry"),
        ("library/python", "no registry"),
        ("https://ghcr.io/me/tool", "scheme"),
        ("ghcr.io/Me/tool", "'Me'"),
        ("ghcr.io/me//tool", "''"),
        ("ghcr.io/../tool", "'..'"),
        ("ghcr.io/me/tool:", "tag"),
        ("ghcr.io/me/tool:a b", "tag"),
        ("ghcr.io/me/tool@sha256:12", "digest"),
        ("ghcr.io/me/tool@md5:12", "digest"),
        ("ghcr.io:99999/a", "port"),
        ("ghcr.io:x/a", "host"),
        ("user:pw@ghcr.io/a", "digest"),
        ("[::zz]/a", "host"),
        ("[1.2.3]/a", "IPv6"),
        ("[127.0.0.1]:5000/a", "IPv6"),
        ("[::ffff:1.2.3.4]/a", "IPv6"),
        ("[fe80::1%eth0]/a", "host"),
        ("::1/a", "host"),
        ("[::1/a", "host"),
        ("[]/a", "host"),
        ("-a.test/x", "host"),
        ("a-.test/x", "host"),
        ("a..test/x", "host"),
        (".test/x", "host"),
        ("a_b.test/x", "host"),
        ("a.test:/x", "host"),
        ("a.test:0/x", "port"),
        ("a.test:-1/x", "host"),
        ("a.test:80:80/x", "host"),
        ("bücher.test/x", "host"),
        ("http:/a.test/x", "scheme"),
        ("docker://a.test/x", "scheme"),
        ("//a.test/x", "no registry"),
        ("a.test", "no registry"),
        ("a.test:5000", "no registry"),
        ("a.test/", "''"),
        ("a.test/x/", "''"),
        ("a.test/x?y", "'x?y'"),
        ("a.test/x#y", "'x#y'"),
        ("a.test/x y", "'x y'"),
        ("a.test/.x", "'.x'"),
        ("a.test/x.", "'x.'"),
        ("a.test/_x", "'_x'"),
        ("a.test/x___y", "'x___y'"),
        ("a.test/x..y", "'x..y'"),
        ("a.test/x%2fy", "'x%2fy'"),
        ("a.test/x:.y", "tag"),
        ("a.test/x:-y", "tag"),
        ("a.test/x:y:z", "tag"),
        ("a.test/x:" + "y" * 129, "tag"),
        ("a.test/x:ä", "tag"),
        ("a.test/x@", "digest"),
        ("a.test/x@sha256:" + "A" * 64, "digest"),
        ("a.test/x@sha256:" + "0" * 63, "digest"),
        ("a.test/x@sha512:" + "0" * 64, "digest"),
        (f"a.test/x@{DIGEST}@{DIGEST}", "digest"),
        (f"a.test/x@{DIGEST}:v1", "digest"),
        ("ghcr.io/" + "a" * 260, "255"),
        ("ghcr.io/tool\n", "'tool\\n'"),
        ("ghcr.io/tööl", "'tööl'"),
    ],
)
def test_what_is_wrong_is_said(text: str, reason: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Reference.parse(text)
    assert reason in str(caught.value)


def test_a_prefix_is_a_host_and_perhaps_a_path() -> None:
    assert split_prefix("127.0.0.1:5000") == ("127.0.0.1:5000", "")
    assert split_prefix("ghcr.io/my/team/") == ("ghcr.io", "my/team")
    with pytest.raises(ConfigurationError, match="scheme"):
        split_prefix("http://ghcr.io")


@pytest.mark.parametrize("host", ["localhost", "LocalHost:5000", "127.0.0.1:1", "127.9.9.9", "[::1]:5000"])
def test_this_machine_is_recognised(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.evil.com", "10.0.0.1", "127.0.0.1.evil.com", "[fe80::1]", ""])
def test_other_machines_are_not_this_one(host: str) -> None:
    assert not is_loopback(host)
