"""The quick half of the attacks, against a real server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtp import RtpPacket

from benchmarks.attacks.__main__ import attack, table
from benchmarks.attacks.clips import GRACE, Clips
from benchmarks.attacks.hidden_cases import HIDDEN
from benchmarks.attacks.media_cases import ATTACKS, GENUINE_S
from benchmarks.attacks.outcome import refused, won
from benchmarks.attacks.sending import ScriptedPublisher, Sent
from stream_verifier.media.webrtc.aiortc_patches import use_host_addresses
from stream_verifier.media.webrtc.ice import LOOPBACK
from tests.support.kept import kept_folder


@pytest.fixture(scope="module")
def clips() -> Clips:
    """What is played, each encoded once and small: that is most of what all this costs."""
    folder = kept_folder("attacks", "benchmarks/attacks/*.py", "tests/benchmarks/test_attacks.py")
    return Clips(folder, seconds=20.0, size=(320, 240))


async def test_the_quick_half_holds(clips: Clips) -> None:
    outcomes = await attack(quick=True, clips=clips)
    assert len(outcomes) == 7
    assert [one for one in outcomes if not one.holds] == []


def test_an_outcome_can_fail() -> None:
    assert won("x", 7.0, 2.0, "silence").holds
    assert not won("x", 9.0, 2.0, "silence").holds
    assert not refused("x", "opened", "forbidden").holds
    page = table([refused("x", "opened", "forbidden"), won("y", 3.0, 2.0, "swap")])
    assert "| x | opened | forbidden | **no** |" in page
    assert "| y | 3.0 s verified (swap: 2.0 s) | 6 s beyond swap | yes |" in page


@pytest.mark.parametrize("one", [*ATTACKS, *HIDDEN], ids=lambda one: one.name)
def test_an_attack_is_the_enrolled_person_first(one, clips: Clips) -> None:  # type: ignore[no-untyped-def]
    script, own = one.script(clips), clips.call(GRACE, GRACE)
    genuine = [sent.data for sent in own if sent.send_s < GENUINE_S and sent.kind == "audio"]
    begun = [s.data for s in script if s.send_s < GENUINE_S and s.kind == "audio"]
    assert begun == genuine
    after = {sent.data for sent in script if sent.send_s >= GENUINE_S}
    honest = {sent.data for sent in own if sent.send_s >= GENUINE_S}
    assert after - honest or one.name.startswith(("camera off", "media time"))


async def _arrivals(publisher: ScriptedPublisher, count: int) -> list[RtpPacket]:
    """The first pictures' packets at another end, by arrival."""
    other_end = RTCPeerConnection()
    arrived: asyncio.Queue[RtpPacket] = asyncio.Queue()

    async def take(packet: RtpPacket, **_: Any) -> None:
        arrived.put_nowait(packet)

    try:
        offer = RTCSessionDescription(sdp=await publisher.offer(), type="offer")
        await other_end.setRemoteDescription(offer)
        use_host_addresses(other_end, LOOPBACK)
        for transceiver in other_end.getTransceivers():
            if transceiver.kind == "video":
                transceiver.receiver._handle_rtp_packet = take  # type: ignore[assignment]
        await other_end.setLocalDescription(await other_end.createAnswer())
        await publisher.accept(other_end.localDescription.sdp)
        async with asyncio.timeout(30):
            return [await arrived.get() for _ in range(count)]
    finally:
        await publisher.close()
        await other_end.close()


async def test_pictures_are_sent_when_and_by_the_number_that_a_script_says() -> None:
    pictures = [
        Sent("video", 0.0, 0.0, b"0"),
        Sent("video", 0.02, 0.02, b"1", ahead=900),
        Sent("video", 0.04, 0.04, b"2", late_s=2.0),
        Sent("video", 0.06, 0.06, b"3", picture=77),
        Sent("video", 0.08, 0.08, b"4", ahead=900),
    ]
    sound = [Sent("audio", 0.02 * step, 0.02 * step, b"x") for step in range(20)]
    packets = await _arrivals(ScriptedPublisher([*pictures, *sound]), len(pictures))
    first = packets[0].sequence_number
    came = [(one.payload[-1:], one.sequence_number - first & 0xFFFF) for one in packets]
    assert came == [(b"0", 0), (b"1", 901), (b"3", 2), (b"4", 902), (b"2", 1)]
    described = [VpxPayloadDescriptor.parse(one.payload)[0].picture_id for one in packets]
    assert described[2] == 77
