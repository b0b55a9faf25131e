from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from stream_verifier.access.provider import Provided, Provider
from stream_verifier.access.scopes import Scope
from stream_verifier.calls.places import Place
from stream_verifier.calls.tries import Tries
from stream_verifier.errors import (
    ExpiredTokenError,
    IdentityLockedError,
    InvalidTokenError,
    NotReadyError,
)
from tests.support.provider import AUDIENCE, FakeProvider

ROLES = {
    "heads": (Scope.ADMIN,),
    "guards": (Scope.READ, Scope.EVIDENCE),
    "staff": (Scope.PUBLISH, Scope.REPLACE),
}


@pytest.fixture(scope="module")
def fake() -> FakeProvider:
    return FakeProvider()


def made(fake: FakeProvider, **changes: Any) -> Provider:
    provided: dict[str, Any] = {
        "issuer": fake.issuer, "audience": AUDIENCE, "roles_claim": "roles", "roles": ROLES,
        **changes,
    }  # fmt: skip
    provider = Provider(Provided(**provided))
    provider.adopt(fake.keys)
    return provider


def test_roles_allow_what_the_settings_say(fake: FakeProvider) -> None:
    provider = made(fake)
    grant = provider.read(fake.token("guards", "cooks"))
    assert grant.scopes == {Scope.READ, Scope.EVIDENCE}
    assert (grant.identity, grant.session, grant.operating_point) == (None, None, None)
    assert grant.token_id.startswith("oidc-")
    assert provider.read(fake.token("heads")).scopes == {Scope.ADMIN}
    assert provider.read(fake.token("admin", "events:read")).scopes == frozenset()
    assert provider.read(fake.token("guards", jti="one")).token_id != grant.token_id


def test_who_signs_in_again_is_the_same_holder(fake: FakeProvider) -> None:
    provider = made(fake)
    first, again, other = (
        provider.read(fake.token("staff", sub=sub, jti=jti))
        for sub, jti in (("u-1", "one"), ("u-1", "two"), ("u-2", "three"))
    )
    assert first.token_id != again.token_id
    assert first.holder == again.holder != other.holder
    assert "u-1" not in first.holder
    places = [Place.of(grant, "ada") for grant in (first, again, other)]
    tries = Tries(most=3, told=9, now_s=lambda: 0.0)
    tries.charge(places[0], token=3.0)
    with pytest.raises(IdentityLockedError) as refused:
        tries.refuse_if_spent(places[1])
    assert "another token" not in str(refused.value)
    tries.refuse_if_spent(places[2])


@pytest.mark.parametrize(
    ("path", "claims"),
    [
        ("realm_access.roles", {"realm_access": {"roles": ["guards"]}}),
        ("https://example.com/roles", {"https://example.com/roles": ["guards", 7, None]}),
        ("scope", {"scope": "openid guards"}),
    ],
)
def test_roles_are_where_the_settings_say(
    fake: FakeProvider, path: str, claims: dict[str, Any]
) -> None:
    grant = made(fake, roles_claim=path).read(fake.token(roles=None, **claims))
    assert grant.scopes == {Scope.READ, Scope.EVIDENCE}


@pytest.mark.parametrize("roles", [None, 7, {"guards": True}, [["guards"]], "", [None]])
def test_what_is_no_role_allows_nothing(fake: FakeProvider, roles: Any) -> None:
    assert made(fake).read(fake.token(roles=roles)).scopes == frozenset()


def test_a_person_may_act_in_the_own_name_only(fake: FakeProvider) -> None:
    provider = made(fake, identity_claim="enrolled_as")
    hers = provider.read(fake.token("staff", enrolled_as=" ada "))
    assert (hers.identity, hers.scopes) == ("ada", {Scope.PUBLISH, Scope.REPLACE})
    assert hers.allows(Scope.PUBLISH, identity="ada")
    assert not hers.allows(Scope.PUBLISH, identity="grace")
    # Whose name is not known there does nothing in anybody's.
    assert provider.read(fake.token("staff", "guards")).scopes == {Scope.READ, Scope.EVIDENCE}
    assert provider.read(fake.token("staff", enrolled_as=["ada"])).scopes == frozenset()
    # Who only reads, or may do everything, is bound to nobody.
    assert provider.read(fake.token("guards", enrolled_as="ada")).identity is None
    assert provider.read(fake.token("heads", "staff", enrolled_as="ada")).identity is None


