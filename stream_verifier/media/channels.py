"""Of several channels of sound, the ones that somebody speaks on, as one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from model.runtime.vad import FRAME, VadFrame, VoiceActivityDetector
from stream_verifier.media.types import SAMPLE_RATE_HZ

Samples = NDArray[np.int16]
Weights = NDArray[np.float32]

_PAIR = 2
"""Channels that somebody may listen to one by one; more are played as one."""
_ALIKE = 32
"""Channels that differ by no more (-60 dB of full scale) are copies, and below it is silence."""
_BLOCK_FRAMES = 4
_BLOCK = _BLOCK_FRAMES * FRAME
"""Samples that are listened to at once: 120 ms, since the detectors are cheaper by the dozen."""
_ALIKE_BLOCKS = 10
"""After so many blocks of copies nobody needs to listen any more."""
_LEAD_FRAMES = 3
"""A voice is turned to this much before it is sure: words begin more softly than they go on."""
_FADE = SAMPLE_RATE_HZ // 50
_FLOOR_FRAMES = 100
_FLOOR_DBFS = -75.0
_FADE_OF_LEVEL = 0.05
_STAY_DB = 6.0
"""Another channel must be clearer by this much to be turned to."""
_MATCH_BLOCKS = 6
_LAGS = SAMPLE_RATE_HZ // 100
_SAME_SOURCE = 0.4
_IN_PHASE = 0.8

_UNDECIDED_FRAMES = 5
"""Held back by a detector that is not sure yet whether speech has started."""
MAX_DELAY_S = (_BLOCK + (_LEAD_FRAMES + _UNDECIDED_FRAMES) * FRAME) / SAMPLE_RATE_HZ
"""How far what is given may lag behind what was taken."""


class ChannelChooser:
    """Makes one channel of several, so that no voice is lost that one of them carries.

    Adding channels up loses what is in antiphase, thins what comes a little later on one of them,
    and lets the noise of an unused input in. So voice activity detection listens on each. What is
    given is the mean of the channels with speech, where those are left out that carry the speech
    of a clearer one with another phase, delay or more noise. Where nobody speaks, nothing changes.
    People who talk at once on different channels are all heard, as a listener hears them.

    What is left out, or drowned by what is louder, may be all that a listener hears: one who plays
    a single channel, or all of them as one. So where channels differ each of two, and the mean of
    all, are given beside.

    Copies (a mono call in stereo) are passed on at once and cost nothing. What is given depends
    on the samples alone, never on how they were cut.

    Args:
        channels: how many.
    """

    def __init__(self, channels: int) -> None:
        self._ears = [_Ear() for _ in range(channels)]
        self._weights: Weights | None = None
        alone = np.eye(channels, dtype=np.float32)[: channels if channels == _PAIR else 0]
        self._asides: Weights = np.vstack((alone, self._mean_of(range(channels)))).T
        self._start_anew()

    def push(self, samples: Samples) -> Samples:
        """Take the next sound.

        Args:
            samples: int16, shape (n, channels), at 16 kHz.

        Returns:
            int16, shape (m, 1): what follows on what was given before. Where channels differ, shape
            (m, 1 + k), the further columns being what else a listener may hear.
        """
        if samples.shape[1] == 1 or self._passes_on(samples):
            return samples[:, :1].copy()
        return _joined(list(self._take(samples)))

    def flush(self) -> Samples:
        """Give what is held back, at the end or before a gap, as `push` does."""
        if not self._listening:
            return np.zeros((0, 1), np.int16)
        self._listen(self._rest)
        for ear in self._ears:
            ear.finish()
        parts = [*self._decided(final=True), self._mixed(self._held, self._choose())]
        self._start_anew()
        return _joined(parts)

    def _start_anew(self) -> None:
        """Nobody listens, since the channels are alike."""
        channels = len(self._ears)
        self._listening = False
        self._spoken = False
        self._alike_blocks = 0
        self._rest: Samples = np.zeros((0, channels), np.int16)
        self._held: Samples = np.zeros((0, channels), np.int16)
        self._recent: Samples = np.zeros((0, channels), np.int16)
        self._matches: dict[tuple[int, int], tuple[bool, bool]] = {}
        for ear in self._ears:
            ear.reset()

    def _passes_on(self, samples: Samples) -> bool:
        """Whether any channel will do: nobody listens, nothing fades over, and all are the same."""
        if self._listening or self._weights is not None:
            return False
        return bool((samples[:, 1:] == samples[:, :1]).all())

    def _take(self, samples: Samples) -> Iterator[Samples]:
        while len(samples):
            if not self._listening:
                differs = np.flatnonzero(_spread(samples) > _ALIKE)
                alike = int(differs[0]) if len(differs) else len(samples)
                if alike:
                    mean = self._mean_of(range(len(self._ears)))
                    yield self._mixed(samples[:alike], mean)[:, :1]
                    self._weights = None  # From copies any channel goes on without a break.
                samples = samples[alike:]
                self._listening = bool(len(differs))
            else:
                missing = _BLOCK - len(self._rest)
                self._rest = np.concatenate((self._rest, samples[:missing]))
                samples = samples[missing:]
                if len(self._rest) == _BLOCK:
                    yield from self._hear_block()

    def _hear_block(self) -> Iterator[Samples]:
        block = self._rest
        self._listen(block)
        yield from self._decided()
        alike = _spread(block).max() <= _ALIKE
        self._alike_blocks = self._alike_blocks + 1 if alike else 0
        if self._alike_blocks >= _ALIKE_BLOCKS:
            yield self.flush()

    def _listen(self, block: Samples) -> None:
        self._rest = block[:0]
        self._held = np.concatenate((self._held, block))
        self._recent = np.concatenate((self._recent, block))[-_MATCH_BLOCKS * _BLOCK :]
        self._matches.clear()
        for channel, ear in enumerate(self._ears):
            ear.push(block[:, channel])

    def _decided(self, *, final: bool = False) -> Iterator[Samples]:
        """Mix the frames about which enough is known."""
        lead = 0 if final else _LEAD_FRAMES
        while len(self._held) >= FRAME and all(len(e.ahead) > lead for e in self._ears):
            chosen = self._choose()
            frame, self._held = self._held[:FRAME], self._held[FRAME:]
            for ear in self._ears:
                ear.ahead.popleft()
            yield self._mixed(frame, chosen)

    def _choose(self) -> Weights:
        heard = [channel for channel, ear in enumerate(self._ears) if ear.heard]
        speaking = [channel for channel in heard if self._ears[channel].speaks()]
        if self._weights is not None and self._spoken and not speaking:
            return self._weights
        self._spoken |= bool(speaking)
        return self._mean_of(self._without_harm(speaking or heard or range(len(self._ears))))

    def _without_harm(self, channels: Sequence[int]) -> list[int]:
        """Of these channels the clearest, and those that add to it."""
        now = [] if self._weights is None else np.flatnonzero(self._weights).tolist()
        # Where the same speech comes a little later, nobody turns away from it.
        late = [n for n in now if n not in channels and self._relation(n, channels[0])[0]]
        channels = [*channels, *late]
        clear = {c: self._ears[c].clearness for c in channels}
        best = max(channels, key=lambda c: clear[c] + _STAY_DB * (c in now))
        return [c for c in channels if c == best or self._adds(c, best, clear)]

    def _adds(self, channel: int, best: int, clear: Mapping[int, float]) -> bool:
        same, in_phase = self._relation(channel, best)
        return not same or (in_phase and clear[channel] >= clear[best] - _STAY_DB)

    def _relation(self, a: int, b: int) -> tuple[bool, bool]:
        """What `_match` says, asked once a block."""
        pair = (min(a, b), max(a, b))
        if pair not in self._matches:
            self._matches[pair] = _match(self._recent[:, pair[0]], self._recent[:, pair[1]])
        return self._matches[pair]

    def _mean_of(self, channels: Sequence[int]) -> Weights:
        weights = np.zeros(len(self._ears), np.float32)
        weights[list(channels)] = 1 / len(channels)
        return weights

    def _mixed(self, samples: Samples, weights: Weights) -> Samples:
        """Mix with these weights, fading over from those before."""
        before, self._weights = self._weights, weights
        mixed = samples @ weights
        if before is not None and not np.array_equal(before, weights):
            length = min(_FADE, len(samples))
            share = np.arange(1, length + 1) / _FADE
            old = samples[:length] @ before
            mixed[:length] = old + (mixed[:length] - old) * share
        return np.asarray(np.rint(np.column_stack((mixed, samples @ self._asides))), np.int16)


class _Ear:
    """Listens to one channel.

    Attributes:
        ahead: whether there is speech, of each frame that is decided and not yet mixed.
        heard: whether there was any sound.
    """

    def __init__(self) -> None:
        self.ahead: deque[bool] = deque()
        self._detector: VoiceActivityDetector | None = None
        self._floor: deque[float] = deque(maxlen=_FLOOR_FRAMES)
        self.reset()

    def reset(self) -> None:
        """Forget everything heard."""
        self.ahead.clear()
        self.heard = False
        self._floor.clear()
        self._level_dbfs: float | None = None

    @property
    def clearness(self) -> float:
        """How far the speech is above what else there is, dB."""
        floor_dbfs = max(_FLOOR_DBFS, min(self._floor, default=_FLOOR_DBFS))
        return (self._level_dbfs or _FLOOR_DBFS) - floor_dbfs

    def speaks(self) -> bool:
        """Whether there is speech in the next frame, or right after it."""
        return any(self.ahead[number] for number in range(min(len(self.ahead), _LEAD_FRAMES + 1)))

    def push(self, samples: Samples) -> None:
        """Take the next sound; a channel without any needs no detector."""
        if not self.heard and not len(samples[np.abs(samples.astype(np.int32)) > _ALIKE]):
            self.ahead.extend([False] * (len(samples) // FRAME))
            return
        if self._detector is None:
            self._detector = VoiceActivityDetector()
        elif not self.heard:
            self._detector.reset()
        self.heard = True
        self._note(self._detector.push(samples, 0.0))

    def finish(self) -> None:
        """Decide about the frames that the detector holds back."""
        if self.heard and self._detector is not None:
            self._note(self._detector.flush())

    def _note(self, frames: list[VadFrame]) -> None:
        for frame in frames:
            self.ahead.append(frame.speech)
            self._floor.append(frame.level_dbfs)
            if frame.speech:
                before = frame.level_dbfs if self._level_dbfs is None else self._level_dbfs
                self._level_dbfs = before + _FADE_OF_LEVEL * (frame.level_dbfs - before)


def _match(a: Samples, b: Samples) -> tuple[bool, bool]:
    """Whether two sounds are of one source, and whether they can be added up.

    By the cross-correlation over lags of a few ms, from 125 Hz to 4 kHz, with the high partials
    raised as far as the low ones: those are what a sum with a delay takes away.
    """
    size = fft.next_fast_len(len(a) + _LAGS, real=True)
    one, other = fft.rfft(a.astype(np.float32), size), fft.rfft(b.astype(np.float32), size)
    hertz = fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ)
    raised = np.square(hertz) * ((hertz >= 125) & (hertz <= 4000))
    powers = [float((np.square(np.abs(x)) * raised).sum()) for x in (one, other)]
    correlation = fft.irfft(one * np.conj(other) * raised, size) * (size / 2)
    correlation /= max(np.sqrt(powers[0] * powers[1]), 1e-9)
    near = np.concatenate((correlation[-_LAGS:], correlation[: _LAGS + 1]))
    strongest = float(np.abs(near).max())
    return strongest >= _SAME_SOURCE, float(correlation[0]) >= _IN_PHASE * strongest


def _spread(samples: Samples) -> NDArray[np.int32]:
    """How far apart the channels are at each moment: shape (n,)."""
    # Channel by channel: there are few of them, and NumPy is slow along a short axis.
    columns = np.ascontiguousarray(samples.T, np.int32)
    return np.asarray(columns.max(axis=0) - columns.min(axis=0))


def _joined(parts: list[Samples]) -> Samples:
    """One after the other; where nothing is beside the one column, a listener hears that."""
    width = max((part.shape[1] for part in parts if len(part)), default=1)
    parts = [part if part.shape[1] == width else part[:, :1].repeat(width, 1) for part in parts]
    return np.concatenate(parts) if parts else np.zeros((0, 1), np.int16)
