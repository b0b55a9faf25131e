"""Encryption at rest: what a stolen database does not tell."""

from __future__ import annotations

import hashlib
import hmac
import json
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from stream_verifier.errors import RefusedRecordError, StoreError
from stream_verifier.identities.keyring import KeyRing
from stream_verifier.identities.keys import KEY_BYTES, derived_key

_NONCE_BYTES = 12


class Vault:
    """Holds the master keys, and the store's own secret, which they wrap as any data key.

    Names are hidden and the ledger is signed under keys derived from that secret (HKDF-SHA256, RFC
    5869), not from a master key: so another master key finds the same people.

    Args:
        ring: the master keys.

    Attributes:
        ring: likewise.
        key_ids: names the master keys that the store is under, as its ledger says: the first one
            is for all that is new, further ones for what a rotation has not come to yet. Records
            under any other are refused, though that key be here.
    """

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring
        self.key_ids: tuple[str, ...] = (ring.first.key_id,)
        self._secret: bytes | None = None
        self._lookup_key = self._ledger_key = b""
        self._wrapped: dict[str, bytes] = {}

    @property
    def key_id(self) -> str:
        """Names the master key for all that is new."""
        return self.key_ids[0]

    @property
    def knows_secret(self) -> bool:
        """Whether the store's secret was read, or made, yet."""
        return self._secret is not None

    @property
    def secret(self) -> bytes:
        """The store's secret, to be sealed in a backup.

        Raises:
            StoreError: the store was not opened yet.
        """
        return self._known()

    def adopt(self, secret: bytes, wrapped: tuple[str, bytes] | None = None) -> None:
        """Take the store's secret, as its ledger or its database has it.

        Args:
            secret: 32 bytes.
            wrapped: how it lies there and under which key, so that no device is asked again.
        """
        if secret != self._secret:
            self._lookup_key = _derive(secret, b"lookup")
            self._ledger_key = _derive(secret, b"ledger")
            self._wrapped = {}
            self._secret = secret
        if wrapped is not None:
            self._wrapped[wrapped[0]] = wrapped[1]

    def lookup(self, name: str) -> bytes:
        """HMAC-SHA256 of a normalised name: finds it again, does not show it.

        Raises:
            StoreError: the store was not opened yet.
        """
        self._known()
        return hmac.digest(self._lookup_key, name.encode(), hashlib.sha256)

    def sign(self, ledger: bytes) -> str:
        """HMAC-SHA256 of the ledger, hexadecimal: nobody else can write one."""
        self._known()
        return hmac.digest(self._ledger_key, ledger, hashlib.sha256).hex()

    def wrapped_secret(self, key_id: str) -> bytes:
        """The store's secret as it may lie on a disk, under a master key."""
        secret = self._known()
        if key_id not in self._wrapped:
            self._wrapped[key_id] = self.ring.get(key_id).wrap(secret, _secret_context(key_id))
        return self._wrapped[key_id]

    def unwrap_secret(self, key_id: str, wrapped: bytes) -> bytes:
        """What :meth:`wrapped_secret` wrapped.

        Raises:
            KeyMismatchError: that key is not here.
            RefusedRecordError: it was changed.
        """
        if self._secret is not None and self._wrapped.get(key_id) == wrapped:
            return self._secret
        return self.ring.get(key_id).unwrap(wrapped, _secret_context(key_id))

    def _known(self) -> bytes:
        if self._secret is None:
            raise StoreError("The identity store was not opened yet: ask it for somebody first.")
        return self._secret


def new_key() -> bytes:
    """A data key, or a store's secret: 32 random bytes."""
    return os.urandom(KEY_BYTES)


def sign_with(secret: bytes, ledger: bytes) -> str:
    """As :meth:`Vault.sign`, with the secret that the ledger itself brings."""
    return hmac.digest(_derive(secret, b"ledger"), ledger, hashlib.sha256).hex()


def seal(data_key: bytes, plain: bytes, *, context: str) -> bytes:
    """Encrypt (AES-256-GCM, NIST SP 800-38D) under a fresh 96-bit nonce, bound to ``context``.

    Returns:
        nonce + ciphertext.
    """
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(data_key).encrypt(nonce, plain, context.encode())


def unseal(data_key: bytes, sealed: bytes, *, context: str) -> bytes:
    """Decrypt what :func:`seal` gave.

    Raises:
        RefusedRecordError: it was changed, or sealed in another context.
    """
    try:
        return AESGCM(data_key).decrypt(
            sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode()
        )
    except (InvalidTag, ValueError) as error:
        raise RefusedRecordError("A sealed record is damaged or was changed.") from error


def _secret_context(key_id: str) -> bytes:
    return json.dumps(["store secret 3", key_id]).encode()


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return derived_key(secret, b"stream-verifier identities v3: " + purpose)
