"""Pictures that pass the gate, into the decoders of FFmpeg: none comes out larger than it said."""

from __future__ import annotations

from typing import Any, Literal

import av

from stream_verifier.media.limits import MediaLimits
from stream_verifier.media.webrtc.frame_gate import FrameGate

LIMITS = MediaLimits(frame_pixels=640 * 480, side_px=1000, pixels_per_s=1e12, frames_per_s=1e6)
_DECODERS: dict[str, Literal["libvpx", "h264"]] = {"VP8": "libvpx", "H264": "h264"}


def decode(data: bytes) -> None:
    """Decode two frames of each codec: one whole input, and one of its halves after it."""
    for codec, decoder in _DECODERS.items():
        gate, context = FrameGate(LIMITS), av.CodecContext.create(decoder, "r")
        for frame in (data, data[len(data) // 2 :]):
            if frame and gate.refusal(codec, frame, 0.0) is None:
                _decode(gate, context, frame)


def _decode(gate: FrameGate, context: Any, frame: bytes) -> None:
    try:
        pictures = context.decode(av.Packet(frame))
    except av.FFmpegError:
        pictures = []
    assert context.width * context.height <= LIMITS.frame_pixels, (context.width, context.height)
    assert all(gate.announced(picture.width, picture.height) for picture in pictures)
