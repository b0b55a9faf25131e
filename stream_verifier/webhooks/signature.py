"""Signatures of messages, after Standard Webhooks 1.0 (HMAC-SHA256, symmetric)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping

from stream_verifier.errors import SettingsError, WebhookSignatureError

_PREFIX = "whsec_"
_VERSION = "v1"
_MIN_KEY_BYTES = 24
_MAX_KEY_BYTES = 64

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"


def read_secret(secret: str) -> bytes:
    """The key behind a secret such as ``whsec_`` followed by base64.

    Raises:
        SettingsError: it is no base64, or not 24 to 64 bytes.
    """
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _MIN_KEY_BYTES <= len(key) <= _MAX_KEY_BYTES:
        raise SettingsError(
            "A webhook's secret is 24 to 64 random bytes as base64, with or without whsec_ before "
            "it. Make one with: openssl rand -base64 32"
        )
    return key


def sign(key: bytes, *, message_id: str, timestamp_s: int, body: bytes) -> str:
    """The value of the signature header."""
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"{_VERSION},{base64.b64encode(digest).decode()}"


def verify_signature(
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now_s: float | None = None,
    tolerance_s: float = 300.0,
) -> str:
    """Check that a message comes from who holds the secret, and that it is no old one sent again.

    Args:
        secret: as the server was given it.
        headers: the request's, in any case.
        body: exactly as it came: check before you parse.
        now_s: Unix time, the clock's by default.
        tolerance_s: how far the message's time may be from now.

    Returns:
        The message's id, the same at every attempt: remember it, to handle no message twice.

    Raises:
        SettingsError: the secret is none.
        WebhookSignatureError: the message must not be trusted.
    """
    key = read_secret(secret)
    given = {name.lower(): value for name, value in headers.items()}
    message_id, signatures = given.get(ID_HEADER, ""), given.get(SIGNATURE_HEADER, "")
    timestamp_s = _read_timestamp(given.get(TIMESTAMP_HEADER, ""))
    if abs((time.time() if now_s is None else now_s) - timestamp_s) > tolerance_s:
        raise WebhookSignatureError("The message is too old, or one of the clocks is wrong.")
    expected = sign(key, message_id=message_id, timestamp_s=timestamp_s, body=body).encode()
    # Several while a secret is being replaced; all are compared, none in a time that tells.
    matches = [
        hmac.compare_digest(expected, signature.encode()) for signature in signatures.split(" ")
    ]
    if not message_id or not any(matches):
        raise WebhookSignatureError("The signature does not fit: the message is not to be trusted.")
    return message_id


def _read_timestamp(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise WebhookSignatureError(f"The message has no {TIMESTAMP_HEADER}.")
    return int(text)
