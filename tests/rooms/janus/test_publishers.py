"""The table of publishers, of events as they come and as nobody honest sends them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_verifier.rooms.host import MOST_PUBLISHERS
from stream_verifier.rooms.janus.publishers import Publishers

CAMERA = {"type": "video", "mindex": 0, "mid": "0", "codec": "vp8", "simulcast": True}
MICROPHONE = {"type": "audio", "mindex": 1, "mid": "1", "codec": "opus"}
SCREEN = {"type": "video", "mindex": 2, "mid": "2", "codec": "vp8"}


def publisher(feed: Any = 5, **more: Any) -> dict[str, Any]:
    return {"id": feed, "display": "ada", "streams": [CAMERA, MICROPHONE], **more}


def seen(*said: dict[str, Any]) -> Publishers:
    table = Publishers(own=9)
    for one in said:
        table.take(one)
    return table


def test_one_camera_and_one_microphone_are_taken_and_the_rest_is_counted() -> None:
    streams = [{"type": "data", "mid": "3"}, CAMERA, SCREEN, MICROPHONE]
    one = seen({"publishers": [publisher(streams=streams)]}).table["5"]
    assert [(s.kind, s.mid, s.layered) for s in one.streams] == [
        ("audio", "1", False),
        ("video", "0", True),
    ]
    assert one.unread == 1


def test_what_is_disabled_or_in_another_codec_is_not_taken() -> None:
    disabled = {"type": "video", "mindex": 0, "mid": "0", "disabled": True}
    other = {"type": "audio", "mindex": 1, "mid": "1", "codec": "pcmu"}
    one = seen({"publishers": [publisher(streams=[disabled, other, SCREEN])]}).table["5"]
    assert [(s.kind, s.mid) for s in one.streams] == [("video", "2")]
    assert one.unread == 1


def test_a_stint_ends_when_streams_change_and_not_otherwise() -> None:
    table = seen({"publishers": [publisher()]})
    first = table.table["5"].stint
    assert not table.take({"publishers": [publisher()]})
    assert table.take({"id": 5, "display": "bob"})
    assert (table.table["5"].display, table.table["5"].stint) == ("bob", first)
    moved = [{**CAMERA, "mid": "7"}, MICROPHONE]
    assert table.take({"publishers": [publisher(streams=moved)]})
    second = table.table["5"].stint
    assert second > first
    assert table.take({"unpublished": 5})
    assert not table.take({"unpublished": 5})
    assert table.take({"publishers": [publisher(streams=moved)]})
    assert table.table["5"].stint > second


@pytest.mark.parametrize("word", ["leaving", "kicked"])
def test_whoever_leaves_or_is_kicked_is_gone(word: str) -> None:
    table = seen({"publishers": [publisher()]}, {word: 5})
    assert dict(table.table) == {}


def test_we_and_the_dummy_are_nobody() -> None:
    table = seen({"publishers": [publisher(9), publisher(6, dummy=True)]}, {"leaving": "ok"})
    assert dict(table.table) == {}
    assert table.unseen == 0


def test_text_ids_are_kept_as_they_are() -> None:
    table = seen({"publishers": [publisher("5"), publisher(5)]})
    assert len(table.table) == 1
    assert table.feed_of(table.table["5"]) == 5
    table = seen({"publishers": [publisher("a feed")]})
    assert table.feed_of(table.table["a feed"]) == "a feed"


def test_a_room_without_end_is_followed_up_to_a_bound() -> None:
    many = [publisher(feed) for feed in range(10, MOST_PUBLISHERS + 15)]
    table = seen({"publishers": many})
    assert len(table.table) == MOST_PUBLISHERS
    assert table.unseen == 5


@pytest.mark.parametrize(
    "listed",
    [
        publisher(None),
        publisher(True),
        publisher(-1),
        publisher(2**63),
        publisher(1.5),
        publisher("x" * 129),
        publisher("line\nbreak"),
        publisher(""),
        publisher({"id": 5}),
    ],
)
def test_an_id_that_makes_no_sense_is_counted(listed: dict[str, Any]) -> None:
    table = seen({"publishers": [listed]})
    assert dict(table.table) == {}
    assert table.unseen == 1


def test_a_display_name_without_end_is_none() -> None:
    assert seen({"publishers": [publisher(display="x" * 257)]}).table["5"].display is None
    assert seen({"publishers": [publisher(display=["ada"])]}).table["5"].display is None


def test_half_a_character_is_no_display_name_since_nobody_can_be_told_it() -> None:
    halved = json.loads('"ada \\ud83d"')
    assert seen({"publishers": [publisher(display=halved)]}).table["5"].display is None
    assert seen({"publishers": [publisher(display="ada \U0001f642")]}).table["5"].display


word = st.sampled_from(["id", "display", "streams", "type", "mid", "codec", "disabled"])
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
thing = plain | st.dictionaries(word, plain, max_size=5)
anything = thing | st.lists(st.dictionaries(word, thing | st.lists(thing, max_size=3)), max_size=4)


@given(
    st.dictionaries(
        st.sampled_from(
            ["publishers", "unpublished", "leaving", "kicked", "id", "display", "videoroom"]
        ),
        anything,
    )
)
def test_whatever_comes_is_survived(said: dict[str, Any]) -> None:
    table = seen({"publishers": [publisher()]}, said, said)
    assert all(key == one.feed for key, one in table.table.items())
    assert all(len(one.streams) <= 2 for one in table.table.values())
