"""Master keys that never leave a device, which speaks PKCS#11 as most of them do."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from stream_verifier.errors import RefusedRecordError, SettingsError, StoreError

try:
    import pkcs11
    from pkcs11 import exceptions as faults
except ImportError as error:
    raise SettingsError(
        "A key in a device needs the Python package python-pkcs11: "
        "pip install 'stream-verifier[hsm]'"
    ) from error

T = TypeVar("T")

_NONCE_BYTES = 12
_TAG_BITS = 128
# What devices say to a ciphertext that does not fit its tag; each has its own habit.
_REFUSALS = (
    faults.EncryptedDataInvalid,
    faults.EncryptedDataLenRange,
    faults.ArgumentsBad,
    faults.GeneralError,
    faults.FunctionFailed,
)
_LOST = (faults.SessionClosed, faults.SessionHandleInvalid, faults.DeviceRemoved)


class Device:
    """A token of a PKCS#11 library, logged in to.

    Args:
        module: the library, such as ``/usr/lib/softhsm/libsofthsm2.so``.
        token: label of the token.
        pin: of its user.

    Raises:
        SettingsError: the library, the token or the PIN is of no use.
    """

    def __init__(self, module: Path, *, token: str, pin: str) -> None:
        self._module, self._token, self._pin = module, token, pin
        # One session, one operation at a time: that is how a session works.
        self._lock = threading.Lock()
        self._session = self._opened()

    def key(self, label: str) -> HsmKey:
        """The AES key of a label.

        Raises:
            SettingsError: there is none, or several.
        """
        try:
            self.run(lambda session: _find(session, label))
        except faults.NoSuchKey as error:
            raise SettingsError(
                f"The device has no AES key {label!r} in token {self._token!r}: name another, or "
                "make it with the device's tools. If it is lost, so are the references under it."
            ) from error
        except faults.MultipleObjectsReturned as error:
            raise SettingsError(
                f"The device has several keys {label!r} in token {self._token!r}: give each a "
                "label of its own."
            ) from error
        return HsmKey(self, self._token, label)

    def run(self, action: Callable[[Any], T]) -> T:
        """Do something with the session, opened again if the device has dropped it."""
        with self._lock:
            try:
                return action(self._session)
            except _LOST:
                self._session = self._opened()
                return action(self._session)

    def _opened(self) -> Any:
        try:
            found = pkcs11.lib(str(self._module)).get_token(token_label=self._token)
            try:
                return found.open(user_pin=self._pin)
            except faults.UserAlreadyLoggedIn:  # a login is the process's, not the session's
                return found.open()
        except faults.PKCS11Error as error:
            raise SettingsError(
                f"The device behind {self._module} cannot be used ({type(error).__name__}): check "
                "that library, token label and PIN are right and that the device is there."
            ) from error


class HsmKey:
    """A master key in a device; wraps with AES-GCM (``CKM_AES_GCM``) under a fresh nonce.

    Args:
        device: that holds it.
        token: label of its token.
        label: of the key.
    """

    def __init__(self, device: Device, token: str, label: str) -> None:
        self._device = device
        self._label = label
        self._key_id = hashlib.sha256(f"pkcs11 {token}\0{label}".encode()).hexdigest()[:16]

    @property
    def key_id(self) -> str:
        """Names token and label, which stay the same in a copy of the device."""
        return self._key_id

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """See ``MasterKey``; returns nonce + ciphertext."""
        nonce = os.urandom(_NONCE_BYTES)

        def encrypt(session: Any) -> bytes:
            key = _find(session, self._label)
            return bytes(key.encrypt(data_key, **_mechanism(nonce, context)))

        try:
            return nonce + self._device.run(encrypt)
        except faults.PKCS11Error as error:
            raise self._failed(error) from error

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """See ``MasterKey``."""
        nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]

        def decrypt(session: Any) -> bytes:
            key = _find(session, self._label)
            return bytes(key.decrypt(sealed, **_mechanism(nonce, context)))

        if len(sealed) <= _TAG_BITS // 8:
            raise RefusedRecordError("A wrapped key is cut short.")
        try:
            return self._device.run(decrypt)
        except _REFUSALS as error:
            raise RefusedRecordError("A wrapped key is damaged or was changed.") from error
        except faults.PKCS11Error as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> StoreError:
        return StoreError(
            f"The device that holds the master key {self._label!r} failed "
            f"({type(error).__name__}): check that it is there and try again."
        )


def _find(session: Any, label: str) -> Any:
    return session.get_key(
        object_class=pkcs11.ObjectClass.SECRET_KEY, key_type=pkcs11.KeyType.AES, label=label
    )


def _mechanism(nonce: bytes, context: bytes) -> dict[str, object]:
    param = pkcs11.GCMParams(nonce, context, _TAG_BITS)
    return {"mechanism": pkcs11.Mechanism.AES_GCM, "mechanism_param": param}
