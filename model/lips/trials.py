"""Trials of lips and speech: clips as the network reads them, put together rightly and wrongly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from model.data.media import SAMPLE_RATE_HZ
from model.lips.clips import MARGIN_PX, Clip
from model.lips.lessons import bands_of
from model.lips.material import told
from model.runtime.lips import Agreement
from model.runtime.mouth import SIDE_PX, STEP_S
from model.types import Vector

SECOND = 25
"""Steps that count of a clip, whatever its length: a second, so that clips add up to seconds."""

LEAST_MOVED = 6
"""Steps by which other speech is moved at least where it begins at any moment."""

Mouths = NDArray[np.uint8]
Sound = NDArray[np.int16]
Show = Callable[[Clip, NDArray[np.intp]], Mouths]
Speak = Callable[[Sound], Sound]
T = TypeVar("T")


class Network(Protocol):
    """What reads mouths and sounds, in LiteRT or in training."""

    def features(self, mouths: NDArray[np.uint8]) -> Vector:
        """Shape (n, 56, 56) to (n, 118)."""
        ...

    def picture(self, features: Vector) -> Vector:
        """Shape (steps, 118) to (steps, 64)."""
        ...

    def sound(self, fbank: Vector) -> Vector:
        """Shape (4 steps, 80) to (steps, 64)."""
        ...


@dataclass(frozen=True)
class Read:
    """A clip as the network reads it.

    Attributes:
        source: data set.
        identity: the person.
        picture: float32, shape (steps, 64).
        sound: float32, shape (steps, 64).
    """

    source: str
    identity: str
    picture: Vector
    sound: Vector


@dataclass(frozen=True)
class Trials:
    """Agreements of right and wrong pairings.

    Attributes:
        agreements: one a trial.
        mated: shape (n,), whether picture and sound belong together.
        people: shape (n,), whose picture it is.
    """

    agreements: tuple[Agreement, ...]
    mated: NDArray[np.bool_]
    people: NDArray[np.str_]

    def leads(self) -> NDArray[np.float64]:
        """Lead of each trial where picture and sound are at the same time."""
        return np.array([agreement.lead(0) for agreement in self.agreements])

    def auc(self) -> float:
        """How often the lead of a right pairing is above that of a wrong one."""
        return area(self.leads(), self.mated)

    def __add__(self, other: Trials) -> Trials:
        """Both together."""
        return Trials(
            self.agreements + other.agreements,
            np.concatenate([self.mated, other.mated]),
            np.concatenate([self.people, other.people]),
        )


def area(scores: NDArray[np.float64], mated: NDArray[np.bool_]) -> float:
    """Area under the ROC curve by the rank sum; half for equal scores."""
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    rank = np.cumsum(count) - (count - 1) / 2
    right = int(mated.sum())
    wrong = len(mated) - right
    return float((rank[place][mated].sum() - right * (right + 1) / 2) / (right * wrong))


def read_clips(
    clips: Sequence[Clip],
    network: Network,
    *,
    show: Show = lambda clip, steps: shown(clip.mouths[steps]),
    speak: Speak = lambda sound: sound,
    whole: bool = False,
) -> list[Read]:
    """Let the network read clips, a second of each.

    Args:
        clips: of any people.
        network: what reads them.
        show: mouths to be read, uint8 (steps, 56, 56), for some steps of a clip.
        speak: what becomes of the sound before it is read.
        whole: read all of each clip.
    """
    reads = []
    for clip in told(clips, "reading mouths"):
        steps = clip.steps if whole else min(SECOND, clip.steps)
        start = (clip.steps - steps) // 2
        first = round(start * STEP_S * SAMPLE_RATE_HZ)
        mouths = show(clip, np.arange(start, start + steps))
        bands = bands_of(speak(clip.sound)[first:], steps)
        reads.append(
            Read(
                clip.source,
                clip.identity,
                network.picture(network.features(mouths)),
                network.sound(bands),
            )
        )
    return reads


def shown(mouths: Mouths) -> Mouths:
    """What is seen of kept mouths, without their margin."""
    inner = slice(MARGIN_PX, MARGIN_PX + SIDE_PX)
    return np.ascontiguousarray(mouths[:, inner, inner])


def own_and_others(reads: Sequence[Read], *, pooled: int, draws: int, seed: int) -> Trials:
    """A person's clips with their own sound, and with that of other clips of the same person.

    Args:
        reads: clips of people who have two at least.
        pooled: clips that are added up in one trial.
        draws: trials of each kind and person.
        seed: everything random follows from it.
    """
    rng = np.random.default_rng(seed)

    def pair(theirs: Sequence[Read]) -> tuple[Agreement, Agreement]:
        chosen = rng.choice(len(theirs), pooled, replace=pooled > len(theirs))
        moved = (chosen + rng.integers(1, len(theirs), pooled)) % len(theirs)
        own = _sum([(theirs[i].picture, theirs[i].sound) for i in chosen])
        pairs = zip(chosen, moved, strict=True)
        return own, _sum([(theirs[i].picture, theirs[j].sound) for i, j in pairs])

    return _drawn(_people(reads), pair, draws)


def own_and_other_moments(reads: Sequence[Read], *, pooled: int, draws: int, seed: int) -> Trials:
    """Likewise, but what is said in other clips begins at any moment.

    The clips hold a word in their middle, or a sentence from their start on, so that lips and
    another clip's sound move and rest at the same time, which nobody's speech does in a call.
    """
    rng = np.random.default_rng(seed)

    def pair(theirs: Sequence[Read]) -> tuple[Agreement, Agreement]:
        chosen = rng.choice(len(theirs), pooled, replace=pooled > len(theirs))
        first, second = (chosen + rng.integers(1, len(theirs), (2, pooled))) % len(theirs)
        own = _sum([(theirs[i].picture, theirs[i].sound) for i in chosen])
        moved = []
        for i, j, k in zip(chosen, first, second, strict=True):
            said = np.concatenate([theirs[j].sound, theirs[k].sound])
            start = int(rng.integers(LEAST_MOVED, len(theirs[j].sound) - LEAST_MOVED + 1))
            moved.append((theirs[i].picture, said[start : start + len(theirs[i].picture)]))
        return own, _sum(moved)

    return _drawn(_people(reads), pair, draws)


def late(reads: Sequence[Read], *, shift: int, pooled: int, draws: int, seed: int) -> Trials:
    """A person's clips as they are, and with the sound so many steps later (or, < 0, earlier).

    Both are as much shorter, so that no length gives them away.
    """
    rng = np.random.default_rng(seed)
    cut = abs(shift)

    def pair(theirs: Sequence[Read]) -> tuple[Agreement, Agreement]:
        chosen = [theirs[i] for i in rng.choice(len(theirs), pooled, replace=pooled > len(theirs))]
        own = _sum([(read.picture[cut:], read.sound[cut:]) for read in chosen])
        return own, _sum([_moved(read, shift) for read in chosen])

    return _drawn(_people(reads), pair, draws)


def instead(
    reads: Sequence[Read], false: Sequence[Read], *, pooled: int, draws: int, seed: int
) -> Trials:
    """A person's clips as they are, and the same ones read again with something false about them.

    Args:
        reads: clips.
        false: the same clips in the same order: of a mouth that stands still, say.
        pooled: clips that are added up in one trial.
        draws: trials of each kind and person.
        seed: everything random follows from it.
    """
    rng = np.random.default_rng(seed)
    people: dict[str, list[tuple[Read, Read]]] = defaultdict(list)
    for right, wrong in zip(reads, false, strict=True):
        people[right.identity].append((right, wrong))

    def pair(theirs: Sequence[tuple[Read, Read]]) -> tuple[Agreement, Agreement]:
        chosen = [theirs[i] for i in rng.choice(len(theirs), pooled, replace=pooled > len(theirs))]
        own = _sum([(right.picture, right.sound) for right, _ in chosen])
        return own, _sum([(wrong.picture, wrong.sound) for _, wrong in chosen])

    return _drawn(people, pair, draws)


def strangers(reads: Sequence[Read], *, pooled: int, draws: int, seed: int) -> Trials:
    """A person's clips with their own sound, and with that of one other person of the source."""
    rng = np.random.default_rng(seed)
    people = _people(reads)

    def pair(theirs: Sequence[Read]) -> tuple[Agreement, Agreement]:
        mine = [theirs[i] for i in rng.choice(len(theirs), pooled, replace=pooled > len(theirs))]
        names = [
            name
            for name, few in people.items()
            if name != mine[0].identity and few[0].source == mine[0].source
        ]
        other = people[names[int(rng.integers(len(names)))]]
        sounds = [other[i].sound for i in rng.integers(len(other), size=pooled)]
        own = _sum([(read.picture, read.sound) for read in mine])
        pairs = zip(mine, sounds, strict=True)
        return own, _sum([(read.picture, sound) for read, sound in pairs])

    return _drawn(people, pair, draws)


