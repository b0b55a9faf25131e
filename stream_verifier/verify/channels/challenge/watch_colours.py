"""Watch these colours: pale light of the screen that shows on a face, and less behind it.

It says that what the camera sees sits before the screen now. It is no proof of a head: light falls
on a photograph as well, and software that tints the face alone, in time, passes.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np

from model.runtime.colours import COLOURS, Follows, Matcher, against, sequences
from model.runtime.reflected import Background, Light, skin_light
from stream_verifier.errors import SettingsError
from stream_verifier.events.schema import (
    ChallengeKind,
    ChallengeMeasured,
    ChallengeOutcome,
    ScreenColours,
)
from stream_verifier.media.types import MediaItem, VideoFrame
from stream_verifier.verify.channels.challenge.following import FaceFollower
from stream_verifier.verify.channels.challenge.kind import Attempt, Finding, Task, Tools
from stream_verifier.windows.types import Window

_COUNT = 8
_READING_S = 6.0
_EACH_S = 1.0
"""One change a second: three flashes are what WCAG 2.3.1 allows, and these do not flash."""
_AFTER_S = 1.2
"""What a screen, a camera and a network take."""
_PASSING = 17
"""So many of all 8748 sequences may fit as well: by chance one answer in 515 passes."""
_LEAST_RATE_HZ = 6.0
_LEAST_FOUND = 0.6
_DARK = 0.12
_APART, _ALIKE = 0.6, 0.85
"""How far the background may follow at most, to 1 of the face; and from where on it is a tint."""
_SURELY = 2.0
"""Standard deviations by which that must be known."""
_LIT_BEHIND = 1.0
"""A background so bright, to 1 of the face, is not lit by the screen alone, however white it is."""
_LEAST_BEHIND = 0.008
_LEAST_GAIN = 1e-3
_OTHERS_FIT, _OTHERS_FROM = 0.8, 0.05
"""What fits others so well, and these no better than so many of all, is light of other colours."""


class WatchColours:
    """Eight colours of four, drawn by chance, no two alike in a row."""

    name: ChallengeKind = "watch_colours"
    vouches = False
    on_screen = True

    def possible(self, *, lips: bool, mesh: bool) -> bool:  # noqa: ARG002
        """A detector of faces is enough."""
        return True

    def draw(self, chance: random.Random, *, before: int) -> Task:  # noqa: ARG002
        """Draw a sequence."""
        every = sequences(_COUNT)
        drawn = every[chance.randrange(len(every))]
        return Task(
            kind=self.name,
            within_s=_READING_S + _COUNT * _EACH_S + _AFTER_S,
            screen=ScreenColours(
                colours=tuple(COLOURS[code] for code in drawn), from_s=_READING_S, each_s=_EACH_S
            ),
            chance=_PASSING / len(every),
        )

    def attempt(self, task: Task, start_s: float, tools: Tools) -> Attempt:
        """Begin to measure.

        Raises:
            SettingsError: the task has no colours.
        """
        if task.screen is None:
            raise SettingsError("Colours are watched where some are drawn.")
        return Watching(task.screen, start_s, FaceFollower(tools.detector))


@dataclass(frozen=True, slots=True)
class _Seen:
    """One picture; seconds since the first colour."""

    time_s: float
    skin: Light
    behind: Light


@dataclass(frozen=True, slots=True)
class _Following:
    """How what was seen follows the colours.

    Attributes:
        face, wall: skin, and background, each alone.
        apart: skin against background, from which white balance and tints on all drop out.
        late: the same, later than a screen takes; None where there is too little of it.
        share: how far the background goes with them, to 1 of the face.
        unsure: by how much that may be wrong, a standard deviation.
    """

    face: Follows
    wall: Follows
    apart: Follows
    late: Follows | None
    share: float
    unsure: float


class Watching:
    """One answer.

    Args:
        screen: what is shown.
        start_s: media time at which it was asked.
        follower: finds the face.
    """

    def __init__(self, screen: ScreenColours, start_s: float, follower: FaceFollower) -> None:
        self._screen = screen
        self._first_s = start_s + screen.from_s
        self._newest_s = start_s
        self._last_s = self._first_s + screen.each_s * len(screen.colours) + _AFTER_S
        self._follower = follower
        self._background: Background | None = None
        self._seen: list[_Seen] = []
        self._pictures = self._found = self._dark = 0

    def take(self, item: MediaItem) -> None:
        """See pictures."""
        if not isinstance(item, VideoFrame) or item.time_s <= self._newest_s:
            return
        self._newest_s = item.time_s
        face = self._follower.find(item)
        if not self._first_s <= item.time_s <= self._last_s:
            return
        self._pictures += 1
        self._dark += float(item.image[::8, ::8].mean()) < 255 * _DARK
        if face is None:
            return
        self._found += 1
        if self._background is None:
            self._background = Background(face.box, item.image.shape[:2])
        skin, behind = skin_light(item.image, face), self._background.light(item.image)
        if skin is not None and behind is not None:
            self._seen.append(_Seen(item.time_s - self._first_s, skin, behind))

    def near(self, window: Window) -> None:
        """Learn where the face is."""
        if window.face is not None:
            self._follower.near(window.face.box)

    def finding(self, *, over: bool) -> Finding | None:
        """Once all colours were shown."""
        if not over and self._newest_s < self._last_s:
            return None
        if why := self._unseen():
            return Finding("not_measurable", why, ChallengeMeasured(pictures=self._found))
        return self._followed()

    def _unseen(self) -> str | None:
        """Why nothing can be said, if so."""
        least = _LEAST_RATE_HZ * self._screen.each_s * len(self._screen.colours)
        if self._pictures < least:
            return "too_few_pictures"
        if self._found < _LEAST_FOUND * self._pictures:
            return "too_dark" if self._dark > self._pictures / 2 else "no_face"
        if self._background is None or not self._background.enough:
            return "no_background"
        if len(self._seen) >= least:
            return None
        return "too_dark" if self._dark > self._pictures / 2 else "too_bright"

    def _followed(self) -> Finding:
        times_s = np.array([one.time_s for one in self._seen])
        codes = np.array([COLOURS.index(colour) for colour in self._screen.colours])
        matcher = Matcher(times_s, codes, each_s=self._screen.each_s)
        skin = np.array([one.skin.chroma for one in self._seen])
        behind = np.array([one.behind.chroma for one in self._seen])
        face, wall = matcher.follows(skin), matcher.follows(behind)
        left = against(skin, behind)
        apart, late = matcher.follows(left), matcher.follows(left, late=True)
        if face is None or wall is None or apart is None:
            return self._missing()
        gain = max(face.gain, _LEAST_GAIN)
        share, unsure = (
            part(behind, face.delay_s) / gain for part in (matcher.gain, matcher.unsure)
        )
        seen = _Following(face, wall, apart, late, share, unsure)
        outcome, why = self._judged(seen)
        measured = ChallengeMeasured(
            pictures=self._found,
            bits=math.log2(apart.of / apart.rank),
            delay_s=apart.delay_s,
            light=max(0.0, apart.gain),
            background=share if face.among(_PASSING) else None,
        )
        return Finding(outcome, why, measured)

    def _judged(self, seen: _Following) -> tuple[ChallengeOutcome, str | None]:
        """What it comes to: nobody fails for a room that is bright, dark or narrow."""
        levels = np.array([(one.behind.level, one.skin.level) for one in self._seen])
        behind, skin = np.median(levels, axis=0)
        both = seen.face.among(_PASSING) and seen.wall.among(_PASSING)
        if both and seen.share >= _ALIKE and behind >= _LIT_BEHIND * skin:
            return "failed", "whole_picture"
        if (both and seen.share > _APART) or (
            seen.apart.among(_PASSING) and seen.share + _SURELY * seen.unsure > _APART
        ):
            return "not_measurable", "background_follows" if both else "background_moves"
        if behind < _LEAST_BEHIND:
            return "not_measurable", "dark_background"
        if seen.apart.among(_PASSING):
            return "passed", None
        if seen.late is not None and seen.late.among(_PASSING):
            return "not_measurable", "late"
        if seen.apart.best >= _OTHERS_FIT and seen.apart.rank > seen.apart.of * _OTHERS_FROM:
            return "failed", "other_colours"
        return "not_measurable", "no_reflection"

    def _missing(self) -> Finding:
        measured = ChallengeMeasured(pictures=self._found)
        return Finding("not_measurable", "too_few_pictures", measured)
