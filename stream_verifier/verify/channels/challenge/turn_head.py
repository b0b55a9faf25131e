"""Turn your head to this side, and that, and back: what a flat picture cannot do."""

from __future__ import annotations

import random

from model.runtime.mesh import LEAST_PRESENCE, FaceMesh
from model.runtime.turning import HeadTurns
from stream_verifier.errors import SettingsError
from stream_verifier.events.schema import ChallengeKind, ChallengeMeasured, ChallengeOutcome, Turn
from stream_verifier.media.types import MediaItem, VideoFrame
from stream_verifier.verify.channels.challenge.following import FaceFollower
from stream_verifier.verify.channels.challenge.kind import (
    LEAST_REACTION_S,
    Attempt,
    Finding,
    Task,
    Tools,
)
from stream_verifier.windows.types import Window

_FEWEST_TURNS, _MOST_TURNS = 3, 6
_READING_S, _TURN_S = 4.0, 3.0
_DARK = 0.12
_LEAST_RATE_HZ = 6.0
_LEAST_FOUND = 0.6
_FLAT = 5
_SIDES: tuple[Turn, Turn] = ("left", "right")


class TurnHead:
    """Turns to sides drawn by chance, one more each time it is asked for anew."""

    name: ChallengeKind = "turn_head"
    vouches = True
    on_screen = False

    def possible(self, *, lips: bool, mesh: bool) -> bool:  # noqa: ARG002
        """Without the mesh a picture that is bent would do."""
        return mesh

    def draw(self, chance: random.Random, *, before: int) -> Task:
        """Draw sides; half as easily guessed each time."""
        count = min(_MOST_TURNS, _FEWEST_TURNS + before)
        return Task(
            kind=self.name,
            within_s=_READING_S + _TURN_S * count,
            turns=tuple(chance.choice(_SIDES) for _ in range(count)),
            chance=0.5**count,
        )

    def attempt(self, task: Task, start_s: float, tools: Tools) -> Attempt:
        """Begin to measure.

        Raises:
            SettingsError: there is no face mesh.
        """
        if tools.mesh is None:
            raise SettingsError("Turns of a head need weights with the part face_mesh.")
        return TurningHead(task, start_s, FaceFollower(tools.detector), tools.mesh)


class TurningHead:
    """One answer.

    Args:
        task: with the sides.
        start_s: media time at which it was asked.
        follower: finds the face.
        mesh: finds its points.
    """

    def __init__(self, task: Task, start_s: float, follower: FaceFollower, mesh: FaceMesh) -> None:
        self._wanted = task.turns
        self._start_s = self._newest_s = start_s
        self._follower = follower
        self._mesh = mesh
        self._head = HeadTurns()
        self._pictures = self._dark = 0

    def take(self, item: MediaItem) -> None:
        """See pictures."""
        if not isinstance(item, VideoFrame) or item.time_s <= self._newest_s:
            return
        self._newest_s = item.time_s
        self._pictures += 1
        self._dark += float(item.image[::8, ::8].mean()) < 255 * _DARK
        face = self._follower.find(item)
        if face is not None:
            points, presence = self._mesh.locate(item.image, face.box, face.landmarks)
            believed = points if presence >= LEAST_PRESENCE else None
            self._head.see(item.time_s, face.landmarks, believed)

    def near(self, window: Window) -> None:
        """Learn where the face is."""
        if window.face is not None:
            self._follower.near(window.face.box)

    def finding(self, *, over: bool) -> Finding | None:
        """Passed as soon as all turns were right, failed at the first that was not."""
        for wanted, turn in zip(self._wanted, self._head.turns, strict=False):
            if turn.began_s - self._start_s < LEAST_REACTION_S:
                return self._found("failed", "too_soon")
            if turn.side != wanted:
                return self._found("failed", "other_side")
            if not turn.whole:
                return self._found("not_measurable", "pictures_missing")
            if not turn.passed or self._follower.leaps:
                return self._found("failed", "not_continuous")
            if not turn.solid:
                return self._found("failed", "flat")
        if len(self._head.turns) >= len(self._wanted):
            return self._found("passed", None)
        return self._at_the_end() if over else None

    def _at_the_end(self) -> Finding:
        if why := self._unseen():
            return self._found("not_measurable", why)
        if self._follower.leaps:
            return self._found("failed", "not_continuous")
        if self._head.turns or self._head.under_way:
            return self._found("failed", "too_few_turns")
        if self._head.flat >= _FLAT:
            return self._found("failed", "flat")
        return self._found("unanswered", "no_turn")

    def _unseen(self) -> str | None:
        """Why nothing can be said, if so."""
        lasted_s = self._newest_s - self._start_s
        if self._pictures < _LEAST_RATE_HZ * max(1.0, lasted_s):
            return "too_few_pictures"
        if self._head.pictures < _LEAST_FOUND * self._pictures:
            return "too_dark" if self._dark > self._pictures / 2 else "no_face"
        return None if self._head.at_rest else "never_at_rest"

    def _found(self, outcome: ChallengeOutcome, why: str | None) -> Finding:
        turns = self._head.turns[: len(self._wanted)]
        measured = ChallengeMeasured(
            pictures=self._head.pictures,
            turns=[turn.side for turn in turns],
            reaction_s=turns[0].began_s - self._start_s if turns else None,
        )
        return Finding(outcome, why, measured)
