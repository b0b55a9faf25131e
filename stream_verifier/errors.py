"""Every error this package raises on purpose, in one tree.

A message says what is wrong and what to do about it. ``code`` is machine-readable and part of
the wire contract: clients may branch on it, so a code never changes its meaning.
"""

from __future__ import annotations

from typing import ClassVar


class StreamVerifierError(Exception):
    """Root of all errors that a caller may expect from this package."""

    code: ClassVar[str] = "internal_error"
    _where = ""
    """Part of the message that is for the log alone: where files lie and servers are."""

    @property
    def told(self) -> str:
        """The message for clients."""
        return str(self).replace(f" {self._where}", "") if self._where else str(self)


class SettingsError(StreamVerifierError):
    """A setting is missing or contradicts another."""

    code = "bad_settings"


class ProtocolError(StreamVerifierError):
    """A client sent a message that breaks the wire contract."""

    code = "bad_message"


class VersionError(ProtocolError):
    """A client asked for a version of the contract that is not spoken here."""

    code = "unknown_version"


class UnknownSessionError(ProtocolError):
    """No session of that id runs: start anew."""

    code = "unknown_session"


class ResumeKeyError(ProtocolError):
    """A session was to be resumed without its secret."""

    code = "forbidden"


class MediaError(StreamVerifierError):
    """Media could not be opened, decoded or negotiated."""

    code = "bad_media"


class UnsupportedMediaError(MediaError):
    """Media is whole, but of a kind that is not read here; the message says how to convert it."""


class DamagedMediaError(MediaError):
    """Media is broken; what could be read of it was handed over before."""


class NegotiationError(MediaError):
    """An SDP offer could not be answered."""

    code = "bad_sdp"


class NoConnectionError(MediaError):
    """An offer was answered, but no packets came through."""

    code = "no_connection"


RETRY_AFTER_S = 30
"""Seconds after which a full server may have room again: calls last minutes."""


FLEET_RETRY_S = 5
STOPPING_RETRY_S = 2
"""Seconds after which a balancer sends callers elsewhere, or a new server answers."""
UNDER_WAY_RETRY_S = 10
"""Seconds until a request that is being done may have its answer."""


class PassingError(StreamVerifierError):
    """What cannot be done now, and may be done later.

    Attributes:
        retry_after_s: seconds until it is worth another try.
    """

    def __init__(self, message: str, *, retry_after_s: int = RETRY_AFTER_S) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class CapacityError(PassingError):
    """The server already runs as many calls as it may, or has time for."""

    code = "server_full"


class StoppingError(CapacityError):
    """The server is about to stop and opens no more calls: another one may, or this one anew."""

    code = "server_stopping"

    def __init__(self) -> None:
        super().__init__(
            f"The server is stopping. Try again in {STOPPING_RETRY_S} s.",
            retry_after_s=STOPPING_RETRY_S,
        )


class EnrolmentError(StreamVerifierError):
    """An enrolment lacks something or contradicts itself."""

    code = "enrolment_incomplete"


class OtherPersonError(EnrolmentError):
    """What was to be added to a reference is rather somebody else's."""

    code = "another_person"


class AlreadyAddedError(EnrolmentError):
    """What was to be added to a reference is in it, as where a request was sent twice."""

    code = "already_added"


class OverloadedError(EnrolmentError):
    """An enrolment was not scored in time, so nothing was stored."""

    code = "overloaded"


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
    """The stored reference was made by another model, and cannot be moved: enrol again."""

    code = "reference_of_another_model"


class CursorError(StreamVerifierError):
    """A list was to go on from a place that it has not."""

    code = "bad_cursor"


class StoreError(StreamVerifierError):
    """The identity store cannot be read or written."""

    code = "store_failed"

    def __init__(self, message: str, *, where: str = "") -> None:
        super().__init__(message)
        self._where = where


class KeyMismatchError(StoreError):
    """A stored reference does not decrypt with the key in use."""

    code = "wrong_key"


class RefusedRecordError(StoreError):
    """A stored record was changed, or is an older copy that was put back."""


class BackupError(StoreError):
    """A backup of the identity store cannot be written, or is of no use."""


class LedgerError(StoreError):
    """The ledger of the identity store is missing, damaged or cannot be written."""


class AuditError(StoreError):
    """The audit trail was changed, or cannot be read or written."""

    code = "audit_failed"


class AccessError(StreamVerifierError):
    """A use was not admitted.

    Attributes:
        token_id: of the token that was shown, where it is one of this server's; safe to log.
        scope: what was to be done.
        identity: with whom, as it was asked for; not for logs.
    """

    code = "forbidden"

    def __init__(
        self, message: str, *, token_id: str = "", scope: str = "", identity: str | None = None
    ) -> None:
        super().__init__(message)
        self.token_id = token_id
        self.scope = scope
        self.identity = identity


class MissingTokenError(AccessError):
    """No token was shown where one is needed."""

    code = "missing_token"


class InvalidTokenError(AccessError):
    """The token shown is none that this server trusts."""

    code = "invalid_token"


