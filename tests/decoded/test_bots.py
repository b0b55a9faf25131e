"""What meeting bots send, as their documentation has it, becomes ours or is refused."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_verifier.decoded.frames import Picture, Sound
from stream_verifier.decoded.recall import read_recall
from stream_verifier.decoded.zoom import read_zoom
from stream_verifier.errors import ProtocolError, UnsupportedMediaError
from tests.support.bots import recall, recall_left, recall_picture, recall_sound, zoom

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
JPEG = b"\xff\xd8\xff" + bytes(8)


def test_recalls_sound_of_one_participant() -> None:
    message = read_recall(recall_sound(b"\1\0" * 160, at_s=3.25, participant=7))
    assert message.media is not None
    assert message.media.participant == "7"
    assert message.media.names == ("ada@example.com", "Ada Lovelace")
    assert message.media.pieces == (Sound(3.25, b"\1\0" * 160),)
    assert message.metadata == {"bot_key": "b", "endpoint_key": "e"}


def test_long_sound_comes_in_pieces_that_may_be_sent() -> None:
    message = read_recall(recall_sound(bytes(2 * 40_000), at_s=1.0))
    assert message.media is not None
    assert [(one.at_s, len(one.pcm)) for one in message.media.pieces if isinstance(one, Sound)] == [
        (1.0, 32_000), (2.0, 32_000), (3.0, 16_000),
    ]  # fmt: skip


def test_recalls_pictures_of_the_camera_and_not_of_the_screen() -> None:
    camera = read_recall(recall_picture(PNG, at_s=4.5)).media
    assert camera is not None
    assert camera.pieces == (Picture(4.5, PNG),)
    assert read_recall(recall_picture(PNG, at_s=4.5, type="screenshare")).media is None


def test_recall_says_who_left_and_much_that_is_not_for_us() -> None:
    left = read_recall(recall_left(participant=7)).media
    assert left is not None
    assert (left.participant, left.left) == ("7", True)
    assert read_recall(recall("transcript.data", {"words": []})).media is None


@pytest.mark.parametrize("event", ["audio_mixed_raw.data", "video_separate_h264.data"])
def test_what_recall_should_be_asked_for_instead_is_said(event: str) -> None:
    with pytest.raises(UnsupportedMediaError, match=r"ask Recall for (audio|video)_separate"):
        read_recall(recall(event, {"buffer": "AAAA"}))


def test_zooms_sound_and_pictures() -> None:
    sound = read_zoom(zoom(14, b"\1\0" * 320, timestamp=1_738_392_033_699))
    assert sound is not None
    assert (sound.participant, sound.names) == ("16778240", ("John Smith",))
    assert sound.pieces == (Sound(1_738_392_033.699, b"\1\0" * 320),)
    picture = read_zoom(zoom(15, JPEG, timestamp=2_000))
    assert picture is not None
    assert picture.pieces == (Picture(2.0, JPEG),)
    assert read_zoom('{"msg_type": 12, "timestamp": 1}') is None


def test_what_zoom_should_be_asked_for_instead_is_said() -> None:
    with pytest.raises(UnsupportedMediaError, match="JPG or PNG"):
        read_zoom(zoom(15, b"\0\0\0\1\x67" + bytes(20)))
    with pytest.raises(ProtocolError, match="stream of each"):
        read_zoom(zoom(14, bytes(320), user_id=0))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "JSON"),
        ("[]", "message"),
        ('{"event": "audio_separate_raw.data"}', "data"),
        (recall("audio_separate_raw.data", {"buffer": "AAAA"}), "whose"),
        (recall_sound(bytes(3)), "two bytes"),
        (recall_sound(b"\0\0").replace("AAA=", "!secret!"), "base64"),
        (recall_sound(b"\0\0").replace('"relative": 0.0', '"relative": NaN'), "relative|JSON"),
        ("x" * 2_000_000, "at most"),
    ],
)
def test_what_is_none_of_recalls_messages_is_refused(text: str, says: str) -> None:
    with pytest.raises(ProtocolError, match=says) as error:
        read_recall(text)
    assert "secret" not in str(error.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@settings(deadline=None)
@given(JSON, st.sampled_from(["event", "data", "msg_type", "content"]))
def test_any_json_is_read_or_refused(value: Any, key: str) -> None:
    recalls, zooms = json.loads(recall_sound(b"\0\0")), json.loads(zoom(14, b"\0\0"))
    for message, read in ((recalls, read_recall), (zooms, read_zoom)):
        try:
            read(json.dumps({**message, key: value}))
        except (ProtocolError, UnsupportedMediaError) as error:
            assert str(error)


def test_base64_of_the_documentation_is_plain_pcm() -> None:
    head = base64.b64decode("Hw1kDacNAA4sDkMO")
    sound = read_zoom(zoom(14, head))
    assert sound is not None
    assert sound.pieces == (Sound(0.0, head),)
