"""Who may be asked for what in a call, when, and how often: one at a time, each drawn anew."""

from __future__ import annotations

import math
import random
import secrets
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from stream_verifier.errors import ChallengeError, ChallengeOpenError, TooManyChallengesError
from stream_verifier.events.schema import (
    PRESENCE_REASONS,
    Asker,
    ChallengeAsked,
    ChallengeKind,
    ChallengeResult,
    Payload,
    Reason,
    Score,
    StateChanged,
)
from stream_verifier.settings import Settings
from stream_verifier.verify.channels.challenge.catalogue import KINDS
from stream_verifier.verify.channels.challenge.kind import Challenge

_DOUBT_S = 8.0
"""Presence in doubt for so long, of media, is not going to settle by itself soon."""
_REST_S = 30.0
"""Of media, between two that the server asks for by itself."""
_DAY_S = 24 * 3600.0
_MOST_NAMES = 10_000
_MOST_HARDER = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """A challenge that is to be asked now: of what kind, and by whose wish."""

    kind: ChallengeKind
    by: Asker


class ChallengeBook:
    """What all calls of a server share: how their challenges ended, and in which names.

    Whoever opens one call after another until turns are drawn that a recording of his has, is asked
    for more turns each time in that name. It is in memory, and each worker has its own.

    Attributes:
        counts: results by kind and outcome.
    """

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self._unpassed: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def note(self, identity: str, result: ChallengeResult, now_s: float) -> None:
        """Count a result."""
        self.counts[result.kind, result.outcome] += 1
        if not KINDS[result.kind].vouches:
            return
        count = 0 if result.outcome == "passed" else self.unpassed(identity, now_s) + 1
        self._unpassed.pop(identity, None)
        if count:
            self._unpassed[identity] = (min(_MOST_HARDER, count), now_s)
        while len(self._unpassed) > _MOST_NAMES:
            self._unpassed.popitem(last=False)

    def unpassed(self, identity: str, now_s: float) -> int:
        """How many of a day were not passed in a name since one was, three at most."""
        count, at_s = self._unpassed.get(identity, (0, -math.inf))
        return count if now_s - at_s < _DAY_S else 0


