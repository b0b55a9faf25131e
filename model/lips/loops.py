"""Loops of a call: how much more they are like what was there before than life is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from model.data.codecs import grey_jpeg, opus
from model.lips.clips import KEPT_PX, Clip
from model.lips.lessons import bands_of
from model.lips.material import by_person
from model.lips.points import COUNT
from model.lips.trials import Network, area, shown
from model.runtime.lips import SOUND_FRAMES_PER_STEP
from model.runtime.mouth import STEP_S
from model.runtime.repeats import RepeatFinder

LIVED_S = 12.0
"""How long a living call is, and a loop with what it repeats."""
TRIALS = 30
"""Calls of each kind, spread over the people."""
BANDS = 20
"""Numbers a step that sound is looked at by."""

Series = NDArray[np.floating]
Rng = np.random.Generator


@dataclass(frozen=True)
class LoopRow:
    """Likenesses of living calls and of loops.

    Attributes:
        what: what is looked at, and how the loop was spoiled.
        people: whose clips.
        trials: calls, half of them living.
        auc: how often a loop is more like its past than life is.
        living: the most that any living call came to.
        least, middle: the least and the median of the loops.
    """

    what: str
    people: int
    trials: int
    auc: float
    living: float
    least: float
    middle: float

    def cells(self) -> list[str]:
        """As a page shows them."""
        numbers = (self.auc, self.living, self.least, self.middle)
        return [self.what, str(self.people), str(self.trials), *(f"{n:.2f}" for n in numbers)]


HEAD = ("what", "people", "trials", "AUC", "life at most", "loops at least", "loops, median")


def loops(clips: Sequence[Clip], network: Network, seed: int) -> Iterator[LoopRow]:
    """Try lips and sound, each with a loop that is coded anew and one that suffers more."""
    people = {who: few for who, few in by_person(clips).items() if _seconds(few) > LIVED_S}
    ways: dict[str, tuple[Callable[[Clip], Series], Callable[[Clip, Rng], Series]]] = {
        "lips; coded anew": (
            lambda clip: _lips(clip, network),
            lambda clip, rng: _lips(_recoded(clip, rng), network),
        ),
        "lips; coded anew, held by hand": (
            lambda clip: _lips(clip, network),
            lambda clip, rng: _lips(_held(_recoded(clip, rng), rng), network),
        ),
        "sound; Opus at 12 kb/s": (_sound, lambda clip, _: _sound(_coded(clip))),
    }
    for what, (plain, spoiled) in ways.items():
        rng = np.random.default_rng(seed)
        living, looped = [], []
        for number in range(TRIALS):
            theirs = list(people.values())[number % len(people)]
            chosen = _some(theirs, LIVED_S, rng)
            living.append(_likeness([plain(clip) for clip in chosen]))
            half = _some(theirs, LIVED_S / 2, rng)
            again = [*(plain(clip) for clip in half), *(spoiled(clip, rng) for clip in half)]
            looped.append(_likeness(again))
        scores, kind = np.array(looped + living), np.arange(2 * TRIALS) < TRIALS
        yield LoopRow(
            what=what,
            people=len(people),
            trials=2 * TRIALS,
            auc=area(scores, kind),
            living=max(living),
            least=min(looped),
            middle=float(np.median(looped)),
        )


def _likeness(parts: Sequence[Series]) -> float:
    finder = RepeatFinder(parts[0].shape[1])
    for numbers in np.concatenate(parts):
        finder.push(numbers)
    found = finder.find()
    return found.likeness if found else 0.0


def _lips(clip: Clip, network: Network) -> Series:
    return network.features(shown(clip.mouths))[:, : 2 * COUNT]


def _sound(clip: Clip) -> Series:
    bands = bands_of(clip.sound, clip.steps)
    parts = bands.reshape(clip.steps, SOUND_FRAMES_PER_STEP, BANDS, -1)
    return np.asarray(parts.mean(axis=(1, 3)))


def _recoded(clip: Clip, rng: Rng) -> Clip:
    """Its pictures as JPEG of quality 40, with a sensor's noise."""
    mouths = []
    for mouth in clip.mouths:
        noisy = np.clip(mouth + rng.normal(0, 3, mouth.shape), 0, 255).astype(np.uint8)
        mouths.append(grey_jpeg(noisy, 40))
    return replace(clip, mouths=np.stack(mouths))


def _held(clip: Clip, rng: Rng) -> Clip:
    """Its pictures as a hand moves them: slowly, by a pixel or two and a degree."""
    phase, hertz = rng.uniform(0, 2 * np.pi, 3), rng.uniform(0.3, 1.5, 3)
    mouths = []
    for step, mouth in enumerate(clip.mouths):
        turn, right, down = np.sin(2 * np.pi * hertz * step * STEP_S + phase)
        place = cv2.getRotationMatrix2D((KEPT_PX / 2, KEPT_PX / 2), float(turn), 1.0)
        place[:, 2] += (1.5 * right, 1.5 * down)
        size = (KEPT_PX, KEPT_PX)
        mouths.append(cv2.warpAffine(mouth, place, size, borderMode=cv2.BORDER_REPLICATE))
    return replace(clip, mouths=np.stack(mouths).astype(np.uint8))


def _coded(clip: Clip) -> Clip:
    heard = opus(clip.sound.astype(np.float32) / np.float32(32768), 12_000)
    return replace(clip, sound=np.asarray(heard * 32767, np.int16))


def _some(clips: Sequence[Clip], seconds: float, rng: Rng) -> list[Clip]:
    """Clips in any order, each once, until there are so many seconds."""
    chosen: list[Clip] = []
    for index in rng.permutation(len(clips)):
        if _seconds(chosen) >= seconds:
            break
        chosen.append(clips[index])
    return chosen


def _seconds(clips: Sequence[Clip]) -> float:
    return sum(clip.steps for clip in clips) * STEP_S
