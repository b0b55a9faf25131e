"""An identity provider of one's own: keys that it can change, tokens, and what it publishes."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

AUDIENCE = "stream-verifier"


class FakeProvider:
    """Signs with its newest key and publishes all that it has not withdrawn.

    Args:
        issuer: its address; set later where a port is not known yet.
    """

    def __init__(self, issuer: str = "https://login.example/realms/staff") -> None:
        self.issuer = issuer
        self.private: dict[str, Any] = {}
        self.published: list[dict[str, Any]] = []
        self.more: dict[str, Any] = {}
        self.status = 200
        self.asked = 0
        self.rotate("first")

    def rotate(self, kid: str, *, curve: bool = False, publish: bool = True) -> None:
        """Sign with another key from now on."""
        key: Any = ec.generate_private_key(ec.SECP256R1()) if curve else rsa.generate_private_key(
            public_exponent=65537, key_size=2048
        )  # fmt: skip
        self.kid, self.private[kid] = kid, key
        self.algorithm = "ES256" if curve else "RS256"
        algorithm: Any = ECAlgorithm if curve else RSAAlgorithm
        described = json.loads(algorithm.to_jwk(key.public_key()))
        described |= {"kid": kid, "alg": self.algorithm, "use": "sig"}
        if publish:
            self.published.append(described)

    @property
    def keys(self) -> dict[str, Any]:
        """Its key set."""
        return {"keys": self.published}

    def token(self, *roles: str, kid: str | None = None, **changes: Any) -> str:
        """A token; None for a claim leaves it out."""
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": AUDIENCE, "sub": "u-1", "iat": now, "exp": now + 300,
            "roles": list(roles), **changes,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        signing = self.private[kid or self.kid]
        return jwt.encode(
            claims, signing, algorithm=self.algorithm, headers={"kid": kid or self.kid}
        )

    def app(self) -> Starlette:
        """What it serves."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/keys", self._keys),
            ]
        )

    async def _discovery(self, request: Request) -> Response:
        self.asked += 1
        said = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **self.more}
        return JSONResponse(said, self.status)

    async def _keys(self, request: Request) -> Response:
        return JSONResponse(self.keys)
