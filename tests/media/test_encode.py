from __future__ import annotations

from pathlib import Path

import av

from stream_verifier.media.encode import write_webm
from tests.support.media import FPS, SECONDS, SIZE, sweep


def test_a_call_has_vp8_opus_and_a_key_frame_every_two_seconds(call_webm: Path) -> None:
    with av.open(str(call_webm)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("vp8", "opus")
        assert (video.width, video.height) == SIZE
        packets = [p for p in container.demux(video) if p.pts is not None and p.time_base]
        times = [float(p.pts * p.time_base) for p in packets if p.is_keyframe and p.pts is not None]
    assert len(packets) == SECONDS * FPS
    assert max(b - a for a, b in zip(times, times[1:], strict=False)) <= 2.0


def test_sound_alone_at_16_khz(tmp_path: Path) -> None:
    path = tmp_path / "sound.webm"
    write_webm(path, [], sweep(1.0, 16_000), fps=25, size=SIZE, sample_rate_hz=16_000)
    with av.open(str(path)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert abs(samples - 48_000) < 1000
