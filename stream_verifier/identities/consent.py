"""The record without which nobody is enrolled."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self, TypeAlias, TypedDict

from stream_verifier.errors import ConsentError

Standing: TypeAlias = Literal["in_force", "expired", "withdrawn"]


class ConsentFields(TypedDict):
    """A consent as JSON has it; times are ISO 8601."""

    subject: str
    given_at: str
    purpose: str
    text: str
    text_sha256: str
    expires_at: str | None
    version: int
    recorded_by: str
    way: str
    withdrawn_at: str | None


@dataclass(frozen=True, slots=True)
class Consent:
    """Who agreed to be enrolled, when, for what, and to which words.

    Attributes:
        subject: the person who agreed.
        given_at: when, with a time zone.
        purpose: what the reference may be used for.
        text: the words agreed to.
        expires_at: until when; None: until it is withdrawn, as all were that an older version of
            this package recorded.
        version: counts what this person agreed to, from 1.
        recorded_by: who wrote it down: the id of the token that was shown, or the system's user.
        way: how it came in, such as "call" or "command line".
        withdrawn_at: when the person took it back; None: not.
        text_sha256: hexadecimal digest of ``text`` in UTF-8, computed.

    Raises:
        ConsentError: a field is blank, or a time has no time zone or comes before it was given.
    """

    subject: str
    given_at: datetime
    purpose: str
    text: str
    expires_at: datetime | None = None
    version: int = 1
    recorded_by: str = ""
    way: str = ""
    withdrawn_at: datetime | None = None
    text_sha256: str = field(init=False)

    def __post_init__(self) -> None:
        """Refuse a record that would prove nothing."""
        for name in ("subject", "purpose", "text"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                raise ConsentError(f"The consent record has no {name}: say who agrees to what.")
        times = (self.given_at, self.expires_at, self.withdrawn_at)
        if any(time is not None and time.tzinfo is None for time in times):
            raise ConsentError("The time of consent needs a time zone, such as UTC.")
        if any(time is not None and not _has_utc(time) for time in times):
            raise ConsentError("The consent would end after the year 9999: name an earlier time.")
        if self.expires_at is not None and self.expires_at <= self.given_at:
            raise ConsentError("The consent would end before it was given: name a later time.")
        digest = hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()
        object.__setattr__(self, "text_sha256", digest)

    def standing(self, now: datetime) -> Standing:
        """Whether it is in force at a time."""
        if self.withdrawn_at is not None:
            return "withdrawn"
        expired = self.expires_at is not None and now >= self.expires_at
        return "expired" if expired else "in_force"

    @property
    def ended_at(self) -> datetime | None:
        """When it ended or will end; None where it does not."""
        return self.withdrawn_at or self.expires_at

    def within(self, longest: timedelta | None) -> Self:
        """The same, ending at the latest so long after it was given; None: whenever it says."""
        if longest is None:
            return self
        latest = self.given_at + longest
        if self.expires_at is not None and self.expires_at < latest:
            return self
        return replace(self, expires_at=latest)

    def to_dict(self) -> ConsentFields:
        """The record as JSON-ready fields."""
        return {
            "subject": self.subject,
            "given_at": self.given_at.isoformat(),
            "purpose": self.purpose,
            "text": self.text,
            "text_sha256": self.text_sha256,
            "expires_at": _to_text(self.expires_at),
            "version": self.version,
            "recorded_by": self.recorded_by,
            "way": self.way,
            "withdrawn_at": _to_text(self.withdrawn_at),
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Consent:
        """Read back what :meth:`to_dict` wrote.

        Raises:
            ConsentError: a field is missing or the text no longer matches its digest.
        """
        try:
            consent = cls(
                record["subject"],
                datetime.fromisoformat(record["given_at"]),
                record["purpose"],
                record["text"],
                # What older versions of this package did not write has its default.
                expires_at=_from_text(record.get("expires_at")),
                version=record.get("version", 1),
                recorded_by=record.get("recorded_by", ""),
                way=record.get("way", ""),
                withdrawn_at=_from_text(record.get("withdrawn_at")),
            )
            recorded = record["text_sha256"]
        except (KeyError, TypeError, ValueError) as error:
            raise ConsentError("The consent record cannot be read: enrol again.") from error
        if recorded != consent.text_sha256:
            raise ConsentError("The text of the consent was changed after it was given.")
        return consent


def _has_utc(time: datetime) -> bool:
    """Whether it is a time everywhere: at either end of the calendar it may be none in UTC."""
    try:
        time.astimezone(UTC)
    except OverflowError:
        return False
    return True


def _to_text(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _from_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
