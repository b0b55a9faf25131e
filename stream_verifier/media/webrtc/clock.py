"""One clock for a call: RTP timestamps and RTCP sender reports become media seconds.

RTP timestamps of two streams have unrelated origins and rates; sender reports tie each to the
sender's wall clock (RFC 3550, sections 5.1 and 6.4.1). Until both streams have sent one, the
offset between them is taken from when packets arrived, which is worse (tens of milliseconds).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

RATES_HZ = {"audio": 48_000, "video": 90_000}
"""RTP clock rates of the codecs we accept: Opus, and VP8 or H.264."""

_WRAP = 1 << 32
_TRUSTED_JUMP_S = 10.0
_ABSURD_S = 2.0
_DOUBTFUL_S = 0.5
_STEP_S = 0.1
_SLEW = 0.25
_REPORTS = 8


def signed(difference: int, bits: int) -> int:
    """Return ``difference`` modulo ``2 ** bits`` as the nearest number to 0."""
    half = 1 << (bits - 1)
    return ((difference + half) & ((1 << bits) - 1)) - half


class RtpTimeline:
    """Extends one stream's 32-bit RTP timestamps to ticks that never wrap.

    A sender that restarts (timestamps jump back, or further ahead than time has passed) goes on
    where it is by arrival, so that ticks stay a measure of time.

    Args:
        rate_hz: ticks per second.
        reorder_s: frames may be shown so long before one that was sent earlier, as B-frames are.
    """

    def __init__(self, rate_hz: int, *, reorder_s: float = 0.0) -> None:
        self._rate_hz = rate_hz
        self._reorder = round(reorder_s * rate_hz)
        self._raw = 0
        self._ticks: int | None = None
        self._arrival_s = 0.0

    def restart(self) -> None:
        """Trust no difference to earlier timestamps: the stream has a new source."""
        self._raw = -1

    def extend(self, timestamp: int, arrival_s: float) -> int:
        """Return ticks for the next frame's ``timestamp``; frames come in sending order."""
        if self._ticks is None:
            self._ticks = timestamp
        elif self._raw >= 0 and -self._reorder <= (back := signed(timestamp - self._raw, 32)) < 0:
            return self._ticks + back
        else:
            self._ticks += self._advance(timestamp, max(0.0, arrival_s - self._arrival_s))
        self._raw, self._arrival_s = timestamp, arrival_s
        return self._ticks

    def locate(self, timestamp: int) -> int | None:
        """Return ticks for a timestamp near the newest frame, None if it is far from it."""
        if self._ticks is None or self._raw < 0:
            return None
        difference = signed(timestamp - self._raw, 32)
        near = abs(difference) <= 6 * _TRUSTED_JUMP_S * self._rate_hz
        return self._ticks + difference if near else None

    def _advance(self, timestamp: int, elapsed_s: float) -> int:
        difference = signed(timestamp - self._raw, 32)
        trusted = 0 <= difference <= (elapsed_s + _TRUSTED_JUMP_S) * self._rate_hz
        if trusted and self._raw >= 0:
            return difference
        return max(1, round(elapsed_s * self._rate_hz))


@dataclass(slots=True)
class _Stream:
    rate_hz: int
    transit_s: float | None = None
    base_s: float | None = None
    reports_s: deque[float] = field(default_factory=lambda: deque(maxlen=_REPORTS))
    last_s: float = 0.0


class MediaClock:
    """Maps both streams of a call to seconds since the call's first media.

    Audio is the master: its times never move, so its samples stay contiguous. Video is moved
    onto it, once when both streams have reported, then gently; its times never run backwards.
    """

    def __init__(self) -> None:
        self._streams = {kind: _Stream(rate) for kind, rate in RATES_HZ.items()}
        self._origin_s: float | None = None
        self._settled = False
        self.synchronised = False
        """Whether audio and video are aligned by sender reports, not by arrival."""

    @property
    def origin_s(self) -> float | None:
        """Monotonic time at which media time was 0; None before the first media."""
        return self._origin_s

    def carry_on(self, origin_s: float, *, floor_s: float) -> None:
        """Go on from another clock of the same call; call it before any media.

        Args:
            origin_s: that clock's.
            floor_s: newest media time there; no time here is below it, even if the sender's
                clock ran ahead of ours so far that its media would overlap.
        """
        self._origin_s = origin_s
        for stream in self._streams.values():
            stream.last_s = floor_s

    def arrived(self, kind: str, ticks: int, arrival_s: float) -> None:
        """Note when a frame arrived; the least delayed ones align the streams until reports do."""
        stream = self._streams[kind]
        transit_s = arrival_s - ticks / stream.rate_hz
        if stream.transit_s is None or transit_s < stream.transit_s:
            stream.transit_s = transit_s
            if not self._settled:
                self._align()

    def report(self, kind: str, ticks: int, ntp_s: float) -> None:
        """Take a sender report: the sender's wall clock said ``ntp_s`` at ``ticks``.

        A busy sender reads its wall clock late, never early, so the earliest of the last few
        reports counts.
        """
        stream = self._streams[kind]
        stream.reports_s.append(ticks / stream.rate_hz - ntp_s)
        self._align()

    def seconds(self, kind: str, ticks: int) -> float:
        """Return the media time of a frame, in seconds; call it in sending order.

        Raises:
            ValueError: `arrived` was never called for this stream.
        """
        stream = self._streams[kind]
        if stream.base_s is None:
            self._anchor(stream, ticks)
        stream.last_s = max(stream.last_s, (stream.base_s or 0.0) + ticks / stream.rate_hz)
        return stream.last_s

    def _anchor(self, stream: _Stream, ticks: int) -> None:
        if stream.transit_s is None:
            raise ValueError("a frame cannot be dated before its arrival was noted")
        if self._origin_s is None:
            self._origin_s = stream.transit_s + ticks / stream.rate_hz
        stream.base_s = stream.transit_s - self._origin_s
        self._align()

    def _align(self) -> None:
        """Move video onto audio: by reports where both have come, by arrival until then."""
        audio, video = self._streams["audio"], self._streams["video"]
        if audio.base_s is None or video.base_s is None:
            return
        reported = bool(audio.reports_s and video.reports_s)
        if reported and not self._settled:
            reported = _plausible(audio, video)
        error_s = audio.base_s + _lead_s(audio, reported) - _lead_s(video, reported) - video.base_s
        if self._settled and abs(error_s) > _ABSURD_S:
            return  # The two do not share a wall clock any more.
        step = not (reported and self.synchronised) or abs(error_s) > _STEP_S
        video.base_s += error_s if step else _SLEW * error_s
        self.synchronised = reported
        self._settled = reported and _said_again(audio, video)


def _plausible(audio: _Stream, video: _Stream) -> bool:
    """Whether reports may align streams that arrival aligns until then.

    A sender that held back its first packets while it connected reports the time at which it let
    them go. What is far from what arrival says is believed once each stream has said it again.
    """
    by_report_s, by_arrival_s = (
        _lead_s(audio, reported) - _lead_s(video, reported) for reported in (True, False)
    )
    again = _said_again(audio, video)
    return abs(by_report_s - by_arrival_s) <= (_ABSURD_S if again else _DOUBTFUL_S)


def _said_again(audio: _Stream, video: _Stream) -> bool:
    return min(len(audio.reports_s), len(video.reports_s)) > 1


def _lead_s(stream: _Stream, reported: bool) -> float:
    """How far a stream's timestamps are ahead of the clock both are compared by."""
    if reported:
        return max(stream.reports_s)
    return -(stream.transit_s or 0.0)
