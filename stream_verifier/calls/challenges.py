"""Who may be asked for what in a call, when, and how often: one at a time, each drawn anew."""

from __future__ import annotations

import math
import random
import secrets
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from stream_verifier.access.limiter import Buckets
from stream_verifier.errors import (
    ChallengeError,
    ChallengeOpenError,
    NobodyTellsError,
    TooManyChallengesError,
)
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
_NOBODY_TELLS = (
    "The client of this call does not say that it shows challenges of that kind (or has no screen "
    "at all, as a room, a bot and WHIP have none): tell the person yourself what challenge_asked "
    "says, and ask with `asker_tells`."
)
_MOST_HARDER = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """A challenge that is to be asked now: of what kind, by whose wish, and in whose place."""

    kind: ChallengeKind
    by: Asker
    instead: bool = False


class ChallengeBook:
    """What all calls of a server share: how their challenges ended, and in which names.

    Whoever opens one call after another until turns are drawn that a recording of his has, is asked
    for more turns each time in that name, and after so many has to wait. It is in memory, and each
    worker has its own.

    Args:
        most: that whoever holds a token may ask for in one name, a day.

    Attributes:
        counts: results by kind and outcome.
    """

    def __init__(self, *, most: int = 20) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self._asked = Buckets(burst=most, refill_s=_DAY_S / most, remembered=_MOST_NAMES)
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

    def refuse(self, identity: str, now_s: float) -> None:
        """Say that no more may be asked for in a name now, if so.

        Raises:
            TooManyChallengesError: there were as many as a day may have.
        """
        wait_s = self._asked.wait_s(identity, now_s)
        if wait_s > 0:
            raise TooManyChallengesError(
                "That name has had as many challenges as a day may have "
                f"(STREAM_VERIFIER_CHALLENGES_PER_NAME): ask again in {math.ceil(wait_s)} s, or "
                "have an administrator ask."
            )

    def charge(self, identity: str, now_s: float) -> None:
        """Count one that is asked for in a name."""
        self._asked.take(identity, 1.0, now_s)

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
        told: whether there is a client that is told of events, as of WHIP and rooms there is none.
        settings: how many there may be, and when the server asks by itself.
        book: of all calls.
        asked: how many were asked before, at another worker.
        camera_doubted: whether the camera calls itself one that is made of software.
        chance: where tasks are drawn from.
    """

    def __init__(
        self,
        *,
        identity: str,
        kinds: Sequence[ChallengeKind],
        shown: Sequence[ChallengeKind],
        told: bool,
        settings: Settings,
        book: ChallengeBook,
        asked: int = 0,
        camera_doubted: bool = False,
        chance: random.Random | None = None,
    ) -> None:
        self._identity = identity
        self._kinds = tuple(kinds)
        self._shown = frozenset(shown) if told else frozenset()
        self._told = told
        self._settings = settings
        self._book = book
        self._asked = asked
        self._chance = chance or random.SystemRandom()
        self._of_kind: Counter[ChallengeKind] = Counter()
        self._open: ChallengeAsked | None = None
        self._next: Wanted | None = None
        self._begun = asked > 0
        self._camera_doubted = camera_doubted
        self._reasons: frozenset[Reason] = frozenset()
        self._doubt_since_s: float | None = None
        self._over_s = -math.inf

    @property
    def open(self) -> str | None:
        """Id of the one that is open."""
        return None if self._open is None else self._open.challenge

    def refuse(
        self,
        kind: ChallengeKind | None,
        *,
        now_s: float,
        free: bool = False,
        shown: bool = True,
    ) -> None:
        """Say why none can be asked now, if so.

        Args:
            kind: which; None: any.
            now_s: monotonic.
            free: whether it is by an administrator's wish, or the server's own.
            shown: whether somebody else shows it to the person, or the client itself asks.

        Raises:
            ChallengeOpenError: one is open.
            TooManyChallengesError: there were as many as there may be, here or in that name.
            NobodyTellsError: the call's client shows no such one.
            ChallengeError: that kind, or any, cannot be measured in this call.
        """
        if self._open is not None:
            raise ChallengeOpenError("A challenge is open in this call: wait for its result.")
        if not self._kinds or (kind is not None and kind not in self._kinds):
            able = ", ".join(self._kinds) or "none"
            raise ChallengeError(f"That cannot be measured in this call. What can: {able}.")
        if not shown and self._preferred(kind) not in self._shown:
            raise NobodyTellsError(_NOBODY_TELLS)
        if self._asked >= self._settings.challenges_per_call:
            raise TooManyChallengesError(
                f"This call has had {self._asked} challenges, as many as one may have "
                "(STREAM_VERIFIER_CHALLENGES_PER_CALL)."
            )
        if not free:
            self._book.refuse(self._identity, now_s)

    def ask(
        self,
        kind: ChallengeKind | None,
        *,
        by: Asker,
        now_s: float,
        media_s: float,
        trusted: bool = False,
        instead: bool = False,
    ) -> tuple[Challenge, ChallengeAsked]:
        """Draw a challenge; it is open from now on.

        Args:
            kind: which; None: the one that shows most, of those that are shown if any is.
            by: who asks.
            now_s: monotonic.
            media_s: media time.
            trusted: whether that is an administrator.
            instead: whether the person chose it in place of the last one, and so counts with it.

        Raises:
            ChallengeError: as `refuse`.
        """
        if not instead:
            self.refuse(kind, now_s=now_s, free=trusted or by in ("start", "doubt"))
            self._book.charge(self._identity, now_s)
            self._asked += 1
        kind = self._preferred(kind)
        before = self._of_kind[kind] + self._book.unpassed(self._identity, now_s)
        task = KINDS[kind].draw(self._chance, before=before)
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
            others=[] if instead else self._others(kind),
            chance=task.chance,
            screen=task.screen,
        )
        return Challenge(self._open.challenge, task, now_s), self._open

    def choose_other(self, challenge_id: str) -> bool:
        """Note that the person chose another way; return whether that challenge is open."""
        if self._open is None or self._open.challenge != challenge_id:
            return False
        others = self._open.others
        self._next = Wanted(others[0], self._open.by, instead=True) if others else None
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
        if self._open is not None:
            return None
        if isinstance(payload, ChallengeResult):
            chosen, self._next = self._next, None
            return chosen
        if not self._told or self._asked >= self._settings.challenges_per_call:
            return None
        return self._by_settings(payload) if isinstance(payload, Score) else None

    def _preferred(self, kind: ChallengeKind | None) -> ChallengeKind:
        """That one, or the one that shows most, of those that are shown if any is."""
        if kind is not None:
            return kind
        return next((one for one in self._kinds if one in self._shown), self._kinds[0])

    def _others(self, kind: ChallengeKind) -> list[ChallengeKind]:
        """What the person may choose instead: of what is shown, or told in words."""
        able = self._shown or {one for one in self._kinds if not KINDS[one].on_screen}
        return [one for one in self._kinds if one != kind and one in able]

    def _by_settings(self, score: Score) -> Wanted | None:
        at_start = self._settings.challenge_at_start
        if at_start != "off" and not self._begun and score.faces and at_start in self._kinds:
            return Wanted(at_start, "start")
        if self._settings.challenge_in_doubt == "off":
            return None
        if self._camera_doubted and not self._begun and score.faces and (able := self._able()):
            return Wanted(able[0], "doubt")
        return self._in_doubt(score)

    def _in_doubt(self, score: Score) -> Wanted | None:
        if score.presence != -1 and Reason.PRESENCE_NOT_SHOWN not in self._reasons:
            self._doubt_since_s = None
            return None
        if self._doubt_since_s is None:
            self._doubt_since_s = score.media_s
        lasted_s = score.media_s - self._doubt_since_s
        if lasted_s < _DOUBT_S or score.media_s < self._over_s + _REST_S or not score.faces:
            return None
        kind = self._against_doubt()
        return None if kind is None else Wanted(kind, "doubt")

    def _able(self) -> list[ChallengeKind]:
        """What can be measured and is shown, the one that shows most first."""
        order: tuple[ChallengeKind, ...] = ("turn_head", "watch_colours", "say_digits")
        return [one for one in order if one in self._kinds and one in self._shown]

    def _against_doubt(self) -> ChallengeKind | None:
        """What might settle the doubt there is, among what the client shows."""
        doubts = self._reasons & (PRESENCE_REASONS | {Reason.PRESENCE_NOT_SHOWN})
        doubts -= {Reason.CHALLENGE_NOT_PASSED}
        if not doubts:
            return None
        # Speech that is asked for gives lips and ears something to go by; a screen has no depth,
        # and who says nothing may rather turn the head.
        of_picture = doubts <= {Reason.PRESENTATION_SUSPECTED, Reason.PRESENCE_NOT_SHOWN}
        able = self._able()
        return next(iter(able if of_picture else able[::-1]), None)
