"""An identity provider of one's own: keys that it can change, tokens, and people who sign in."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

AUDIENCE = "stream-verifier"


class FakeProvider:
    """Signs with its newest key and publishes all that it has not withdrawn.

    Args:
        issuer: its address; set later where a port is not known yet.

    Attributes:
        roles: of who signs in.
        ttl_s: how long that token lives.
        id_ttl_s: how long what says who signed in does.
        answers: what it puts into an answer in place of what is right, such as another state.
        nonce: the same of its nonce.
        reuses: whether it takes each code for one that was used before.
        down: whether it gives no tokens.
        redeemed: what pages sent for a token.
    """

    def __init__(self, issuer: str = "https://login.example/realms/staff") -> None:
        self.issuer = issuer
        self.private: dict[str, Any] = {}
        self.published: list[dict[str, Any]] = []
        self.more: dict[str, Any] = {}
        self.status = 200
        self.asked = 0
        self.roles: tuple[str, ...] = ()
        self.ttl_s = self.id_ttl_s = 300
        self.answers: dict[str, str] = {}
        self.nonce: str | None = None
        self.reuses = False
        self.down = False
        self.redeemed: list[dict[str, str]] = []
        self._codes: dict[str, dict[str, str]] = {}
        self.rotate("first")

    def rotate(self, kid: str, *, curve: bool = False) -> None:
        """Sign with another key from now on."""
        key: Any = ec.generate_private_key(ec.SECP256R1()) if curve else rsa.generate_private_key(
            public_exponent=65537, key_size=2048
        )  # fmt: skip
        self.kid, self.private[kid] = kid, key
        self.algorithm = "ES256" if curve else "RS256"
        algorithm: Any = ECAlgorithm if curve else RSAAlgorithm
        described = json.loads(algorithm.to_jwk(key.public_key()))
        described |= {"kid": kid, "alg": self.algorithm, "use": "sig"}
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
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    async def _discovery(self, request: Request) -> Response:
        self.asked += 1
        said = {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/keys",
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            **self.more,
        }
        return JSONResponse(said, self.status)

    async def _keys(self, request: Request) -> Response:
        return JSONResponse(self.keys)

    async def _authorize(self, request: Request) -> Response:
        """Everybody signs in at once, as one with `roles`; `answers` go into what is sent back."""
        asked = dict(request.query_params)
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.issuer, **self.answers}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", 302)

    async def _token(self, request: Request) -> Response:
        """A code once, for who has what it was asked with (RFC 7636)."""
        headers = {"access-control-allow-origin": "*"}
        sent = dict(parse_qsl((await request.body()).decode()))
        self.redeemed.append(sent)
        if self.down:
            return JSONResponse({"error": "temporarily_unavailable"}, 503, headers)
        asked = self._codes.pop(sent["code"], None)
        digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if asked is None or self.reuses or challenge != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400, headers)
        assert sent["redirect_uri"] == asked["redirect_uri"]
        assert sent["client_id"] == asked["client_id"]
        now = int(time.time())
        nonce = self.nonce or asked["nonce"]
        given = {
            "token_type": "Bearer",
            "access_token": self.token(*self.roles, exp=now + self.ttl_s),
            "id_token": self.token(
                aud=asked["client_id"], nonce=nonce, name="Ada Guard", exp=now + self.id_ttl_s
            ),
        }
        return JSONResponse(given, headers=headers)
