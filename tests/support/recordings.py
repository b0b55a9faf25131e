"""Short recordings of numbered pictures and a tone, in any container and codec."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np

from stream_verifier.errors import MediaError
from stream_verifier.media.file import FileSource
from stream_verifier.media.types import AudioChunk, MediaGap, MediaItem, VideoFrame
from tests.support.media import SIZE, number_in, numbered, sweep

FPS = 10
RATE_HZ = 48_000
# As a browser encodes; the encoder's own choice takes many times as long.
_HASTE = {"libvpx": {"deadline": "realtime", "cpu-used": "-6"}}


@dataclass
class Heard:
    """What came of a file."""

    items: list[MediaItem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: MediaError | None = None

    @property
    def sound_s(self) -> float:
        """Seconds of sound."""
        return sum(len(i.samples) for i in self.items if isinstance(i, AudioChunk)) / 16_000

    @property
    def pictures(self) -> list[VideoFrame]:
        """All pictures."""
        return [item for item in self.items if isinstance(item, VideoFrame)]

    @property
    def numbers(self) -> list[int]:
        """What the pictures say."""
        return [number_in(frame.image) for frame in self.pictures]

    @property
    def jumps(self) -> list[MediaGap]:
        """Gaps at which time jumped."""
        return [i for i in self.items if isinstance(i, MediaGap) and i.reason == "jump"]

    @property
    def times(self) -> list[float]:
        """When each item begins."""
        return [i.time_s if isinstance(i, VideoFrame) else i.start_s for i in self.items]


def read(path: Path, **options: Any) -> Heard:
    """Read a file to its end or its error."""
    heard = Heard()
    try:
        for item in FileSource(path, on_note=heard.notes.append, **options):
            heard.items.append(item)
    except MediaError as error:
        heard.error = error
    return heard


_made: dict[str, bytes] = {}
"""Recordings of this process by what was asked for: to encode one is dearer than to read it."""


def recording(kind: str, **how: Any) -> bytes:
    """Make a recording, or give the one that was made so before; arguments as for `_encoded`."""
    key = repr((kind, sorted(how.items())))
    if key not in _made:
        _made[key] = _encoded(kind, **how)
    return _made[key]


def _encoded(
    kind: str,
    *,
    video: str | None = "mpeg4",
    audio: str | None = "mp2",
    first: int = 0,
    seconds: float = 2.0,
    start_s: float = 0.0,
    rate_hz: int = RATE_HZ,
    sound_s: float | None = None,
    late_s: float = 0.0,
    options: Mapping[str, str] | None = None,
    coding: Mapping[str, str] | None = None,
    pix_fmt: str = "yuv420p",
) -> bytes:
    """Encode a recording.

    Args:
        kind: the container, FFmpeg's name for it.
        video: encoder of the pictures; none without.
        audio: encoder of the tone; none without.
        first: number of the first picture; each has one more.
        seconds: how long.
        start_s: its time stamps begin here.
        rate_hz: of the tone.
        sound_s: how long the tone is, if not as long as the pictures.
        late_s: the pictures begin so much later than the tone.
        options: of the container.
        coding: of the pictures' encoder.
        pix_fmt: of the pictures.
    """
    with tempfile.NamedTemporaryFile() as file:
        with av.open(file.name, "w", format=kind, options=dict(options or {})) as container:
            packets: list[tuple[float, int, av.Packet[Any]]] = []
            if video is not None:
                pictures_s = start_s + late_s
                packets += _pictures(container, video, first, seconds, pictures_s, coding, pix_fmt)
            if audio is not None:
                length_s = seconds if sound_s is None else sound_s
                packets += _tone(container, audio, length_s, start_s, rate_hz)
            for _, _, packet in sorted(packets, key=lambda entry: entry[:2]):
                container.mux(packet)
        return Path(file.name).read_bytes()


def _pictures(
    container: Any,
    codec: str,
    first: int,
    seconds: float,
    start_s: float,
    coding: Mapping[str, str] | None,
    pix_fmt: str,
) -> Iterable[tuple[float, int, Any]]:
    stream = container.add_stream(codec, rate=FPS, options=dict(coding or _HASTE.get(codec, {})))
    stream.width, stream.height = SIZE
    stream.pix_fmt = pix_fmt
    stream.bit_rate = 2_000_000
    packets = []
    for number in range(round(seconds * FPS)):
        image = numbered(first + number)
        frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format=pix_fmt)
        frame.pts = number + round(start_s * FPS)
        packets += stream.encode(frame)
    packets += stream.encode(None)
    return _ordered(packets)


def _tone(
    container: Any, codec: str, seconds: float, start_s: float, rate_hz: int
) -> Iterable[tuple[float, int, Any]]:
    stream = container.add_stream(codec, rate=rate_hz)
    stream.layout = "mono"
    samples = sweep(seconds, rate_hz).reshape(1, -1)
    resampler = av.AudioResampler(format=stream.format, layout="mono", rate=rate_hz)
    packets = []
    step = rate_hz // 50
    for at in range(0, samples.shape[1], step):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[:, at : at + step]), format="s16", layout="mono"
        )
        frame.sample_rate, frame.pts = rate_hz, at + round(start_s * rate_hz)
        for part in resampler.resample(frame):
            packets += stream.encode(part)
    packets += stream.encode(None)
    return _ordered(packets)


def _ordered(packets: list[Any]) -> list[tuple[float, int, Any]]:
    return [
        (float((p.dts if p.dts is not None else p.pts or 0) * p.time_base), n, p)
        for n, p in enumerate(packets)
    ]
