"""Offers of many clients: what is taken of them, and that each section is answered."""

from __future__ import annotations

import pytest
from aiortc.sdp import SessionDescription

from stream_verifier.errors import NegotiationError
from stream_verifier.media.webrtc.sdp.sections import Section, split
from tests.support.offers import SHAPES, Shape, answer

shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
WORDS = {"recvonly": "received", "inactive": "idle"}


def came(section: Section) -> str:
    return WORDS[section.direction or "inactive"] if section.port else "declined"


@shapes
async def test_each_section_is_answered_in_its_place(shape: Shape) -> None:
    session, sections = split(await answer(shape.sdp))
    _, offered = split(shape.sdp)
    assert [came(section) for section in sections] == shape.answer
    same = [(s.kind, s.protocol, s.mid) for s in sections]
    assert same == [(s.kind, s.protocol, s.mid) for s in offered]
    groups = [] if shape.group is None else [f"BUNDLE {shape.group}"]
    assert session.values("group") == groups


@shapes
async def test_what_is_received_is_secured_and_of_codecs_that_are_read(shape: Shape) -> None:
    parsed = SessionDescription.parse(await answer(shape.sdp))
    for media in parsed.media:
        if media.direction == "recvonly":
            assert media.dtls is not None
            assert media.dtls.fingerprints
            assert media.ice is not None
            assert media.ice.usernameFragment
            names = {codec.name.lower() for codec in media.rtp.codecs}
            assert names <= {"opus", "vp8", "h264", "rtx"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("a=sendonly", "a=recvonly", "sends neither audio nor video"),
        ("m=audio 9", "m=audio 0", "sends neither audio nor video"),
        ("opus/48000/2", "PCMU/8000", "codec"),
        ("a=ice-pwd", "a=x-pwd", "ICE credentials"),
        ("a=setup", "a=x-setup", "ICE credentials or a DTLS"),
        ("sha-256", "md5", "DTLS fingerprint"),
        ("a=mid:0", "a=mid:9", "BUNDLE"),
        ("m=audio 9", "m=audio nine", "no media line"),
        ("a=group:BUNDLE 0", "a=group:BUNDLE 0 0", "double"),
        ("a=setup:actpass", "a=setup:holdconn", "a=setup"),
        ("111", "300", "codec"),
        ("111", "35", "codec"),
        ("\r\n", "\\r\\n", "no media line"),
    ],
)
async def test_what_cannot_be_answered_is_refused_in_words(old: str, new: str, words: str) -> None:
    offer = "\r\n".join(
        [
            "v=0",
            "a=group:BUNDLE 0",
            *SHAPES["Chromium"].sections[0],
        ]
    )
    assert old in offer
    with pytest.raises(NegotiationError, match=words):
        await answer(offer.replace(old, new) + "\r\n")


async def test_bundle_only_without_a_bundle_is_not_in_use() -> None:
    lines = SHAPES["Firefox with max-bundle"].sdp.splitlines()
    offer = "\r\n".join(line for line in lines if not line.startswith("a=group")) + "\r\n"
    _, sections = split(await answer(offer))
    assert [came(section) for section in sections] == ["received", "declined"]
