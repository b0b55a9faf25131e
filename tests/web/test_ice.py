"""The list of ICE servers and what the settings may say about them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any

import httpx
import pytest

from stream_verifier.access.scopes import Scope
from stream_verifier.app import create_app
from stream_verifier.errors import SettingsError
from stream_verifier.media.webrtc.network import ice_servers
from stream_verifier.media.webrtc.turn import turn_credential
from stream_verifier.settings import load_settings
from tests.support.rest_app import KEY, auth

TURN = {"turn_urls": ("turn:relay.example:3478",), "turn_secret": "north-of-the-wall-7"}


async def ask(
    folder: Path, headers: dict[str, str] | None = None, **settings: Any
) -> httpx.Response:
    app = create_app(load_settings(data_dir=folder, **settings))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.get("/api/v1/ice-servers", headers=headers)


async def test_without_servers_the_list_is_empty_and_never_a_public_one(tmp_path: Path) -> None:
    assert (await ask(tmp_path)).json()["iceServers"] == []


async def test_turn_servers_come_with_a_credential_that_coturn_can_check(tmp_path: Path) -> None:
    answer = await ask(tmp_path, ice_servers=("stun:stun.example",), turn_ttl_s=600, **TURN)  # type: ignore[arg-type]
    stun, turn = answer.json()["iceServers"]
    assert stun == {"urls": ["stun:stun.example"]}
    assert turn["urls"] == ["turn:relay.example:3478"]
    digest = hmac.new(b"north-of-the-wall-7", turn["username"].encode(), hashlib.sha1).digest()
    assert turn["credential"] == base64.b64encode(digest).decode()
    assert answer.json()["ttl_s"] == 600
    assert answer.headers["cache-control"] == "no-store"


# printf 1700000000:abc | openssl dgst -sha1 -hmac north -binary | base64
def test_a_credential_names_when_it_ends_and_for_whom() -> None:
    credential = turn_credential("north", user="abc", expires_s=1_700_000_000.9)
    assert credential.username == "1700000000:abc"
    assert credential.password == "g5HTmCBrPDhYXFpM/1dHUtfE+c4="


def test_two_callers_get_two_credentials(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, **TURN)
    one, two = (ice_servers(settings, user=user, now_s=5.0)[0] for user in ("a", "b"))
    assert one.username == "3605:a"
    assert one.credential != two.credential


@pytest.mark.parametrize("bound", [{}, {"identity": "ada"}, {"session": "s1"}])
@pytest.mark.parametrize(
    ("scope", "status"), [(Scope.PUBLISH, 200), (Scope.ENROL, 200), (Scope.READ, 403)]
)
async def test_those_may_ask_who_may_call_or_enrol_whomever(
    tmp_path: Path, scope: Scope, status: int, bound: dict[str, str]
) -> None:
    answer = await ask(tmp_path, auth(scope, **bound), token_key=KEY)
    assert answer.status_code == status


async def test_an_administrator_may_ask_and_nobody_without_a_token(tmp_path: Path) -> None:
    assert (await ask(tmp_path, auth(Scope.ADMIN), token_key=KEY)).status_code == 200
    answer = await ask(tmp_path, token_key=KEY)
    assert (answer.status_code, answer.json()["code"]) == (401, "missing_token")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"ice_servers": ("stun.example",)}, "STUN|stun:HOST"),
        ({"ice_servers": ("turn:relay.example",)}, "stun:HOST"),
        ({**TURN, "turn_urls": ("turn:relay.example?transport=sctp",)}, "turn:HOST"),
        ({"turn_urls": ("turn:relay.example",)}, "turn_secret"),
        ({"turn_secret": "north-of-the-wall-7"}, "turn_urls"),
        ({"udp_ports": "40000"}, "udp_ports"),
        ({"udp_ports": "50000-40000"}, "50000-40000"),
        ({"udp_ports": "80-90"}, "80-90"),
        ({"public_address": "relay.example"}, "public_address: 'relay.example' is no IPv4"),
    ],
)
def test_a_wrong_setting_is_refused_at_start(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load_settings(**changes)


def test_a_secret_is_never_shown() -> None:
    assert "north-of-the-wall-7" not in repr(load_settings(**TURN))
