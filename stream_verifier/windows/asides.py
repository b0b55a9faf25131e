"""What else may be heard of a call's sound: the speech of each further way to play it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from stream_verifier.media.types import AudioChunk
from stream_verifier.windows.senses import Ears
from stream_verifier.windows.types import SpeechWindow

_LEAST_OTHER = 0.1
"""Of its power, what is not in the main sound: softer than that nobody hears somebody else."""
_HISTORY_S = 20.0


class Asides:
    """Listens to all ways in which a sound may be played beside the one that is listened to.

    Two channels can carry the right person for whoever listens to one of them, and somebody else
    for whoever listens to the other, or to their sum. Where they are copies there is nothing to do,
    and where a way says the same as the main one, louder or softer, its speech is not given.

    Args:
        make_ears: for each way.
    """

    def __init__(self, make_ears: Callable[[], Ears]) -> None:
        self._make_ears = make_ears
        self._ways: list[_Way] = []

    def push(self, chunk: AudioChunk) -> None:
        """Take the next sound."""
        count = 0 if chunk.asides is None else chunk.asides.shape[1]
        if count != len(self._ways):
            self._ways = [_Way(self._make_ears()) for _ in range(count)]
        for number, way in enumerate(self._ways):
            assert chunk.asides is not None
            way.push(chunk, np.ascontiguousarray(chunk.asides[:, number]))

    def reset(self) -> None:
        """Follow nothing: what comes next does not follow on what came before."""
        for way in self._ways:
            way.ears.reset()

    def skip(self) -> None:
        """Leave sound out for want of time."""
        for way in self._ways:
            way.ears.skip()

    def until(self, end_s: float) -> tuple[SpeechWindow, ...]:
        """The newest speech of each way that ended by some time and was not given before."""
        given = [way.until(end_s) for way in self._ways]
        return tuple(speech for speech in given if speech is not None)


class _Way:
    def __init__(self, ears: Ears) -> None:
        self.ears = ears
        self._powers: deque[tuple[float, float, float, float]] = deque()
        self._spoken: list[SpeechWindow] = []

    def push(self, chunk: AudioChunk, samples: NDArray[np.int16]) -> None:
        main, own = chunk.samples.astype(np.float64), samples.astype(np.float64)
        powers = float(main @ main), float(own @ own), float(main @ own)
        self._powers.append((chunk.end_s, *powers))
        while self._powers[0][0] < chunk.end_s - _HISTORY_S:
            self._powers.popleft()
        heard = self.ears.push(AudioChunk(samples, chunk.start_s, chunk.arrived_s))
        self._spoken += [speech for speech in heard if self._says_else(speech)]

    def until(self, end_s: float) -> SpeechWindow | None:
        over = [speech for speech in self._spoken if speech.end_s <= end_s]
        self._spoken = [speech for speech in self._spoken if speech.end_s > end_s]
        return over[-1] if over else None

    def _says_else(self, speech: SpeechWindow) -> bool:
        """Whether enough of it is no copy of the main sound, louder or softer."""
        heard = [powers for at_s, *powers in self._powers if at_s > speech.start_s]
        main, own, shared = np.sum(heard, axis=0).tolist()
        return bool(main * own - shared**2 > _LEAST_OTHER * main * own)
