from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from stream_verifier.demo.people import DEMO_PEOPLE, portrait_frames
from stream_verifier.demo.recorded_call import write_call

GRACE, EILEEN = DEMO_PEOPLE


def test_a_call_has_one_face_and_another_voice(tmp_path: Path) -> None:
    path = tmp_path / "call.webm"
    write_call(path, face=GRACE, voice=EILEEN, seconds=3, seed=4)
    with av.open(path) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("vp8", "opus")
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video)]
    with av.open(path) as container:
        sound = [frame.samples for frame in container.decode(audio=0)]
        rate_hz = container.streams.audio[0].rate
    assert len(frames) == 45
    assert abs(sum(sound) / rate_hz - 3) < 0.1
    sent = list(portrait_frames(GRACE, seconds=3, seed=4))
    assert np.abs(frames[-1].astype(float) - sent[-1]).mean() < 8
    assert [file.name for file in tmp_path.iterdir()] == ["call.webm"]
