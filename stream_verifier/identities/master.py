"""Master keys: they wrap the data key of each record, and are seen by nothing else."""

from __future__ import annotations

import os
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from stream_verifier.errors import RefusedRecordError, SettingsError
from stream_verifier.identities.keys import KEY_BYTES, derived_key
from stream_verifier.identities.legacy import LegacyVault, key_id_of

_NONCE_BYTES = 12


class MasterKey(Protocol):
    """Wraps data keys, here or in a device or service that never gives the key itself away.

    Both methods may block for as long as that takes, and are called from any thread. Wrapping has
    to be authenticated: nobody without the key may be able to make what :meth:`unwrap` takes, so
    that encryption to a public key is not enough.
    """

    @property
    def key_id(self) -> str:
        """Up to 16 characters that name the key and do not give it away."""
        ...

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """Encrypt a data key of 32 bytes, bound to ``context``.

        Raises:
            StoreError: the device or service did not do it.
        """
        ...

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Give the data key back.

        Raises:
            RefusedRecordError: it was changed, or wrapped in another context or with another key.
            StoreError: the device or service did not do it.
        """
        ...


class LocalKey:
    """A master key in this process's memory, from a setting or a file.

    AES-256-GCM (NIST SP 800-38D) under a fresh 96-bit nonce and a key derived for this purpose
    alone (HKDF-SHA256, RFC 5869).

    Args:
        secret: 32 random bytes.

    Raises:
        SettingsError: the secret has another length.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise SettingsError(f"The store key has {len(secret)} bytes, not {KEY_BYTES}.")
        self._cipher = AESGCM(derived_key(secret, b"stream-verifier identities v3: wrap"))
        self._secret = secret
        self._key_id = key_id_of(secret)

    @property
    def key_id(self) -> str:
        """See ``MasterKey``."""
        return self._key_id

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """See ``MasterKey``; returns nonce + ciphertext."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data_key, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """See ``MasterKey``."""
        try:
            return self._cipher.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            raise RefusedRecordError("A wrapped key is damaged or was changed.") from error

    def legacy(self) -> LegacyVault:
        """Opens what releases before wrapped keys sealed with the same secret."""
        return LegacyVault(self._secret)
