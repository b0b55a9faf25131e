"""The record without which nobody is enrolled."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from stream_verifier.errors import ConsentError


@dataclass(frozen=True, slots=True)
class Consent:
    """Who agreed to be enrolled, when, for what, and to which words.

    Attributes:
        subject: the person who agreed.
        given_at: when, with a time zone.
        purpose: what the reference may be used for.
        text: the words agreed to.
        text_sha256: hexadecimal digest of ``text`` in UTF-8, computed.

    Raises:
        ConsentError: a field is blank, or ``given_at`` has no time zone.
    """

    subject: str
    given_at: datetime
    purpose: str
    text: str
    text_sha256: str = field(init=False)

    def __post_init__(self) -> None:
        """Refuse a record that would prove nothing."""
        for name in ("subject", "purpose", "text"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                raise ConsentError(f"The consent record has no {name}: say who agrees to what.")
        if self.given_at.tzinfo is None:
            raise ConsentError("The time of consent needs a time zone, such as UTC.")
        digest = hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()
        object.__setattr__(self, "text_sha256", digest)

    def to_dict(self) -> dict[str, str]:
        """The record as JSON-ready text fields."""
        return {
            "subject": self.subject,
            "given_at": self.given_at.isoformat(),
            "purpose": self.purpose,
            "text": self.text,
            "text_sha256": self.text_sha256,
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Consent:
        """Read back what :meth:`to_dict` wrote.

        Raises:
            ConsentError: a field is missing or the text no longer matches its digest.
        """
        try:
            given_at = datetime.fromisoformat(record["given_at"])
            consent = cls(record["subject"], given_at, record["purpose"], record["text"])
            recorded = record["text_sha256"]
        except (KeyError, TypeError, ValueError) as error:
            raise ConsentError("The consent record cannot be read: enrol again.") from error
        if recorded != consent.text_sha256:
            raise ConsentError("The text of the consent was changed after it was given.")
        return consent
