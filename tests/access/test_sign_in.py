"""Which provider people may be sent to."""

from __future__ import annotations

from typing import Any

import pytest

from stream_verifier.access.sign_in import SignIn

SAID: dict[str, Any] = {
    "issuer": "https://login.example/realms/staff",
    "authorization_endpoint": "https://login.example/realms/staff/auth",
    "token_endpoint": "https://tokens.example:8443/token?tenant=1",
    "end_session_endpoint": "https://login.example/logout",
}


def test_what_a_provider_says_of_itself_is_read() -> None:
    sign_in = SignIn.of(SAID | {"more": 1})
    assert sign_in is not None
    assert (sign_in.issuer, sign_in.authorization_endpoint) == (
        SAID["issuer"],
        SAID["authorization_endpoint"],
    )
    assert sign_in.connects_to == "https://tokens.example:8443"
    assert sign_in.end_session_endpoint == SAID["end_session_endpoint"]


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint"])
@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        "",
        "http://login.example/token",
        "javascript:alert(1)",
        "https://login.example;script-src *",
        "https://a.example b.example/",
        "https://user@login.example/",
        "https://*/token",
        "https://",
        "https://lögin.example/",
    ],
)
def test_nobody_is_sent_where_others_could_listen_or_change_the_policy(
    name: str, value: object
) -> None:
    assert SignIn.of(SAID | {name: value}) is None


def test_a_way_out_is_not_needed() -> None:
    for changes in ({"end_session_endpoint": "http://login.example/"}, {"end_session_endpoint": 1}):
        sign_in = SignIn.of(SAID | changes)
        assert sign_in is not None
        assert sign_in.end_session_endpoint is None


def test_on_this_machine_it_may_be_plain() -> None:
    local = "http://127.0.0.1:9000/token"
    sign_in = SignIn.of(SAID | {"token_endpoint": local, "authorization_endpoint": local})
    assert sign_in is not None
    assert sign_in.connects_to == "http://127.0.0.1:9000"
