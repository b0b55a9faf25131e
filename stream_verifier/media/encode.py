"""Writes pictures and sound as a WebM file that `Publisher` can play into a call."""

from __future__ import annotations

import os
from collections.abc import Iterable
from fractions import Fraction

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

_KEYFRAME_S = 2
_VIDEO_BIT_RATE = 600_000
_AUDIO_BIT_RATE = 48_000
_PACKET_S = Fraction(1, 50)
# A negative cpu-used is a fixed speed, here that of browsers. A positive one follows the clock: it
# spends the processor time that there is, and gives another file each time.
_REALTIME_VP8 = {
    "deadline": "realtime",
    "cpu-used": "-6",
    "lag-in-frames": "0",
    "auto-alt-ref": "0",
}


def write_webm(
    path: str | os.PathLike[str],
    frames: Iterable[NDArray[np.uint8]],
    samples: NDArray[np.int16],
    *,
    fps: float,
    size: tuple[int, int],
    sample_rate_hz: int = 48_000,
) -> None:
    """Encode VP8 and Opus with settings like those of a live call.

    Frames are taken one by one, so a generator needs little memory. Video that ends before the
    sound, or the other way round, is left as it is.

    Args:
        path: where to write; overwritten.
        frames: uint8, shape (height, width, 3), BGR, each of ``size``. May be empty.
        samples: int16, shape (n,), mono. May be empty.
        fps: frames per second.
        size: width and height in pixels, both even.
        sample_rate_hz: rate of ``samples``: one of 8, 12, 16, 24 and 48 kHz, which Opus takes.
    """
    with av.open(f"file:{os.fspath(path)}", mode="w", format="webm") as container:
        video = _video_stream(container, fps, size)
        audio = _audio_stream(container, sample_rate_hz)
        block = int(sample_rate_hz * _PACKET_S)
        heard = 0
        for number, image in enumerate(frames):
            end = int((number + 1) / fps * sample_rate_hz)
            while heard < min(end, len(samples)):
                _write_sound(container, audio, samples[heard : heard + block], heard)
                heard += block
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
            picture.pts = number
            picture.time_base = 1 / video.codec_context.framerate
            container.mux(video.encode(picture))
        for start in range(heard, len(samples), block):
            _write_sound(container, audio, samples[start : start + block], start)
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


def _video_stream(container: OutputContainer, fps: float, size: tuple[int, int]) -> VideoStream:
    rate = Fraction(fps).limit_denominator(1001)
    stream = container.add_stream("libvpx", rate=rate, options=_REALTIME_VP8)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.bit_rate = _VIDEO_BIT_RATE
    context = stream.codec_context
    context.gop_size = max(1, round(_KEYFRAME_S * fps))
    # Threads wait for each other by spinning: ten times the work on a busy machine.
    context.thread_count = 1
    return stream


def _audio_stream(container: OutputContainer, sample_rate_hz: int) -> AudioStream:
    options = {"application": "voip", "frame_duration": "20"}
    stream = container.add_stream("libopus", rate=sample_rate_hz, options=options)
    stream.layout = "mono"
    stream.bit_rate = _AUDIO_BIT_RATE
    return stream


def _write_sound(
    container: OutputContainer, stream: AudioStream, samples: NDArray[np.int16], start: int
) -> None:
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = stream.codec_context.sample_rate
    frame.pts = start
    frame.time_base = Fraction(1, frame.sample_rate)
    container.mux(stream.encode(frame))
