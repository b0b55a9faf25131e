"""Which parts of the sound are speech."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import webrtcvad
from numpy.typing import NDArray

from model.runtime.audio import SAMPLE_RATE_HZ
from model.runtime.silero import SpeechNetwork

FRAME = 480
"""Samples in a frame: 30 ms, the longest that webrtcvad takes."""
FRAME_S = FRAME / SAMPLE_RATE_HZ

_FFT = 1024
_BIN_HZ = SAMPLE_RATE_HZ / _FFT
_BAND = slice(round(125 / _BIN_HZ), round(4000 / _BIN_HZ))
_PITCH_LAGS = slice(SAMPLE_RATE_HZ // 400, SAMPLE_RATE_HZ // 70)
_OVERLAP = (1 - np.arange(FRAME) / FRAME)[_PITCH_LAGS]
_SILENCE_DBFS = -120.0


@dataclass(frozen=True, slots=True)
class VadFrame:
    """30 ms of sound, judged.

    Attributes:
        start_s: media time of its first sample, in seconds.
        speech: whether it belongs to speech, short gaps inside speech included.
        level_dbfs: its power between 125 Hz and 4 kHz in dB below full scale; -120 for silence.
        soft: whether it would surely be speech were it not below the least level of speech.
    """

    start_s: float
    speech: bool
    level_dbfs: float
    soft: bool = False

    @property
    def end_s(self) -> float:
        """Media time just past its last sample."""
        return self.start_s + FRAME_S


@dataclass(frozen=True, slots=True)
class _Heard:
    start_s: float
    level_dbfs: float
    loud: bool
    sure: bool
    soft: bool


class FrameMeter:
    """Measures frame after frame, in buffers of its own; use it from one thread at a time."""

    def __init__(self) -> None:
        """Make the buffers."""
        self._signal = np.zeros(FRAME)
        self._spectrum = np.zeros(_FFT // 2 + 1, np.complex128)
        self._correlation = np.zeros(_FFT)
        self._band = self._spectrum[_BAND]
        self._pitches = self._correlation[_PITCH_LAGS]

    def measure(self, samples: NDArray[np.int16]) -> tuple[float, float]:
        """Level and voicing of one frame, both in the band from 125 Hz to 4 kHz.

        The band leaves out direct current, rumble and the lowest partials of mains hum. Voicing
        is the highest peak of the normalised autocorrelation at the lags of a human pitch, 70 to
        400 Hz, freed from the taper of the frame's edges (Boersma 1993).

        Args:
            samples: int16, shape (480,).

        Returns:
            Level in dBFS (-120 for silence) and voicing, 0 to about 1.
        """
        np.multiply(samples, 1 / 32768, out=self._signal)
        self._signal -= np.add.reduce(self._signal) / FRAME
        np.fft.rfft(self._signal, _FFT, out=self._spectrum)
        self._spectrum[: _BAND.start] = 0
        self._spectrum[_BAND.stop :] = 0
        np.multiply(self._band, self._band.conj(), out=self._band)
        mean_power = 2 * float(np.add.reduce(self._band.real)) / (_FFT * FRAME)
        if mean_power <= 10 ** (_SILENCE_DBFS / 10):
            return _SILENCE_DBFS, 0.0
        np.fft.irfft(self._spectrum, _FFT, out=self._correlation)
        whole = float(self._correlation[0])
        self._pitches /= _OVERLAP
        return 10 * math.log10(mean_power), float(np.maximum.reduce(self._pitches)) / whole


def measure(samples: NDArray[np.int16]) -> tuple[float, float]:
    """Level and voicing of one frame, as ``FrameMeter`` has them."""
    return FrameMeter().measure(samples)


class VoiceActivityDetector:
    """webrtcvad behind a level gate, confirmed by pitch and by a trained network.

    webrtcvad alone takes loud noise for speech, and animals and crying babies. A frame counts as
    loud when webrtcvad says speech and its level is well above the lowest level of the last
    seconds, which steady noise and hum never are. It is surely speech when it also has a pitch and
    Silero's network, which has learnt what speech sounds like, says so. Speech starts with several
    loud frames in a row of which one is sure, and goes on until the loudness has been gone for the
    hangover, or the certainty for longer than any consonant lasts. Frames are held back while it
    is open whether speech has started.
    """

    def __init__(  # noqa: PLR0913
        self,
        *,
        mode: int = 2,
        min_level_dbfs: float = -50.0,
        min_over_floor_db: float = 6.0,
        floor_s: float = 3.0,
        floor_ignores_dbfs: float = -75.0,
        min_voicing: float = 0.6,
        min_likely: float = 0.5,
        onset_frames: int = 4,
        onset_hold_frames: int = 6,
        unsure_s: float = 0.3,
        hangover_s: float = 0.21,
    ) -> None:
        """Set up for one stream of sound.

        Args:
            mode: webrtcvad's aggressiveness, 0 to 3.
            min_level_dbfs: nothing below this level is speech.
            min_over_floor_db: how far speech must be above the noise floor.
            floor_s: the noise floor is the lowest level of the last ``floor_s`` seconds.
            floor_ignores_dbfs: below this there was no microphone open, hence no floor either.
            min_voicing: autocorrelation from which a frame has a pitch.
            min_likely: the network's probability of speech from which it says so.
            onset_frames: loud frames in a row that start speech.
            onset_hold_frames: of these so many at most wait for a sure one among them.
            unsure_s: longest stretch of speech without a sure frame.
            hangover_s: gap in the loudness that does not end speech.
        """
        self._vad = webrtcvad.Vad(mode)
        self._network = SpeechNetwork(step=FRAME)
        self._meter = FrameMeter()
        self._min_likely = min_likely
        self._mode = mode
        self._min_level_dbfs = min_level_dbfs
        self._min_over_floor_db = min_over_floor_db
        self._floor_ignores_dbfs = floor_ignores_dbfs
        self._min_voicing = min_voicing
        self._onset_frames = onset_frames
        self._hold_frames = max(onset_frames, onset_hold_frames)
        self._unsure_frames = round(unsure_s / FRAME_S)
        self._hangover_frames = round(hangover_s / FRAME_S)
        self._recent_dbfs: deque[float] = deque(maxlen=round(floor_s / FRAME_S))
        self._held: deque[_Heard] = deque()
        self.reset()

    def reset(self) -> None:
        """Forget everything heard, as before the first sound."""
        self._vad = webrtcvad.Vad(self._mode)
        self._network.reset()
        self._rest = np.empty(0, np.int16)
        self._next_s = 0.0
        self._recent_dbfs.clear()
        self._held.clear()
        self._speaking = False
        self._quiet = 0
        self._unsure = 0

    def push(self, samples: NDArray[np.int16], start_s: float) -> list[VadFrame]:
        """Take the next sound and give the frames that are decided by now.

        Args:
            samples: int16, shape (n,), mono at 16 kHz, following on the last ones.
            start_s: media time of the first. It dates the samples, so that the frames' times
                follow a sender's clock that drifts.

        Returns:
            Frames in order, each once. The last ``onset_hold_frames`` may still be held back.
        """
        self._next_s = start_s - len(self._rest) / SAMPLE_RATE_HZ
        signal = np.concatenate((self._rest, samples))
        whole = len(signal) - len(signal) % FRAME
        if not whole:
            self._rest = signal
            return []
        self._rest = signal[whole:]
        likely = self._network.push(signal[:whole])
        frames = zip(signal[:whole].reshape(-1, FRAME), likely.tolist(), strict=True)
        return [done for frame, speech in frames for done in self._judge(frame, speech)]

    def flush(self) -> list[VadFrame]:
        """Give the frames still held back: speech that never started is not speech."""
        return list(self._release(speech=False))

    def _judge(self, samples: NDArray[np.int16], likely: float) -> Iterator[VadFrame]:
        heard = self._listen(samples, likely)
        self._held.append(heard)
        if self._speaking:
            self._speaking = self._goes_on(heard)
            yield from self._release(speech=self._speaking)
        elif not heard.loud:
            yield from self._release(speech=False)
        elif self._starts():
            self._speaking, self._quiet, self._unsure = True, 0, 0
            yield from self._release(speech=True)
        else:
            yield from self._release(speech=False, keep=self._hold_frames - 1)

    def _listen(self, samples: NDArray[np.int16], likely: float) -> _Heard:
        start_s, self._next_s = self._next_s, self._next_s + FRAME_S
        level_dbfs, voicing = self._meter.measure(samples)
        if level_dbfs >= self._floor_ignores_dbfs:
            self._recent_dbfs.append(level_dbfs)
        floor_dbfs = min(self._recent_dbfs, default=_SILENCE_DBFS)
        is_speech = self._vad.is_speech(samples.tobytes(), SAMPLE_RATE_HZ)
        stands_out = is_speech and level_dbfs >= floor_dbfs + self._min_over_floor_db
        loud = stands_out and level_dbfs >= self._min_level_dbfs
        voice = stands_out and voicing >= self._min_voicing and likely >= self._min_likely
        return _Heard(start_s, level_dbfs, loud, sure=loud and voice, soft=voice and not loud)

    def _starts(self) -> bool:
        return len(self._held) >= self._onset_frames and any(held.sure for held in self._held)

    def _goes_on(self, heard: _Heard) -> bool:
        self._unsure = 0 if heard.sure else self._unsure + 1
        kept = heard.loud and self._unsure <= self._unsure_frames
        self._quiet = 0 if kept else self._quiet + 1
        return self._quiet <= self._hangover_frames

    def _release(self, *, speech: bool, keep: int = 0) -> Iterator[VadFrame]:
        while len(self._held) > keep:
            held = self._held.popleft()
            yield VadFrame(held.start_s, speech, held.level_dbfs, held.soft)
