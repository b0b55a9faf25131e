"""The proof of one entry for the person that it is about; checked without the server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Self, TypedDict

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from stream_verifier.audit.entry import Entry, EntryFields, canonical
from stream_verifier.audit.seal import Head, HeadFields
from stream_verifier.errors import AuditError

FORMAT = "stream-verifier receipt 1"
MAX_BYTES = 16 * 1024


class ReceiptFields(TypedDict):
    """A receipt as JSON has it."""

    format: str
    name: str
    entry: EntryFields
    head: HeadFields
    signature: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry, the signed head at the moment at which it was the newest, and whom it is about.

    Entries name nobody. So the trail's key signs the name together with the entry's hash; only the
    receipt has it.

    Attributes:
        name: as the person was enrolled.
        entry: what was done.
        head: the end of the trail then: it is this entry.
        signature: Ed25519 (RFC 8032) over name and hash, hexadecimal.
    """

    name: str
    entry: Entry
    head: Head
    signature: str

    @property
    def fields(self) -> ReceiptFields:
        """The receipt for JSON."""
        return {
            "format": FORMAT,
            "name": self.name,
            "entry": self.entry.fields,
            "head": self.head.fields,
            "signature": self.signature,
        }

    @property
    def text(self) -> str:
        """The receipt as it is handed over: JSON in one line."""
        return canonical(self.fields)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a receipt, however its JSON is laid out; `check` says whether it holds.

        Raises:
            AuditError: it is none, or an entry or a head in it was changed.
        """
        try:
            fields = json.loads(text)
            whole = set(fields) == ReceiptFields.__required_keys__ and fields["format"] == FORMAT
            entry = Entry.parse(canonical(fields["entry"]))
            head = Head.parse(canonical(fields["head"]))
            receipt = cls(fields["name"], entry, head, fields["signature"])
        except AuditError as error:
            raise AuditError(f"The receipt does not hold: {error}.") from error
        except (ValueError, KeyError, TypeError, RecursionError):
            whole = False
        if not whole or not isinstance(receipt.name, str):
            raise AuditError("That is no receipt: name the file that the deletion gave.")
        return receipt

    def check(self, key: Ed25519PublicKey) -> None:
        """See whether that key's trail has the entry, and has it on that name.

        Raises:
            AuditError: it does not; the message says what is wrong.
        """
        try:
            self.head.check(key)
        except AuditError as error:
            raise AuditError(f"The receipt does not hold: {error}.") from error
        if (self.head.number, self.head.hash) != (self.entry.number, self.entry.hash):
            raise AuditError("The receipt does not hold: its head is not of this entry.")
        try:
            key.verify(bytes.fromhex(self.signature), signed(self.name, self.entry.hash))
        except (InvalidSignature, ValueError, TypeError) as error:
            raise AuditError("The receipt does not hold: it was issued on another name.") from error


def signed(name: str, entry_hash: str) -> bytes:
    """What the signature of a receipt is over; no head could be read as it."""
    return canonical({"format": FORMAT, "name": name, "hash": entry_hash}).encode()
