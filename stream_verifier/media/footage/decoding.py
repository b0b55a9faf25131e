"""One track's packets in, its frames out, on our timeline; errors are counted, never raised."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream

from model.runtime.audio import FULL_SCALES
from stream_verifier.media.footage.damage import Damage
from stream_verifier.media.footage.timeline import Place
from stream_verifier.media.footage.tracks import MAX_PIXELS, Track

_BETTER_DECODERS = {"amrnb": "libopencore_amrnb", "amrwb": "libopencore_amrwb"}
"""Those that know pauses (DTX), in place of those that do not."""
_SEAM_S = 1.0
"""A demuxer's doubts are about what is no further away."""
_MISSING_S = 0.1
_LEAD_IN = 512
"""Packets that may fail before the first frame: a cut begins between two whole pictures."""

Frame = av.AudioFrame | av.VideoFrame


class TrackDecoder:
    """Decodes one track.

    Args:
        track: of an open container.
        damage: told about what cannot be decoded.
        take: called with each frame, when it starts (our time), and whether time jumped before;
            false if the frame was of no use.
        jumped: time jumps before the first one.
        ends_anywhere: the recording may stop in the middle of its last packet.

    Attributes:
        tick_s: resolution of the track's clock.
        newest_s: the track's own time of its newest packet.
    """

    def __init__(
        self,
        track: Track,
        damage: Damage,
        take: Callable[[Frame, float | None, bool], bool],
        *,
        jumped: bool = False,
        ends_anywhere: bool = False,
    ) -> None:
        self.track = track
        self.kind = track.type
        self.tick_s = float(track.time_base or 0) or 1e-6
        self._damage = damage
        self._take = take
        self._decoder = _decoder(track)
        self._floats = track.codec_context.name.startswith("pcm_f")
        sound: Any = track.codec_context if isinstance(track, AudioStream) else None
        self._setup = sound and (sound.sample_rate, sound.layout.name, sound.extradata)
        self._failed_first: list[float] = []
        self._jumped = jumped
        self._ends_anywhere = ends_anywhere
        self._failed_last: list[float] = []
        self._decoded = self._clean = False
        self._doubtful_s: float | None = None
        self._due_s: float | None = None
        self.newest_s = 0.0

    def push(self, packet: av.Packet[Any], place: Place, time_s: float) -> None:
        """Decode a packet that lies at ``time_s`` of our time."""
        self._lose_last()
        if place.jumped:
            self._doubtful_s = self._due_s = None  # What was cut short by the jump is no damage.
            self._drain()
            self._settle()
            self._jumped, self._clean = True, False
        self._judge_doubt(packet, time_s)
        _shift(packet, round(place.shift_s / self.tick_s))
        self._decode(packet, time_s)

    def _judge_doubt(self, packet: av.Packet[Any], time_s: float) -> None:
        """Count as lost what a demuxer doubts, if time is missing near it.

        A counter that starts anew, as where segments were joined well, raises doubts too.
        """
        if packet.is_corrupt:
            self._doubtful_s = time_s
        recent = self._doubtful_s is not None and time_s - self._doubtful_s <= _SEAM_S
        if recent and self._due_s is not None and time_s - self._due_s > _MISSING_S:
            self._damage.lose(self.kind, self._due_s)
            self._doubtful_s = None
        length_s = (packet.duration or 0) * self.tick_s
        self._due_s = max(self._due_s or 0.0, time_s + length_s)

    def finish(self) -> None:
        """Give what the decoder still holds."""
        self._drain()
        if not self._ends_anywhere or len(self._failed_last) > 1:
            self._lose_last()
        self._settle()

    def _lose_last(self) -> None:
        """Count what failed and was not the end."""
        for time_s in self._failed_last:
            self._damage.lose(self.kind, time_s)
        self._failed_last.clear()

    def _settle(self) -> None:
        """Count what failed where nothing came at all; what failed before a first frame may."""
        if not self._decoded:
            for time_s in self._failed_first:
                self._damage.lose(self.kind, time_s)
        self._failed_first.clear()
        self._decoded = False

    def _drain(self) -> None:
        self._decode(None, 0.0)
        self._decoder.flush_buffers()

    def _decode(self, packet: av.Packet[Any] | None, time_s: float) -> None:
        try:
            frames: list[Frame] = self._decoder.decode(packet)
        except av.PatchWelcomeError:
            self._damage.refuse(self._decoder.name)
            return
        except (OSError, ValueError, OverflowError, av.FFmpegError):
            self._fail(packet, time_s)
            return
        for frame in frames:
            self._decoded = True
            starts_s = None if frame.pts is None else frame.pts * self.tick_s
            self._judge(frame, time_s if starts_s is None else starts_s)
            if self._floats and isinstance(frame, av.AudioFrame):
                self._judge_samples(frame, time_s)
            useful = self._take(frame, starts_s, self._jumped)
            self._jumped = False
            if not useful:
                self._renew()
                return

    def _renew(self) -> None:
        """Begin with a new decoder: garbage in a stream may set the old one up for ever."""
        if self._setup is not None:
            self._decoder = _sound_decoder(self._decoder.name, *self._setup)

    def _judge(self, frame: Frame, time_s: float) -> None:
        """Count as lost what the decoder made up, but not before it had one whole picture."""
        if not frame.is_corrupt:
            self._clean = True
        elif self._clean:
            self._failed_last.append(time_s)

    def _judge_samples(self, frame: av.AudioFrame, time_s: float) -> None:
        """Count what a program wrote as floats that it had not computed, or not scaled."""
        peak = float(np.abs(frame.to_ndarray()).max(initial=0))
        if not math.isfinite(peak):
            self._damage.lose(self.kind, time_s)
        elif peak > FULL_SCALES:
            self._damage.peak = max(self._damage.peak, peak)

    def _fail(self, packet: av.Packet[Any] | None, time_s: float) -> None:
        if packet is None:
            return
        if self._decoded or len(self._failed_first) >= _LEAD_IN:
            self._failed_last.append(time_s)
        else:
            self._failed_first.append(time_s)


def _decoder(track: Track) -> Any:
    name = track.codec_context.name
    if isinstance(track, AudioStream) and name in _BETTER_DECODERS:
        return _sound_decoder(_BETTER_DECODERS[name], 16_000 if name == "amrwb" else 8_000, "mono")
    decoder = track.codec_context
    decoder.options = {**(decoder.options or {}), "max_pixels": str(MAX_PIXELS)}
    return decoder


def _sound_decoder(name: str, rate_hz: int, layout: str, extradata: bytes | None = None) -> Any:
    decoder: Any = av.CodecContext.create(name, "r")
    if extradata:
        decoder.extradata = extradata
    if rate_hz:
        decoder.sample_rate = rate_hz
    with suppress(ValueError):  # not known before the first packet
        decoder.layout = layout
    return decoder


def _shift(packet: av.Packet[Any], ticks: int) -> None:
    if packet.pts is not None:
        if packet.dts is not None and packet.dts - packet.pts > 1 << 32:
            packet.pts += 1 << 33  # The counter ran over between the two.
        packet.pts += ticks
    if packet.dts is not None:
        packet.dts += ticks
