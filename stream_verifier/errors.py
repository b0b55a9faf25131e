"""Every error this package raises on purpose, in one tree.

A message says what is wrong and what to do about it. ``code`` is machine-readable and part of
the wire contract: clients may branch on it, so a code never changes its meaning.
"""

from __future__ import annotations

from typing import ClassVar


class StreamVerifierError(Exception):
    """Root of all errors that a caller may expect from this package."""

    code: ClassVar[str] = "internal_error"


class SettingsError(StreamVerifierError):
    """A setting is missing or contradicts another."""

    code = "bad_settings"


class ProtocolError(StreamVerifierError):
    """A client sent a message that breaks the wire contract."""

    code = "bad_message"


class UnknownSessionError(ProtocolError):
    """No session of that id runs: start anew."""

    code = "unknown_session"


class ResumeKeyError(ProtocolError):
    """A session was to be resumed without its secret."""

    code = "forbidden"


class MediaError(StreamVerifierError):
    """Media could not be opened, decoded or negotiated."""

    code = "bad_media"


class NegotiationError(MediaError):
    """An SDP offer could not be answered."""

    code = "bad_sdp"


class CapacityError(StreamVerifierError):
    """The server already runs as many calls as it may."""

    code = "server_full"


class EnrolmentError(StreamVerifierError):
    """An enrolment lacks something or contradicts itself."""

    code = "enrolment_incomplete"


class ConsentError(EnrolmentError):
    """Enrolment was tried without a consent record."""

    code = "consent_missing"


class IdentityError(StreamVerifierError):
    """Something about a named identity."""

    code = "bad_identity"


class UnknownIdentityError(IdentityError):
    """No identity of that name is enrolled."""

    code = "unknown_identity"


class IdentityExistsError(IdentityError):
    """An identity of that name is enrolled already."""

    code = "identity_exists"


class StaleReferenceError(IdentityError):
    """The stored reference was made by another model: enrol again."""

    code = "enrol_again"


class StoreError(StreamVerifierError):
    """The identity store cannot be read or written."""

    code = "store_failed"


class KeyMismatchError(StoreError):
    """A stored reference does not decrypt with the key in use."""

    code = "wrong_key"
