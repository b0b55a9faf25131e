"""What a kind of challenge is: it draws a task by chance, and measures one answer."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from model.runtime.detect import FaceDetector
from model.runtime.mesh import FaceMesh
from stream_verifier.events.schema import (
    ChallengeKind,
    ChallengeMeasured,
    ChallengeOutcome,
    ScreenColours,
    Side,
    Turn,
)
from stream_verifier.media.types import MediaItem
from stream_verifier.verify.channels.presence.models import PresenceModels
from stream_verifier.windows.senses import Ears
from stream_verifier.windows.types import Window

LEAST_REACTION_S = 0.15
"""Nobody answers sooner to what he has yet to read: a motion under way is no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What somebody is asked to do.

    Attributes:
        kind: its kind's name.
        within_s: seconds until it must be over.
        turns: sides to turn to.
        digits: to say.
        screen: colours to show on it.
        chance: that whoever picks blindly gets it right; None where nothing drawn is checked.
    """

    kind: ChallengeKind
    within_s: float
    turns: tuple[Turn, ...] = ()
    digits: str | None = None
    screen: ScreenColours | None = None
    chance: float | None = None


@dataclass(frozen=True, slots=True)
class Challenge:
    """A task that was put to a call, once.

    Attributes:
        id: random.
        task: what is to be done.
        asked_s: monotonic time at which it was told; media that arrived before is no answer.
    """

    id: str
    task: Task
    asked_s: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a challenge.

    Attributes:
        outcome: passed, failed, unanswered or not measurable.
        why: machine-readable; None where it was passed.
        measured: as the event tells it.
    """

    outcome: ChallengeOutcome
    why: str | None
    measured: ChallengeMeasured


class Attempt(Protocol):
    """One answer while it is given; used by one thread, reads no clock."""

    def take(self, item: MediaItem) -> None:
        """Take the media of the call in, from when it was asked on."""
        ...

    def near(self, window: Window) -> None:
        """Take a window, which knows where the followed face is."""
        ...

    def finding(self, *, over: bool) -> Finding | None:
        """What is known by now; None while there may be more to come.

        Args:
            over: nothing more comes; something must be found.
        """
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What attempts measure with, one call's.

    Attributes:
        detector: finds faces.
        ears: know where speech is.
        models: read lips; None where presence is off.
        mesh: finds points of faces; None where the weights have none.
        voice: which way the voice's evidence points, as it is told.
    """

    detector: FaceDetector
    ears: Ears
    models: PresenceModels | None
    mesh: FaceMesh | None
    voice: Callable[[], Side]


class Kind(Protocol):
    """A kind of challenge: a file beside this one, and a name in the events' schema."""

    @property
    def name(self) -> ChallengeKind:
        """As events have it."""
        ...

    @property
    def vouches(self) -> bool:
        """Whether an answer shows more than what the call is asked of anyway."""
        ...

    @property
    def on_screen(self) -> bool:
        """Whether only a screen can ask for it, and no words in a chat."""
        ...

    def possible(self, *, lips: bool, mesh: bool) -> bool:
        """Whether it can be measured, where there are models of lips and of faces or not."""
        ...

    def draw(self, chance: random.Random, *, before: int) -> Task:
        """Draw a task.

        Args:
            chance: where it is drawn from; nobody else may know.
            before: so many of this kind were asked in the call before.
        """
        ...

    def attempt(self, task: Task, start_s: float, tools: Tools) -> Attempt:
        """Begin to measure an answer.

        Args:
            task: as drawn.
            start_s: media time of the first media that came after it was asked.
            tools: the call's.
        """
        ...
