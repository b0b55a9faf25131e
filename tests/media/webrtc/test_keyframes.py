from __future__ import annotations

from pathlib import Path

import av
import pytest

from stream_verifier.media.webrtc.keyframes import is_keyframe
from stream_verifier.media.webrtc.parameter_sets import ParameterSets
from tests.support.media import FPS, SIZE, numbered


def test_every_key_frame_of_a_vp8_file_is_known_and_no_other(call_webm: Path) -> None:
    with av.open(str(call_webm)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    told = [is_keyframe(bytes(packet)) for packet in packets]
    assert told == [packet.is_keyframe for packet in packets]
    assert 0 < sum(told) < len(told)


def test_every_key_frame_of_h264_is_known_and_no_other() -> None:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = SIZE
    encoder.pix_fmt, encoder.framerate, encoder.gop_size = "yuv420p", FPS, 10  # type: ignore[assignment]
    encoder.options = {"tune": "zerolatency"}
    packets = []
    for number in range(25):
        frame = av.VideoFrame.from_ndarray(numbered(number), format="bgr24")
        packets += encoder.encode(frame.reformat(format="yuv420p"))
    packets += encoder.encode(None)
    told = [ParameterSets().complete(bytes(packet))[1] for packet in packets]
    assert told == [packet.is_keyframe for packet in packets]
    assert 0 < sum(told) < len(told)


@pytest.mark.parametrize("data", [b"", b"\x10", b"\x10\x00\x00", bytes(30)])
def test_a_fragment_is_no_key_frame(data: bytes) -> None:
    assert not is_keyframe(data)
    assert ParameterSets().complete(data) == (data, False)