NOW = int(time.time())


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://login.example/realms/others"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"exp": NOW + 25 * 3600},
        {"enrolled_as": "../x"},
    ],
)
def test_a_token_for_somebody_else_is_none(fake: FakeProvider, changes: dict[str, Any]) -> None:
    token = fake.token("staff", **changes)
    with pytest.raises(InvalidTokenError, match="sign in again"):
        made(fake, identity_claim="enrolled_as").read(token)


def test_one_that_has_expired_says_so(fake: FakeProvider) -> None:
    provider = made(fake)
    assert provider.read(fake.token("guards", iat=NOW - 400, exp=int(time.time()) - 5)).scopes
    with pytest.raises(ExpiredTokenError):
        provider.read(fake.token("guards", iat=NOW - 4000, exp=NOW - 3600))


@pytest.mark.parametrize("changes", [{"nbf": NOW + 3600}, {"iat": NOW + 3600, "exp": NOW + 7200}])
def test_one_of_a_clock_that_is_ahead_is_none_and_not_told_to_sign_in_again(
    fake: FakeProvider, changes: dict[str, Any]
) -> None:
    with pytest.raises(InvalidTokenError, match="not valid yet: set the clocks"):
        made(fake, identity_claim="enrolled_as").read(fake.token("staff", **changes))


def test_many_audiences_may_be_told(fake: FakeProvider) -> None:
    assert made(fake).read(fake.token("guards", aud=["account", AUDIENCE])).scopes


def test_forgers_get_nothing(fake: FakeProvider) -> None:
    provider = made(fake)
    good = fake.token("heads")
    stranger = FakeProvider(fake.issuer)
    public = fake.private["first"].public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    claims = jwt.decode(good, options={"verify_signature": False})
    forged = [
        stranger.token("heads"),
        good[:-6] + "AAAAAA",
        jwt.encode(claims, key="", algorithm="none", headers={"kid": "first"}),
        good.replace(".", "..", 1),
        "a" * 5000,
        "",
    ]
    # The public key as a secret: what libraries once fell for.
    header = jwt.utils.base64url_encode(json.dumps({"alg": "HS256", "kid": "first"}).encode())
    body = jwt.utils.base64url_encode(json.dumps(claims).encode())
    signing = header + b"." + body
    mac = jwt.utils.base64url_encode(hmac.digest(pem, signing, hashlib.sha256))
    forged.append((signing + b"." + mac).decode())
    for token in forged:
        with pytest.raises(InvalidTokenError):
            provider.read(token)


def test_keys_are_changed_while_tokens_are_shown() -> None:
    fake = FakeProvider()
    provider, asked = made(fake), []
    provider.on_unknown_key = lambda: asked.append(1)
    old = fake.token("guards")
    fake.rotate("second", curve=True)
    new = fake.token("guards")
    with pytest.raises(InvalidTokenError):
        provider.read(new)
    assert asked == [1]
    assert provider.adopt(fake.keys) == 2
    assert provider.read(new).scopes == {Scope.READ, Scope.EVIDENCE}
    assert provider.read(old).scopes
    del fake.published[0]
    provider.adopt(fake.keys)
    with pytest.raises(InvalidTokenError):
        provider.read(old)


def test_keys_of_no_use_are_not_taken(fake: FakeProvider) -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    useless: list[Any] = [
        {"kty": "oct", "k": "AAAA", "alg": "HS256", "kid": "first"},
        {**json.loads(RSAAlgorithm.to_jwk(weak.public_key())), "kid": "weak"},
        {**fake.published[0], "use": "enc"},
        {"kty": "RSA"},
        "nonsense",
        None,
    ]
    provider = made(fake)
    useless_sets: list[Any] = [{"keys": useless}, {"keys": {}}, {}, [], None, {"keys": []}]
    for published in useless_sets:
        with pytest.raises(ValueError, match="no key"):
            provider.adopt(published)
    # Those before stay.
    assert provider.read(fake.token("guards")).scopes
    assert provider.adopt({"keys": [*useless, *fake.published]}) == 1


def test_without_keys_nobody_is_let_in_or_called_a_forger(fake: FakeProvider) -> None:
    now = [0.0]
    config = Provided(issuer=fake.issuer, audience=AUDIENCE, roles_claim="roles", roles=ROLES)
    provider = Provider(config, now_s=lambda: now[0])
    with pytest.raises(NotReadyError, match="try again"):
        provider.read(fake.token("guards"))
    provider.adopt(fake.keys)
    now[0] = 23 * 3600
    assert provider.read(fake.token("guards")).scopes
    now[0] = 25 * 3600  # nobody knows any more whether they still hold
    with pytest.raises(NotReadyError):
        provider.read(fake.token("guards"))
