"""How stores of schema versions 1 and 2 are sealed: all under keys derived from one secret."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from stream_verifier.errors import RefusedRecordError, SettingsError
from stream_verifier.identities.keys import KEY_BYTES, derived_key

_NONCE_BYTES = 12


class LegacyVault:
    """Opens what older releases sealed under one secret.

    Four keys are derived from the secret (HKDF-SHA256, RFC 5869), so that encryption
    (AES-256-GCM, NIST SP 800-38D), name lookup, ledger and key id share none.

    Args:
        secret: 32 random bytes.

    Attributes:
        key_id: 16 hexadecimal digits that name the secret and do not give it away.

    Raises:
        SettingsError: the secret has another length.
    """

    def __init__(self, secret: bytes) -> None:
        """Derive the keys."""
        if len(secret) != KEY_BYTES:
            raise SettingsError(f"The store key has {len(secret)} bytes, not {KEY_BYTES}.")
        self._cipher = AESGCM(_derive(secret, b"seal"))
        self._lookup_key = _derive(secret, b"lookup")
        self._ledger_key = _derive(secret, b"ledger")
        self.key_id = key_id_of(secret)

    def lookup(self, name: str) -> bytes:
        """HMAC-SHA256 of a normalised name: finds it again, does not show it."""
        return hmac.digest(self._lookup_key, name.encode(), hashlib.sha256)

    def sign(self, ledger: bytes) -> str:
        """HMAC-SHA256 of the ledger, hexadecimal."""
        return hmac.digest(self._ledger_key, ledger, hashlib.sha256).hex()

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """Decrypt nonce and ciphertext of AES-256-GCM, bound to ``context``.

        Raises:
            RefusedRecordError: it was changed, or sealed in another context.
        """
        try:
            return self._cipher.decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode()
            )
        except (InvalidTag, ValueError) as error:
            raise RefusedRecordError("A sealed record is damaged or was changed.") from error


def key_id_of(secret: bytes) -> str:
    """16 hexadecimal digits that name a secret and do not give it away."""
    return _derive(secret, b"key id")[:8].hex()


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return derived_key(secret, b"stream-verifier identities v1: " + purpose)
