"""Whom the client trusts: known authorities, or those of the user's bundle; TLS 1.2 and up."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chamber.core import ChamberClient
from chamber.core.errors import TransportError

CALL = """
import sys
from chamber.core import ChamberClient
with ChamberClient("ch.a", sys.argv[1], timeout=20) as client:
    print(client.health().status)
"""
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"status":"healthy"}'


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """The files of an authority that nobody knows, and of a certificate of its for localhost."""
    folder = tmp_path_factory.mktemp("tls")
    key, own_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate("Nobody's authority", key.public_key(), "Nobody's authority", key, ca=True)
    own = _certificate("localhost", own_key.public_key(), "Nobody's authority", key, ca=False)
    private = own_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "root.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    (folder / "server.pem").write_bytes(own.public_bytes(serialization.Encoding.PEM) + private)
    return folder


def _certificate(name, public, issuer, key, *, ca):
    now = dt.datetime.now(dt.UTC)
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (name, issuer)]
    made = (
        x509.CertificateBuilder(names[1], names[0], public, x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(_usage(ca=ca), critical=True)
    )
    return made.sign(key, hashes.SHA256())


def _usage(*, ca):
    """What RFC 5280, section 4.2.1.3, has an authority say; Python verifies strictly since 3.13."""
    other = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
    return x509.KeyUsage(
        digital_signature=True, key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False, **other
    )


@pytest.fixture
def serve(loopback, authority):
    """``serve(least, most)`` -> the URL of a server that speaks these versions of TLS, and what it was sent."""
    servers = []

    async def start(least, most, heard):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority / "server.pem")
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = least, most

        async def answer(reader, writer):
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(ANSWER)
            await writer.drain()
            writer.close()

        servers.append(await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context))
        return servers[-1].sockets[0].getsockname()[1]

    def make(least=ssl.TLSVersion.TLSv1_2, most=ssl.TLSVersion.TLSv1_3):
        heard = []
        return f"https://localhost:{loopback.run(start(least, most, heard))}/v1", heard

    yield make
    for server in servers:
        loopback.loop.call_soon_threadsafe(server.close)


def test_a_certificate_of_an_unknown_authority_gets_no_token(serve):
    url, heard = serve()
    with ChamberClient("ch.a", url, timeout=20) as client, pytest.raises(TransportError, match="not trusted"):
        client.health()
    assert heard == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_users_own_bundle_of_authorities_is_heeded(serve, authority, script, version):
    url, heard = serve(version, version)
    done = script(CALL, url, SSL_CERT_FILE=str(authority / "root.pem"))
    assert (done.stdout, done.stderr) == ("healthy\n", "")
    assert b"Authorization: Bearer ch.a" in heard[0]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
def test_what_is_older_than_tls_1_2_is_not_spoken(serve, authority, script):
    url, heard = serve(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
    done = script(CALL, url, SSL_CERT_FILE=str(authority / "root.pem"))
    assert "TransportError" in done.stderr
    assert heard == []
