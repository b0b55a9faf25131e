"""What a worker asks of those beside it: places, whereabouts of calls, and taking them over.

With nothing configured there are none: `Alone` answers for every worker of that kind.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from stream_verifier.calls.ending import EndReason
from stream_verifier.calls.places import Place
from stream_verifier.calls.summary import CallSummary
from stream_verifier.calls.tries import Tries
from stream_verifier.errors import ResumeKeyError, UnknownSessionError
from stream_verifier.events.schema import ChallengeKind
from stream_verifier.media.source import Way

GONE = "No session of that id runs (any more). Start a new one."


def hash_of(resume_key: str) -> str:
    """What others may know of a session's secret, which is too long to be guessed."""
    return hashlib.sha256(resume_key.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """What another worker has to know of a call to go on with it.

    Attributes:
        session: its id.
        mode: verify or enrol.
        operating_point: that it asked for.
        challenges: kinds that its client shows.
        place: what it takes, and of whom.
        key_hash: `hash_of` its resume key.
        followed: whether its client has a socket.
        resume_within_s: for so long it waits for its client; 0: it does not.
        way: how its media comes; it is resumed by the same.
        address: of the worker that has it; None where that one is gone or lets go of it.
    """

    session: str
    mode: Literal["verify", "enrol"]
    operating_point: str | None
    place: Place
    key_hash: str
    followed: bool
    resume_within_s: float
    way: Way = "webrtc"
    challenges: tuple[ChallengeKind, ...] = ()
    address: str | None = None

    @property
    def identity(self) -> str:
        """Whom it is about."""
        return self.place.identity

    @property
    def movable(self) -> bool:
        """Whether another worker can go on with it: what an enrolment has heard is nowhere else."""
        return self.mode == "verify" and self.followed and self.resume_within_s > 0

    def check_key(self, resume_key: str) -> None:
        """Compare in a time that tells nothing about the key.

        Raises:
            ResumeKeyError: it is another one.
        """
        if not secrets.compare_digest(hash_of(resume_key), self.key_hash):
            raise ResumeKeyError("That is not this session's resume key. Start a new session.")


class Neighbours(Protocol):
    """All that a worker asks of others; used from the event loop only."""

    @property
    def reachable(self) -> bool:
        """Whether they could be asked of late; without them no call is opened."""
        ...

    @property
    def clock_ahead_s(self) -> float:
        """Seconds by which this machine's clock is ahead of the one that they share."""
        ...

    def tries(self, *, most: int, told: int) -> Tries:
        """The account of tries; its limits are those of `Tries`."""
        ...

    def calls(self) -> Sequence[CallSummary]:
        """Calls that any worker runs or ran whose events are held, newest first."""
        ...

    async def count_opening(self, bearer: str) -> None:
        """Count that a call is opened or resumed, over all workers.

        Raises:
            RateLimitedError: too many were in the last minute.
            FleetError: nobody can count now.
        """
        ...

    async def join(self, record: CallRecord) -> None:
        """Take a call's place among all, and end those that it supersedes.

        Raises:
            CapacityError: all that person may have are taken.
            FleetError: nobody can count now.
        """
        ...

    def leave(self, session: str, *, comes_back: bool = False) -> None:
        """Give a call's place back, as soon as that can be written.

        Args:
            session: its id.
            comes_back: whether its client may go on with it at any worker.
        """
        ...

    async def find(self, session: str) -> CallRecord | None:
        """What is known of a call that runs somewhere, or could go on.

        Raises:
            FleetError: nobody can be asked now.
        """
        ...

    async def peer(self) -> str | None:
        """The address of another worker that takes calls; None where there is none."""
        ...

    async def take_over(self, session: str, *, gone: bool = False) -> None:
        """Have its owner let go of a call, and own it.

        Args:
            session: its id.
            gone: whether its owner is known to be gone, and need not be asked.

        Raises:
            UnknownSessionError: it is over, or somebody was faster.
            FleetError: nobody can be asked now.
        """
        ...

    async def end(self, session: str, reason: EndReason) -> None:
        """Have a call ended, whoever has it, and wait until it is.

        Raises:
            FleetError: its owner did not say so in time.
        """
        ...


class Alone:
    """The neighbours of a worker that has none."""

    reachable, clock_ahead_s = True, 0.0

    def tries(self, *, most: int, told: int) -> Tries:
        """An account of this worker's own."""
        return Tries(most=most, told=told)

    def calls(self) -> Sequence[CallSummary]:
        """None but one's own."""
        return ()

    async def count_opening(self, bearer: str) -> None:
        """The gate has counted all."""

    async def join(self, record: CallRecord) -> None:
        """The registry has counted all."""

    def leave(self, session: str, *, comes_back: bool = False) -> None:
        """Nobody has to know."""

    async def find(self, session: str) -> CallRecord | None:  # noqa: ARG002
        """None elsewhere."""
        return None

    async def peer(self) -> str | None:
        """There is none."""
        return None

    async def take_over(self, session: str, *, gone: bool = False) -> None:  # noqa: ARG002
        """There is none to be had."""
        raise UnknownSessionError(GONE)

    async def end(self, session: str, reason: EndReason) -> None:
        """There is none."""
