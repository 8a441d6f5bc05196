"""A token service as the distribution project specifies it, whose tokens a real registry verifies.

https://distribution.github.io/distribution/spec/auth/jwt/
"""

import base64
import json
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

__all__ = ["TokenService"]


class TokenService:
    """Gives out tokens to `users`; the one called ``reader`` may only pull."""

    SERVICE = "registry.test"
    ISSUER = "tokens.test"

    def __init__(self, folder: Path, users: Mapping[str, str]) -> None:
        self._users = users
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._der = self._certified()
        #: The file that a registry trusts.
        self.certificate = folder / "tokens.pem"
        pem = base64.encodebytes(self._der).decode()
        self.certificate.write_text(f"-----BEGIN CERTIFICATE-----\n{pem}-----END CERTIFICATE-----\n")
        #: The tokens given out so far.
        self.given = 0
        #: Seconds for which a token holds, as the registry is told and as the client is.
        self.holds, self.told = 300, 300

    async def answer(self, request: web.Request) -> web.StreamResponse:
        user = self._user(request.headers.get("Authorization", ""))
        if user is None:
            return web.json_response({"errors": [{"code": "UNAUTHORIZED"}]}, status=401)
        self.given += 1
        token = self._token(user, [self._access(user, scope) for scope in request.query.getall("scope", [])])
        return web.json_response({"token": token, "expires_in": self.told})

    def _user(self, header: str) -> str | None:
        user, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
        return user if self._users.get(user) == password else None

    def _access(self, user: str, scope: str) -> dict[str, object]:
        kind, name, actions = scope.split(":")
        allowed = {"pull"} if user == "reader" else {"pull", "push"}
        return {"type": kind, "name": name, "actions": [action for action in actions.split(",") if action in allowed]}

    def _token(self, user: str, access: list[dict[str, object]]) -> str:
        now = int(time.time())
        header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(self._der).decode()]}
        claims = {
            "iss": self.ISSUER,
            "sub": user,
            "aud": self.SERVICE,
            "exp": now + self.holds,
            "nbf": now - 300,
            "iat": now,
            "jti": uuid.uuid4().hex,
            "access": access,
        }
        signed = f"{_packed(json.dumps(header).encode())}.{_packed(json.dumps(claims).encode())}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_packed(signature)}"

    def _certified(self) -> bytes:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tokens")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(7)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.DER)


def _packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
