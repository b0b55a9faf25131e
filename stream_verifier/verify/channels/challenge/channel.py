"""The evidence channel for challenges: measures an answer, and keeps what it was worth."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

from model.runtime.detect import FaceDetector
from model.runtime.mesh import FaceMesh
from stream_verifier.events.schema import ChallengeKind, ChallengeMeasured, ChallengeResult, Side
from stream_verifier.media.burst import BurstWish
from stream_verifier.media.types import MediaGap, MediaItem, VideoFrame
from stream_verifier.verify.channels.challenge.account import Account
from stream_verifier.verify.channels.challenge.catalogue import KINDS
from stream_verifier.verify.channels.challenge.kind import Attempt, Challenge, Finding, Tools
from stream_verifier.verify.channels.channel import Reading, Readings
from stream_verifier.verify.channels.presence.models import PresenceModels
from stream_verifier.windows.senses import Ears
from stream_verifier.windows.types import Window

NAME = "challenge"
_BURST_S, _ASK_EVERY_S = 2.0, 1.0
_GRACE_S = 2.0
"""For media under way when time is up; without any, the challenge is over then."""
_LOST = {"reconnected", "jump"}


@dataclass
class _Open:
    challenge: Challenge
    start_s: float | None = None
    attempt: Attempt | None = None
    asked_burst_s: float = -math.inf
    dropped: str | None = None


class ChallengeChannel:
    """Measures answers; an `EvidenceChannel`.

    Args:
        detector: the call's own.
        ears: those that cut the call's windows.
        models: read lips; None where presence is off.
        mesh: finds points of faces; None where the weights have none.
        burst: asks whoever decodes for pictures in quick succession.

    Attributes:
        voice: which way the voice's evidence points, as it is told.
        kinds: that can be measured.
    """

    names = (NAME,)

    def __init__(
        self,
        *,
        detector: FaceDetector,
        ears: Ears,
        models: PresenceModels | None,
        mesh: FaceMesh | None,
        burst: BurstWish,
    ) -> None:
        self.voice: Side = 0
        lips = models is not None
        self.kinds: tuple[ChallengeKind, ...] = tuple(
            name for name, kind in KINDS.items() if kind.possible(lips=lips, mesh=mesh is not None)
        )
        self._tools = Tools(detector, ears, models, mesh, lambda: self.voice)
        self._burst = burst
        self._lock = threading.Lock()
        self._asked: Challenge | None = None
        self._dropped: tuple[str, str] | None = None
        self._open: _Open | None = None
        self._account = Account()
        self._media_s = 0.0
        self._track: int | None = None
        self._results: list[ChallengeResult] = []

    def begin(self, challenge: Challenge) -> None:
        """Measure what comes from now on; from any thread, one at a time."""
        with self._lock:
            self._asked = challenge

    def drop(self, challenge_id: str, why: str) -> None:
        """End a challenge unanswered, if it is open still; from any thread."""
        with self._lock:
            self._dropped = (challenge_id, why)

    def results(self, now_s: float | None = None) -> list[ChallengeResult]:
        """What has come to be known; each once.

        Args:
            now_s: monotonic; without any media a challenge is over by it.
        """
        self._hear_orders()
        if self._open is not None and now_s is not None:
            challenge = self._open.challenge
            if now_s > challenge.asked_s + challenge.task.within_s + _GRACE_S:
                self._conclude(over=True)
        results, self._results = self._results, []
        return results

    def finish(self) -> list[ChallengeResult]:
        """The call is over: whatever is open is so, too."""
        self._hear_orders()
        if self._open is not None:
            self._open.dropped = "call_ended"
            self._conclude(over=True)
        return self.results()

    def take(self, item: MediaItem) -> None:
        """Measure media that came after the question."""
        self._hear_orders()
        self._media_s = max(self._media_s, item.end_s)
        if isinstance(item, MediaGap):
            self._miss(item)
        if self._open is None or isinstance(item, MediaGap) or not self._came_after(item):
            return
        if self._open.attempt is None:
            self._begin(self._open, item.start_s)
        if isinstance(item, VideoFrame) or item.start_s > self._open.asked_burst_s + _ASK_EVERY_S:
            self._wish(self._open, item.start_s)
        attempt = self._open.attempt
        if attempt is not None:
            attempt.take(item)
            within_s = self._open.challenge.task.within_s
            self._conclude(over=self._media_s > (self._open.start_s or 0.0) + within_s)

    def sense(self, window: Window) -> tuple[Reading, ...]:
        """Nothing of a window is scored."""
        del window
        return (Reading(NAME),)

    def forget(self) -> None:
        """Nothing: it knows nothing of the enrolled person."""

    def read(self, window: Window, *, wanted: frozenset[str], busy: bool = False) -> Readings:
        """Say what challenges amount to; learn where the face is."""
        del wanted, busy
        if window.face is not None:
            # While a head turns its track may break: the attempt sees for itself who it is.
            if window.face.track_id != self._track and self._open is None:
                if self._track is not None:
                    self._account.forget()
                self._track = window.face.track_id
            if self._open is not None and self._open.attempt is not None:
                self._open.attempt.near(window)
        return Readings((Reading(NAME, llr=self._account.nats(self._media_s)),))

    def _hear_orders(self) -> None:
        with self._lock:
            asked, self._asked = self._asked, None
            dropped, self._dropped = self._dropped, None
        if asked is not None:
            self._open = _Open(asked)
            self._burst.ask(_BURST_S)
        if dropped is not None and self._open is not None:
            challenge_id, why = dropped
            if self._open.challenge.id == challenge_id:
                self._open.dropped = why
                self._conclude(over=True)

    def _came_after(self, item: MediaItem) -> bool:
        arrived_s = getattr(item, "arrived_s", None)
        return self._open is not None and (
            arrived_s is None or arrived_s >= self._open.challenge.asked_s
        )

    def _begin(self, one: _Open, start_s: float) -> None:
        task = one.challenge.task
        one.start_s = start_s
        one.attempt = KINDS[task.kind].attempt(task, start_s, self._tools)

    def _wish(self, one: _Open, time_s: float) -> None:
        if time_s >= one.asked_burst_s + _ASK_EVERY_S:
            one.asked_burst_s = time_s
            self._burst.ask(_BURST_S)

    def _miss(self, gap: MediaGap) -> None:
        self._account.forget()
        if self._open is not None and gap.reason in _LOST:
            self._open.dropped = "connection"
            self._conclude(over=True)

    def _conclude(self, *, over: bool) -> None:
        one = self._open
        if one is None:
            return
        found = self._finding(one, over=over)
        if found is None:
            return
        self._open = self._track = None  # its track may have broken while the head turned
        task = one.challenge.task
        self._account.note(found.outcome, vouches=KINDS[task.kind].vouches, now_s=self._media_s)
        self._results.append(
            ChallengeResult(
                media_s=self._media_s,
                challenge=one.challenge.id,
                kind=task.kind,
                outcome=found.outcome,
                why=found.why,
                after_s=0.0 if one.start_s is None else max(0.0, self._media_s - one.start_s),
                measured=found.measured,
            )
        )

    def _finding(self, one: _Open, *, over: bool) -> Finding | None:
        found = None if one.attempt is None else one.attempt.finding(over=over)
        measured = ChallengeMeasured() if found is None else found.measured
        if one.dropped is not None:
            lost = one.dropped == "connection"
            return Finding("not_measurable" if lost else "unanswered", one.dropped, measured)
        if found is None and over:
            return Finding("not_measurable", "no_media", measured)
        return found
