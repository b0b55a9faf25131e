"""Frames for a publisher that speaks WebRTC by libdatachannel, as OBS does, and encodes nothing."""

from __future__ import annotations

import base64
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from tests.support.calls import SMALL
from tests.support.kept import ROOT

PUBLISHER = Path(__file__).with_suffix(".mjs")
_LIBRARY = ROOT / ".cache" / "node" / "node_modules" / "node-datachannel"

needs_libdatachannel = pytest.mark.skipif(
    not _LIBRARY.is_dir(), reason="needs node-datachannel: sh scripts/install_node_tools.sh"
)


def write_frames(path: Path, media: Path) -> None:
    """Encode a `DemoCalls` film in H.264 and Opus: a line of JSON for each frame, by time."""
    video: Any = av.CodecContext.create("libx264", "w")
    audio: Any = av.CodecContext.create("libopus", "w")
    audio.sample_rate, audio.layout, audio.format = 48_000, "stereo", "s16"
    audio.time_base, video.time_base = Fraction(1, 48_000), Fraction(1, 90_000)
    (video.width, video.height), video.pix_fmt = SMALL, "yuv420p"
    video.framerate, video.bit_rate = 15, 800_000
    video.options = {"profile": "baseline", "tune": "zerolatency", "preset": "ultrafast", "g": "15"}
    resampler = av.AudioResampler(format="s16", layout="stereo", rate=48_000, frame_size=960)
    lines: list[tuple[float, str, bytes]] = []

    def keep(kind: str, packets: list[Any]) -> None:
        lines.extend((float(one.pts * one.time_base), kind, bytes(one)) for one in packets)

    with av.open(str(media)) as container:
        for frame in container.decode(video=0, audio=0):
            if isinstance(frame, av.VideoFrame):
                frame.pts, frame.time_base = round((frame.time or 0) * 90_000), video.time_base
                frame.pict_type = 0
                keep("video", video.encode(frame))
            elif isinstance(frame, av.AudioFrame):
                for part in resampler.resample(frame):
                    keep("audio", audio.encode(part))
    path.write_text("\n".join(_line(*each) for each in sorted(lines)) + "\n")


def _line(time_s: float, kind: str, data: bytes) -> str:
    encoded = base64.b64encode(data).decode()
    return json.dumps({"time_s": max(0.0, time_s), "kind": kind, "data": encoded})