class ExpiredTokenError(AccessError):
    """The token's time is over."""

    code = "expired_token"


class ForbiddenError(AccessError):
    """The token does not allow this."""


class RateLimitedError(AccessError, PassingError):
    """Too many attempts came from one address."""

    code = "rate_limited"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class IdentityLockedError(RateLimitedError):
    """Too many others were tried in one person's name: in calls, or to be added to a reference."""

    code = "identity_locked"


class ConsentLapsedError(AccessError):
    """The person's consent was withdrawn or has expired: ask for a new one."""

    code = "consent_not_in_force"


class TokenRequestError(StreamVerifierError):
    """A token was asked for that cannot be issued."""

    code = "bad_token_request"


class UnknownCallError(StreamVerifierError):
    """No call of that id runs or is remembered."""

    code = "unknown_call"


class ChallengeError(StreamVerifierError):
    """A challenge cannot be asked in this call, now or at all; the message says why."""

    code = "no_challenge"


class ChallengeOpenError(ChallengeError):
    """One is open already: wait for its result."""

    code = "challenge_open"


class TooManyChallengesError(ChallengeError):
    """The call has had all that a call may have, or its name all that a day may have."""

    code = "too_many_challenges"


class NobodyTellsError(ChallengeError):
    """No client would show it to the person, and nobody else says to."""

    code = "nobody_tells"


class NoTokenKeyError(SettingsError):
    """A token was asked for where no key to sign it with is configured."""

    code = "no_token_key"


class NotReadyError(PassingError):
    """The server does not open calls now."""

    code = "not_ready"


class NotStartedError(NotReadyError):
    """The application is asked by a host that did not run its lifespan."""

    def __init__(self) -> None:
        super().__init__(
            "The application has not started, as its host does not run its lifespan: have the "
            "host's server run lifespans (uvicorn: no --lifespan off), and mount into the "
            "outermost application, or run the inner one's lifespan in the outer one's."
        )


class FleetError(NotReadyError):
    """What workers share, or the worker that has a call, cannot be reached now."""

    code = "fleet_failed"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"What the servers share cannot be reached ({why}). Calls that run go on; try again in "
            f"{FLEET_RETRY_S} s.",
            retry_after_s=FLEET_RETRY_S,
        )
        self._where = f"({why})"


class RequestUnderWayError(PassingError):
    """A request was sent again while the first one is being done."""

    code = "request_under_way"

    def __init__(self) -> None:
        super().__init__(
            "The request with that Idempotency-Key is being done: send it again in "
            f"{UNDER_WAY_RETRY_S} s, and you get its answer.",
            retry_after_s=UNDER_WAY_RETRY_S,
        )


class KeyReusedError(StreamVerifierError):
    """Another request has the same Idempotency-Key."""

    code = "idempotency_key_reused"


class RoomError(StreamVerifierError):
    """A room of another server cannot be followed."""

    code = "room_failed"


class UnknownRoomError(RoomError):
    """The host has no such room (any more)."""

    code = "unknown_room"


class RoomRefusedError(RoomError):
    """The host does not let us in: a secret, token or pin is missing or wrong."""

    code = "room_refused"


class RoomHostError(RoomError):
    """The host does not answer, or not as one should; it may come back."""

    code = "room_host_gone"


class RoomAddressError(RoomError):
    """A host that the settings do not name."""

    code = "room_not_allowed"


class UnknownAttachmentError(RoomError):
    """No room of that id is attached."""

    code = "unknown_attachment"


class AttachedAlreadyError(RoomError):
    """That room is attached already."""

    code = "room_attached"


class MappingError(RoomError):
    """Nobody can say who a publisher is now."""

    code = "mapping_failed"


class RefusedByServerError(StreamVerifierError):
    """A server said no to its client; ``server_code`` is its code for why."""

    def __init__(self, server_code: str, message: str) -> None:
        super().__init__(message)
        self.server_code = server_code


class FeedError(StreamVerifierError):
    """The event feed cannot be followed."""

    code = "feed_failed"


class FeedRefusedError(RefusedByServerError, FeedError):
    """The server refused a subscription."""

    code = "feed_refused"


class CallError(StreamVerifierError):
    """A call cannot be opened or gone on with from here."""

    code = "call_failed"


class CallRefusedError(RefusedByServerError, CallError):
    """The server refused a call."""

    code = "call_refused"


class EnrolmentLostError(StreamVerifierError):
    """Nobody said what became of an enrolment: ask again with the same key."""

    code = "enrolment_lost"


class EnrolmentRefusedError(RefusedByServerError):
    """The server refused an enrolment."""

    code = "enrolment_refused"


class WebhookSignatureError(StreamVerifierError):
    """A webhook's message does not come from whom it should, or is too old."""

    code = "bad_signature"


def error_codes(base: type[StreamVerifierError] = StreamVerifierError) -> frozenset[str]:
    """The codes of an error and of all that are kinds of it."""
    return frozenset({base.code}).union(*map(error_codes, base.__subclasses__()))
