"""Asks the person in a call for something, and hears what becomes of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Literal

from stream_verifier.calls.challenges import CallChallenges
from stream_verifier.errors import ChallengeError
from stream_verifier.events.schema import (
    Asker,
    ChallengeAsked,
    ChallengeKind,
    ChallengeResult,
    Payload,
)
from stream_verifier.verify.pipeline import VerifyPipeline


class Asking:
    """What a session asks of its person; all in the event loop.

    Args:
        challenges: what the person may be asked for, and how often.
        pipeline: measures the answers; None in an enrolment, where nothing is asked.
        emit: tells an event of the session.
        notify: says that the pipeline has something to do.
        media_s: media time of the newest event, seconds.
        over: whether the session's end was asked for.
    """

    def __init__(
        self,
        challenges: CallChallenges,
        pipeline: VerifyPipeline | None,
        *,
        emit: Callable[[Payload], None],
        notify: Callable[[], None],
        media_s: Callable[[], float],
        over: Callable[[], bool],
    ) -> None:
        self._challenges = challenges
        self._pipeline = pipeline
        self._emit = emit
        self._notify = notify
        self._media_s = media_s
        self._over = over
        self._loop = asyncio.get_running_loop()

    def refuse(
        self, kind: ChallengeKind | None, *, trusted: bool = False, shown: bool = True
    ) -> None:
        """Say why none can be asked now, if so; arguments as `CallChallenges.refuse`.

        Raises:
            ChallengeError: it is so.
        """
        self._challenges.refuse(kind, now_s=self._loop.time(), free=trusted, shown=shown)

    def ask(
        self,
        kind: ChallengeKind | None,
        *,
        by: Asker,
        trusted: bool = False,
        instead: bool = False,
    ) -> ChallengeAsked:
        """Ask for something, now; arguments as `CallChallenges.ask`.

        Raises:
            ChallengeError: it cannot be asked in this call, now or at all.
        """
        if self._pipeline is None or self._over():
            raise ChallengeError("Only in a verified call that runs can something be asked for.")
        challenge, asked = self._challenges.ask(
            kind,
            by=by,
            now_s=self._loop.time(),
            media_s=self._media_s(),
            trusted=trusted,
            instead=instead,
        )
        self._pipeline.ask(challenge)
        self._emit(asked)
        self._notify()
        return asked

    def answer(self, challenge_id: str, choice: Literal["skip", "other"]) -> None:
        """Take the person's word that it is skipped, or another way preferred.

        Raises:
            ChallengeError: that one is not open.
        """
        chosen = self._challenges.open == challenge_id
        if choice == "other":
            chosen = self._challenges.choose_other(challenge_id)
        if not chosen or self._pipeline is None:
            raise ChallengeError("That challenge is not open any more.")
        why = "skipped" if choice == "skip" else "another_way"
        self._pipeline.drop(challenge_id, why)
        self._notify()

    def closes(self, result: ChallengeResult) -> bool:
        """Whether it is the result of the challenge that is open, which is closed by it."""
        return self._challenges.take(result, self._loop.time())

    def follow(self, payload: Payload) -> None:
        """Ask for what an event of the call gives cause to, if anything."""
        wanted = self._challenges.wanted(payload)
        if wanted is not None:
            with contextlib.suppress(ChallengeError):  # the call ends
                self.ask(wanted.kind, by=wanted.by, instead=wanted.instead)
