"""Forms of H.264 that aiortc does not name: taken, and answered as they were offered."""

from __future__ import annotations

import base64

import pytest

from stream_verifier.media.webrtc.sdp.h264 import parameter_sets
from stream_verifier.media.webrtc.sdp.sections import Section, split
from tests.support.offers import SECURED, answer


def video(*fmtp: str) -> str:
    """An offer of H.264 alone, a payload type for each of these."""
    formats = [str(number) for number in range(102, 102 + len(fmtp))]
    lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0"]
    lines += [f"m=video 9 UDP/TLS/RTP/SAVPF {' '.join(formats)}", "c=IN IP4 0.0.0.0", "a=mid:0"]
    for number, parameters in zip(formats, fmtp, strict=True):
        lines += [f"a=rtpmap:{number} H264/90000"]
        lines += [f"a=fmtp:{number} {parameters}"] if parameters else []
    return "\r\n".join([*lines, "a=sendonly", "a=rtcp-mux", *SECURED]) + "\r\n"


async def answered(*fmtp: str) -> Section:
    _, (section,) = split(await answer(video(*fmtp)))
    return section


@pytest.mark.parametrize(
    "parameters",
    [
        "packetization-mode=1;profile-level-id=640028",
        "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4D001F",
        "packetization-mode=1;profile-level-id=640c1f",
        "packetization-mode=0;profile-level-id=42e01f",
        "profile-level-id=42c015",
        "packetization-mode=1;profile-level-id=42c0ff",
    ],
)
async def test_every_profile_and_form_of_packets_is_answered_in_its_own_words(
    parameters: str,
) -> None:
    section = await answered(parameters)
    assert section.direction == "recvonly"
    (said,) = section.values("fmtp")
    assert sorted(said.removeprefix("102 ").split(";")) == sorted(parameters.split(";"))


async def test_nothing_is_said_of_a_form_that_says_nothing() -> None:
    section = await answered("")
    assert (section.direction, section.values("fmtp")) == ("recvonly", [])


async def test_a_form_that_aiortc_names_goes_before_others() -> None:
    section = await answered(
        "packetization-mode=1;profile-level-id=640028",
        "packetization-mode=1;profile-level-id=42e01f",
    )
    assert section.formats == ("103",)


@pytest.mark.parametrize(
    "parameters",
    [
        "packetization-mode=2;profile-level-id=42e01f",
        "packetization-mode=1;profile-level-id=6e001f",
        "packetization-mode=1;profile-level-id=f4001f",
        "packetization-mode=1;profile-level-id=64",
    ],
)
async def test_what_no_decoder_here_takes_is_not_received(parameters: str) -> None:
    section = await answered(parameters, "packetization-mode=0;profile-level-id=42e01f")
    assert section.formats == ("103",)


@pytest.mark.parametrize("number", ["35", "abc", "\u00b9"])
async def test_payload_types_that_are_not_kept_are_left_out(number: str) -> None:
    form = "packetization-mode=1;profile-level-id=640028"
    offer = video(form, form).replace("102", number)
    _, (section,) = split(await answer(offer))
    assert section.formats == ("103",)


def test_parameter_sets_are_read_beside_other_parameters() -> None:
    sets = base64.b64encode(b"\x67sps").decode() + "," + base64.b64encode(b"\x68p").decode()
    _, (section,) = split(video(f"packetization-mode=1; sprop-parameter-sets={sets}", "a=b"))
    assert parameter_sets(section) == {102: b"\0\0\0\1\x67sps\0\0\0\1\x68p"}


def test_garbled_parameter_sets_are_none() -> None:
    garbled = ("%%%", ",", "\u00e9", "Zg")
    _, (section,) = split(video(*(f"sprop-parameter-sets={sets}" for sets in garbled)))
    assert not any(parameter_sets(section).values())
