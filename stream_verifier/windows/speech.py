"""Cut speech out of the sound and hand it on in windows."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.runtime import fbank, vad
from model.runtime.speech import speech_quality
from model.runtime.telephone import is_narrow
from model.types import VoiceQuality
from stream_verifier.errors import SettingsError
from stream_verifier.media.types import AudioChunk
from stream_verifier.windows.types import SpeechWindow

_ROWS = vad.FRAME // fbank.HOP
_HISTORY_S = 30.0


@dataclass(frozen=True, slots=True)
class _Piece:
    """30 ms of speech: the three fbank frames that begin in it, shape (3, 80)."""

    rows: NDArray[np.float32]
    judged: vad.VadFrame


def _pieces(seconds: float) -> int:
    return max(1, math.ceil(seconds / vad.FRAME_S - 1e-6))


class SpeechWindower:
    """Keeps the newest speech and gives a window each time enough of it is new.

    Features are computed once, over the continuous sound, and a frame of them belongs to speech
    when the 30 ms that it begins in do. Windows depend on the samples alone, never on how they
    were cut into chunks.
    """

    def __init__(  # noqa: PLR0913
        self,
        *,
        window_s: float = 3.0,
        first_s: float = 1.5,
        hop_s: float = 1.0,
        flush_s: float = 0.7,
        max_age_s: float = 8.0,
        pause_s: float = 3.0,
        jump_s: float = 0.1,
        pool_s: float = 1.0,
        pool_age_s: float = 6.0,
        detector: vad.VoiceActivityDetector | None = None,
    ) -> None:
        """Start without speech.

        Args:
            window_s: most speech in a window.
            first_s: speech in the first window after the start, a pause or a reset.
            hop_s: new speech between two windows.
            flush_s: least new speech that is worth a window at the end.
            max_age_s: older speech enters no window: by now somebody else may be talking.
            pause_s: a longer pause forgets the speech before it, for the same reason.
            jump_s: where a chunk's time is off by more, sound was lost: same as a reset.
            pool_s: least speech in a window that is pooled from what no other window had.
            pool_age_s: what waits for longer is given so; at most so much longer again.
            detector: finds the speech; one of its own by default.

        Raises:
            SettingsError: ``first_s`` is longer than ``window_s``, or not positive.
        """
        if not 0 < first_s <= window_s:
            raise SettingsError(f"first_s ({first_s}) must lie between 0 and window_s ({window_s})")
        self._first, self._hop, self._flush = _pieces(first_s), _pieces(hop_s), _pieces(flush_s)
        self._max_age_s = max_age_s
        self._pause_s = pause_s
        self._jump_s = jump_s
        self._vad = detector or vad.VoiceActivityDetector()
        self._speech: deque[_Piece] = deque(maxlen=_pieces(window_s))
        self._pool: deque[_Piece] = deque(maxlen=_pieces(window_s))
        self._pool_least, self._pool_age_s = _pieces(pool_s), pool_age_s
        self._pauses: deque[vad.VadFrame] = deque(maxlen=_pieces(window_s))
        self._spans: deque[tuple[float, float]] = deque()
        self._soft: deque[vad.VadFrame] = deque(maxlen=_pieces(_HISTORY_S))
        self._settled_s: float | None = None
        self._ready: list[SpeechWindow] = []
        self._fresh, self._started = 0, False
        self._begin()

    def reset(self) -> None:
        """Begin anew: what comes next does not follow on what came before.

        Speech that no window has had yet is kept, and given in a window of its own.
        """
        self.skip()
        self._start_anew()
        self._pauses.clear()

    def skip(self) -> None:
        """Leave sound out that came and was not listened to.

        What comes next is made features of anew and follows on the same speech, as after a pause.
        """
        self._undecided += self._vad.flush()
        self._ready += self._settle()
        self._begin()

    def _begin(self) -> None:
        self._vad.reset()
        self._fbank = fbank.FbankStream()
        self._rows: NDArray[np.float32] = np.empty((0, fbank.MEL_BANDS), np.float32)
        self._undecided: deque[vad.VadFrame] = deque()
        self._expected_s: float | None = None

    def _start_anew(self) -> None:
        fresh = min(self._fresh, len(self._speech))
        self._pool.extend(list(self._speech)[len(self._speech) - fresh :])
        self._speech.clear()
        self._fresh = 0
        self._started = False

    @property
    def settled_s(self) -> float | None:
        """Media time up to which all windows have been given; None before the first sound."""
        return self._settled_s

    def push(self, chunk: AudioChunk) -> list[SpeechWindow]:
        """Take the next sound.

        Args:
            chunk: of any length.

        Returns:
            The windows that it completes, in order.
        """
        if self._expected_s is not None and abs(chunk.start_s - self._expected_s) > self._jump_s:
            self.reset()
        self._expected_s = chunk.end_s
        if self._settled_s is None:
            self._settled_s = chunk.start_s
        self._undecided += self._vad.push(chunk.samples, chunk.start_s)
        self._rows = np.concatenate((self._rows, self._fbank.push(chunk.samples)))
        ready, self._ready = self._ready, []
        return ready + self._settle()

    def flush(self) -> SpeechWindow | None:
        """Give what is left at the end, if it is worth a window, and forget it."""
        self._undecided += self._vad.flush()
        self._settle()
        window = self._window() if self._fresh >= self._flush else None
        self._begin()
        self._start_anew()
        self._pauses.clear()
        self._pool.clear()
        self._ready.clear()
        return window

    def speech_between(self, start_s: float, end_s: float) -> float:
        """Seconds of speech in a stretch of the last 30 s, in media time."""
        return sum(max(0.0, min(end_s, end) - max(start_s, start)) for start, end in self._spans)

    def soft_between(self, start_s: float, end_s: float) -> float:
        """Seconds of a voice too soft to count as speech, likewise."""
        return sum(vad.FRAME_S for frame in self._soft if start_s <= frame.start_s < end_s)

    def _settle(self) -> list[SpeechWindow]:
        windows = []
        while self._undecided and len(self._rows) >= _ROWS:
            judged = self._undecided.popleft()
            rows, self._rows = self._rows[:_ROWS], self._rows[_ROWS:]
            self._settled_s = judged.end_s
            if not judged.speech:
                self._pauses.append(judged)
                if judged.soft:
                    self._soft.append(judged)
            elif self._is_due(_Piece(rows, judged)):
                windows.append(self._window())
                continue  # a pooled one of the same end would take its place
            if self._pool and (pooled := self._pooled(judged.end_s)):
                windows.append(pooled)
        return windows

    def _is_due(self, piece: _Piece) -> bool:
        """Take one more piece of speech and say whether a window is complete with it."""
        now_s = piece.judged.end_s
        if self._speech and now_s - self._speech[-1].judged.end_s > self._pause_s:
            self._start_anew()
        self._speech.append(piece)
        while self._speech[0].judged.start_s < now_s - self._max_age_s:
            self._speech.popleft()
        self._note_span(piece.judged)
        self._fresh += 1
        enough = len(self._speech) >= self._first
        return enough and (self._fresh >= self._hop or not self._started)

    def _pooled(self, now_s: float) -> SpeechWindow | None:
        """A window of what was left over, once it is enough or has waited for long enough."""
        age_s = now_s - self._pool[0].judged.start_s
        enough = len(self._pool) >= self._first
        if enough or (age_s > self._pool_age_s and len(self._pool) >= self._pool_least):
            pieces = list(self._pool)
            self._pool.clear()
            return self._make(pieces, end_s=now_s, pooled=True)
        while self._pool and now_s - self._pool[0].judged.start_s > 2 * self._pool_age_s:
            self._pool.popleft()
        return None

    def _note_span(self, judged: vad.VadFrame) -> None:
        start_s = judged.start_s
        if self._spans and abs(start_s - self._spans[-1][1]) < vad.FRAME_S / 2:
            start_s, _ = self._spans.pop()
        self._spans.append((start_s, judged.end_s))
        while self._spans[0][1] < judged.end_s - _HISTORY_S:
            self._spans.popleft()

    def _window(self) -> SpeechWindow:
        self._fresh, self._started = 0, True
        return self._make(list(self._speech), end_s=self._speech[-1].judged.end_s)

    def _make(
        self, pieces: Sequence[_Piece], *, end_s: float, pooled: bool = False
    ) -> SpeechWindow:
        features = np.concatenate([piece.rows for piece in pieces])
        centred, start_s = features - features.mean(axis=0), pieces[0].judged.start_s
        quality, narrow = self._quality(pieces), is_narrow(features)
        return SpeechWindow(centred, start_s, end_s, quality, pooled, narrow)

    def _quality(self, pieces: Sequence[_Piece]) -> VoiceQuality:
        speech_dbfs = [piece.judged.level_dbfs for piece in pieces]
        return speech_quality(speech_dbfs, [pause.level_dbfs for pause in self._pauses])
