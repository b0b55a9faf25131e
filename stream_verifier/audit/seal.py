"""The trail's key: it signs the head and makes names into pseudonyms."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Self, TypedDict

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from stream_verifier.audit.entry import NO_HASH, canonical
from stream_verifier.errors import AuditError

_HOW_TO_EXPORT = (
    "The public key is none of an audit trail's: write it on the server with  "
    "stream-verifier audit public-key"
)
_KEY_BYTES = 32
_PSEUDONYM_CHARS = 32
_FORMAT = "stream-verifier audit head 1"


class SignedFields(TypedDict):
    """What the signature of a head is over."""

    format: str
    number: int
    hash: str
    at: str


class HeadFields(SignedFields):
    """A head as JSON has it."""

    signature: str


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends, as the trail's key signed it.

    Attributes:
        number: of the newest entry; 0 of an empty trail.
        hash: its hash.
        at: when it was written.
        signature: Ed25519 (RFC 8032) over the rest, hexadecimal.
    """

    number: int
    hash: str
    at: str
    signature: str

    @property
    def fields(self) -> HeadFields:
        """The head for JSON."""
        return {**_signed(self.number, self.hash, self.at), "signature": self.signature}

    @property
    def line(self) -> str:
        """The head as canonical JSON; what is stored and, as the last line, exported."""
        return canonical(self.fields)

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a head; its signature is not checked.

        Raises:
            AuditError: it is none.
        """
        try:
            fields = json.loads(line)
            head = cls(fields["number"], fields["hash"], fields["at"], fields["signature"])
            whole = head.line == line and type(head.number) is int
        except (ValueError, KeyError, TypeError, RecursionError):
            whole = False
        if not whole:
            raise AuditError("the signed head is missing, damaged or was changed")
        return head

    def check(self, key: Ed25519PublicKey) -> None:
        """See whether that key signed it.

        Raises:
            AuditError: it did not.
        """
        try:
            signed = canonical(_signed(self.number, self.hash, self.at)).encode()
            key.verify(bytes.fromhex(self.signature), signed)
        except (InvalidSignature, ValueError, TypeError) as error:
            raise AuditError("the head was not signed with this key") from error


class Sealer:
    """Signs heads and hides names.

    Both keys are derived from one secret (HKDF-SHA256, RFC 5869). It is none of the store's, so
    that a pseudonym fits no column there, and stays what it is when the store's key changes.

    Args:
        secret: 32 random bytes, kept in a file beside the store's key.
    """

    def __init__(self, secret: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(_derive(secret, b"sign"))
        self._pseudonym_key = _derive(secret, b"pseudonym")
        self.public_key = self._private.public_key()

    def pseudonym(self, name: str) -> str:
        """HMAC-SHA256 of a name, its first 128 bits: who has the key can tell whose it is."""
        digest = hmac.digest(self._pseudonym_key, name.encode("utf-8", "replace"), hashlib.sha256)
        return digest.hex()[:_PSEUDONYM_CHARS]

    def sign(self, number: int, last_hash: str, at: str) -> Head:
        """The head of a chain that ends there."""
        signed = canonical(_signed(number, last_hash, at)).encode()
        return Head(number, last_hash, at, self._private.sign(signed).hex())

    def sign_bytes(self, content: bytes) -> str:
        """Ed25519 over what can be no head, hexadecimal."""
        return self._private.sign(content).hex()

    def empty(self) -> Head:
        """The head of a trail without entries."""
        return self.sign(0, NO_HASH, "")

    def public_pem(self) -> str:
        """The public key, to check exports with."""
        return self.public_key.public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        ).decode()


def read_public_key(pem: bytes) -> Ed25519PublicKey:
    """Read what `Sealer.public_pem` wrote.

    Raises:
        AuditError: it is no such key.
    """
    try:
        key = load_pem_public_key(pem)
    except ValueError as error:
        raise AuditError(_HOW_TO_EXPORT) from error
    if not isinstance(key, Ed25519PublicKey):
        raise AuditError(_HOW_TO_EXPORT)
    return key


def _signed(number: int, last_hash: str, at: str) -> SignedFields:
    return {"format": _FORMAT, "number": number, "hash": last_hash, "at": at}


def _derive(secret: bytes, purpose: bytes) -> bytes:
    info = b"stream-verifier audit v1: " + purpose
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(secret)