class CallChallenges:
    """The challenges of one call; used from the event loop only.

    Args:
        identity: whose call it is.
        kinds: that can be measured.
        shown: that its client says it shows to the person.
        settings: how many there may be, and when the server asks by itself.
        book: of all calls.
        asked: how many were asked before, at another worker.
        chance: where tasks are drawn from.
    """

    def __init__(
        self,
        *,
        identity: str,
        kinds: Sequence[ChallengeKind],
        shown: Sequence[ChallengeKind],
        settings: Settings,
        book: ChallengeBook,
        asked: int = 0,
        chance: random.Random | None = None,
    ) -> None:
        self._identity = identity
        self._kinds = tuple(kinds)
        self._shown = frozenset(shown)
        self._settings = settings
        self._book = book
        self._asked = asked
        self._chance = chance or random.SystemRandom()
        self._of_kind: Counter[ChallengeKind] = Counter()
        self._open: ChallengeAsked | None = None
        self._next: Wanted | None = None
        self._begun = asked > 0
        self._reasons: frozenset[Reason] = frozenset()
        self._doubt_since_s: float | None = None
        self._over_s = -math.inf

    @property
    def open(self) -> str | None:
        """Id of the one that is open."""
        return None if self._open is None else self._open.challenge

    def refuse(self, kind: ChallengeKind | None = None) -> None:
        """Say why none can be asked now, if so.

        Raises:
            ChallengeOpenError: one is open.
            TooManyChallengesError: there were as many as there may be.
            ChallengeError: that kind, or any, cannot be measured in this call.
        """
        if self._open is not None:
            raise ChallengeOpenError("A challenge is open in this call: wait for its result.")
        if not self._kinds or (kind is not None and kind not in self._kinds):
            able = ", ".join(self._kinds) or "none"
            raise ChallengeError(f"That cannot be measured in this call. What can: {able}.")
        if self._asked >= self._settings.challenges_per_call:
            raise TooManyChallengesError(
                f"This call has had {self._asked} challenges, as many as one may have "
                "(STREAM_VERIFIER_CHALLENGES_PER_CALL)."
            )

    def ask(
        self, kind: ChallengeKind | None, *, by: Asker, now_s: float, media_s: float
    ) -> tuple[Challenge, ChallengeAsked]:
        """Draw a challenge; it is open from now on.

        Args:
            kind: which; None: the one that shows most.
            by: who asks.
            now_s: monotonic.
            media_s: media time.

        Raises:
            ChallengeError: as `refuse`.
        """
        self.refuse(kind)
        kind = kind or self._kinds[0]
        before = self._of_kind[kind] + self._book.unpassed(self._identity, now_s)
        task = KINDS[kind].draw(self._chance, before=before)
        self._asked += 1
        self._of_kind[kind] += 1
        self._begun = True
        most = self._settings.challenges_per_call
        self._open = ChallengeAsked(
            media_s=media_s,
            challenge=secrets.token_hex(8),
            kind=kind,
            by=by,
            turns=list(task.turns),
            digits=task.digits,
            within_s=task.within_s,
            number=self._asked,
            most=most,
            others=[one for one in self._kinds if one != kind] if self._asked < most else [],
            chance=task.chance,
        )
        return Challenge(self._open.challenge, task, now_s), self._open

    def choose_other(self, challenge_id: str) -> bool:
        """Note that the person chose another way; return whether that challenge is open."""
        if self._open is None or self._open.challenge != challenge_id:
            return False
        others = self._open.others
        self._next = Wanted(others[0], self._open.by) if others else None
        return True

    def take(self, result: ChallengeResult, now_s: float) -> bool:
        """Close a challenge; return whether it was open, so that its result counts, once."""
        if self._open is None or self._open.challenge != result.challenge:
            return False
        self._open = None
        self._over_s = result.media_s
        self._book.note(self._identity, result, now_s)
        return True

    def wanted(self, payload: Payload) -> Wanted | None:
        """What is to be asked after an event, by the person's choice or the server's settings."""
        if isinstance(payload, StateChanged):
            self._reasons = frozenset(payload.reasons)
        if self._open is not None or self._asked >= self._settings.challenges_per_call:
            return None
        if isinstance(payload, ChallengeResult):
            chosen, self._next = self._next, None
            return chosen
        return self._by_settings(payload) if isinstance(payload, Score) else None

    def _by_settings(self, score: Score) -> Wanted | None:
        at_start = self._settings.challenge_at_start
        if at_start != "off" and not self._begun and score.faces and at_start in self._kinds:
            return Wanted(at_start, "start")
        if self._settings.challenge_in_doubt == "off" or score.presence != -1:
            self._doubt_since_s = None
            return None
        if self._doubt_since_s is None:
            self._doubt_since_s = score.media_s
        lasted_s = score.media_s - self._doubt_since_s
        if lasted_s < _DOUBT_S or score.media_s < self._over_s + _REST_S or not score.faces:
            return None
        kind = self._against_doubt()
        return None if kind is None else Wanted(kind, "doubt")

    def _against_doubt(self) -> ChallengeKind | None:
        """What might settle the doubt there is, among what the client shows."""
        doubts = (self._reasons & PRESENCE_REASONS) - {Reason.CHALLENGE_NOT_PASSED}
        if not doubts:
            return None
        # Speech that is asked for gives lips and ears something to go by; a screen has no depth.
        of_picture = doubts == {Reason.PRESENTATION_SUSPECTED}
        order: tuple[ChallengeKind, ...] = ("turn_head", "say_digits")
        able = [one for one in order if one in self._kinds and one in self._shown]
        return next(iter(able if of_picture else able[::-1]), None)
