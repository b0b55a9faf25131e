from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_verifier.errors import SettingsError, WebhookSignatureError
from stream_verifier.webhooks import sign, verify_signature
from stream_verifier.webhooks.signature import read_secret

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
NOW = 1_700_000_000


def headers(body: bytes, *, at: int = NOW, message_id: str = "msg_1") -> dict[str, str]:
    signature = sign(read_secret(SECRET), message_id=message_id, timestamp_s=at, body=body)
    return {
        "Webhook-Id": message_id, "webhook-timestamp": str(at), "webhook-signature": signature,
    }  # fmt: skip


def test_a_known_message_has_the_published_signature() -> None:
    """Made with openssl dgst -sha256 -hmac, key "a" * 24."""
    signature = sign(b"a" * 24, message_id="msg_1", timestamp_s=1, body=b"{}")
    assert signature == "v1,XHLy+c8WI98IUQbhPaWt92nfCjOpbRgWhwKhhasnvc0="


@given(st.binary(max_size=200))
def test_what_was_signed_is_accepted(body: bytes) -> None:
    assert verify_signature(SECRET, headers(body), body, now_s=NOW + 299) == "msg_1"
    assert verify_signature(SECRET[6:], headers(body), body, now_s=NOW - 299) == "msg_1"


def test_any_of_several_signatures_will_do() -> None:
    given_headers = headers(b"x")
    given_headers["webhook-signature"] = "v1,AAAA v2,x " + given_headers["webhook-signature"]
    assert verify_signature(SECRET, given_headers, b"x", now_s=NOW) == "msg_1"


@pytest.mark.parametrize(
    "change",
    [
        {"Webhook-Id": "msg_2"},
        {"Webhook-Id": ""},
        {"webhook-timestamp": str(NOW + 1)},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "\u0661"},
        {"webhook-timestamp": "9" * 5000},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1,\u00e9"},
    ],
)
def test_a_changed_header_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(WebhookSignatureError):
        verify_signature(SECRET, {**headers(b"x"), **change}, b"x", now_s=NOW)


def test_another_body_another_key_and_an_old_message_are_refused() -> None:
    other = base64.b64encode(bytes(range(32, 64))).decode()
    for secret, body, now in (
        (SECRET, b"y", NOW),
        (other, b"x", NOW),
        (SECRET, b"x", NOW + 301),
        (SECRET, b"x", NOW - 301),
    ):
        with pytest.raises(WebhookSignatureError):
            verify_signature(secret, headers(b"x"), body, now_s=now)
    with pytest.raises(WebhookSignatureError):
        verify_signature(SECRET, {}, b"x", now_s=NOW)


@pytest.mark.parametrize("secret", ["", "whsec_", "no base64!", "AAAA", "A" * 100])
def test_a_secret_that_is_none_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(SettingsError, match="openssl rand") as refused:
        read_secret(secret)
    assert not secret or "no base64" not in str(refused.value)
