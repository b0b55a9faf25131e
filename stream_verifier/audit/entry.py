"""One entry of the audit trail, its one line of text, and how it holds to the one before; pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self, TypedDict

from stream_verifier.audit.deed import MAX_TEXT_CHARS, Deed, Detail
from stream_verifier.errors import AuditError

NO_HASH = "0" * 64
"""What the first entry names as the hash before it."""


class ActorFields(TypedDict):
    """Who did it, as an entry has it."""

    token: str
    scope: str
    address: str


class HashedFields(TypedDict):
    """What an entry's hash is over."""

    number: int
    at: str
    kind: str
    outcome: str
    actor: ActorFields
    whom: str | None
    details: dict[str, Detail]
    previous: str


class EntryFields(HashedFields):
    """An entry as JSON has it."""

    hash: str


def canonical(value: object) -> str:
    """JSON in the one spelling that is hashed and signed: ASCII, keys in order, no blanks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it was written.

    Attributes:
        number: counts from 1, without holes.
        previous: hash of the entry before.
        hash: SHA-256 of all the rest, hexadecimal.
        at: when, UTC, milliseconds, ISO 8601.
        line: the whole as canonical JSON; what is stored and exported.
        fields: the same, read.
    """

    number: int
    previous: str
    hash: str
    at: str
    line: str
    fields: EntryFields

    @classmethod
    def after(
        cls, number: int, previous: str, deed: Deed, *, whom: str | None, now: datetime
    ) -> Self:
        """The entry that follows on one of that number and hash.

        Args:
            number: of the one before; 0 for none.
            previous: its hash.
            deed: what is written.
            whom: pseudonym of the person, if any.
            now: an aware time.
        """
        actor = deed.actor
        fields: HashedFields = {
            "number": number + 1,
            "at": written(now),
            "kind": str(deed.kind),
            "outcome": _short(deed.outcome),
            "actor": {
                "token": _short(actor.token_id),
                "scope": _short(actor.scope),
                "address": _short(actor.address),
            },
            "whom": whom,
            "details": {
                key: _short(value) if isinstance(value, str) else value
                for key, value in deed.details.items()
            },
            "previous": previous,
        }
        return cls.of_fields({**fields, "hash": _hash(fields)})

    @classmethod
    def of_fields(cls, fields: EntryFields) -> Self:
        """Take fields as they are; whether they hold is for `parse` to say."""
        return cls(
            number=fields["number"],
            previous=fields["previous"],
            hash=fields["hash"],
            at=fields["at"],
            line=canonical(fields),
            fields=fields,
        )

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read an entry and check it against its own hash.

        Raises:
            AuditError: it is none, or not as it was written, were it by one blank.
        """
        try:
            fields = json.loads(line)
            rest = {key: value for key, value in fields.items() if key != "hash"}
            entry = cls.of_fields(fields)
            whole = entry.line == line and entry.hash == _hash(rest) and _is_complete(fields)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            whole = False
        if not whole:
            raise AuditError("it is damaged or was changed")
        return entry


def written(time: datetime) -> str:
    """A time as entries tell it."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_complete(fields: EntryFields) -> bool:
    return (
        set(fields) == EntryFields.__required_keys__
        and type(fields["number"]) is int
        and isinstance(fields["at"], str)
        and isinstance(fields["details"], dict)
    )


def _hash(fields: Mapping[str, object]) -> str:
    return hashlib.sha256(canonical(fields).encode()).hexdigest()


def _short(text: str) -> str:
    return text[:MAX_TEXT_CHARS]