def _moved(read: Read, shift: int) -> tuple[Vector, Vector]:
    cut = abs(shift)
    early, later = slice(0, len(read.picture) - cut), slice(cut, None)
    if shift > 0:
        return read.picture[later], read.sound[early]
    return read.picture[early], read.sound[later]


def _people(reads: Sequence[Read]) -> dict[str, list[Read]]:
    people: dict[str, list[Read]] = defaultdict(list)
    for read in reads:
        people[read.identity].append(read)
    return {who: few for who, few in sorted(people.items()) if len(few) > 1}


def _sum(pairs: Sequence[tuple[Vector, Vector]]) -> Agreement:
    steps = [min(len(picture), len(sound)) for picture, sound in pairs]
    cut = [(p[:n], s[:n]) for (p, s), n in zip(pairs, steps, strict=True)]
    return sum((Agreement.of(p, s) for p, s in cut), Agreement.nothing())


def _drawn(
    people: Mapping[str, Sequence[T]],
    pair: Callable[[Sequence[T]], tuple[Agreement, Agreement]],
    draws: int,
) -> Trials:
    """As many right and wrong pairings of each person."""
    found = [(who, pair(theirs)) for who, theirs in people.items() for _ in range(draws)]
    return Trials(
        tuple(agreement for _, both in found for agreement in both),
        np.tile([True, False], len(found)),
        np.repeat([who for who, _ in found], 2),
    )


def with_offset(
    reads: Sequence[Read],
    *,
    offset: int,
    seconds: float,
    draws: int,
    rng: np.random.Generator,
) -> list[Agreement]:
    """Each person's clips on a device whose sound is so many steps late, added up to seconds."""
    found = []
    for theirs in _people(reads).values():
        for _ in range(draws):
            total = Agreement.nothing()
            while total.seconds < seconds:
                read = theirs[int(rng.integers(len(theirs)))]
                total += Agreement.of(*_moved(read, offset))
            found.append(total)
    return found
