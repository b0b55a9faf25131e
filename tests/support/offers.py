"""Offers of clients as they come, each in its own manner, without anybody behind them."""

from __future__ import annotations

from dataclasses import dataclass, field

from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.media.webrtc.peer import Peer

_UFRAG, _PWD = "a=ice-ufrag:8hhY", "a=ice-pwd:asd88fgpdd777uzjYhagZg8hhYasd88f"
_HASH = ":".join(["4A"] * 32)
_PRINT = f"a=fingerprint:sha-256 {_HASH}"
_SETUP = "a=setup:actpass"
SECURED = [_UFRAG, _PWD, _PRINT, _SETUP]
_HOST = "a=candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host"
_NAME = "a=candidate:0 1 UDP 2122187007 c4079e26-1a6a-40b2-b5f9-d53f965574a1.local 52180 typ host"
_OPUS = [
    "a=rtpmap:111 opus/48000/2",
    "a=rtcp-fb:111 transport-cc",
    "a=fmtp:111 minptime=10;useinbandfec=1",
]
_VP8 = [
    "a=rtpmap:96 VP8/90000",
    "a=rtcp-fb:96 nack pli",
    "a=rtpmap:97 rtx/90000",
    "a=fmtp:97 apt=96",
]
_H264 = [
    "a=rtpmap:102 H264/90000",
    "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
]
_AUDIO = "m=audio 9 UDP/TLS/RTP/SAVPF 111"
_VIDEO = "m=video 9 UDP/TLS/RTP/SAVPF 96 97"
_DATA = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel"


@dataclass(frozen=True, slots=True)
class Shape:
    """An offer and what must come of it.

    Attributes:
        session: attributes of the session, beside the first four lines.
        sections: lines of each.
        answer: direction of each section in the answer; "declined" for port 0.
        group: the answer's BUNDLE group; None for none.
    """

    session: list[str]
    sections: list[list[str]]
    answer: list[str]
    group: str | None = "0 1"
    head: list[str] = field(
        default_factory=lambda: ["v=0", "o=- 4611733 2 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    )

    @property
    def sdp(self) -> str:
        """As it is sent."""
        lines = [*self.head, *self.session, *(line for one in self.sections for line in one)]
        return "\r\n".join(lines) + "\r\n"


def _audio(*more: str, line: str = _AUDIO, mid: str = "0") -> list[str]:
    return [line, "c=IN IP4 0.0.0.0", f"a=mid:{mid}", "a=rtcp-mux", *_OPUS, *more]


def _video(*more: str, line: str = _VIDEO, mid: str = "1") -> list[str]:
    return [line, "c=IN IP4 0.0.0.0", f"a=mid:{mid}", "a=rtcp-mux", *_VP8, *more]


_BUNDLE = "a=group:BUNDLE 0 1"
_BOTH = ["received", "received"]
_BUNDLE_ONLY = _VIDEO.replace(" 9 ", " 0 ")
_TAGGED = [*SECURED, _HOST, "a=sendonly"]

SHAPES = {
    "Firefox that hides its addresses": Shape(
        ["a=sendrecv", _PRINT, _BUNDLE, "a=ice-options:trickle", "a=msid-semantic:WMS *"],
        [
            _audio(_NAME, "a=end-of-candidates", _UFRAG, _PWD, _SETUP, "a=sendrecv"),
            _video(_NAME, "a=end-of-candidates", _UFRAG, _PWD, _SETUP, "a=sendrecv"),
        ],
        _BOTH,
    ),
    "Firefox with max-bundle": Shape(
        ["a=sendrecv", _PRINT, _BUNDLE, "a=ice-options:trickle"],
        [
            _audio(_HOST, "a=end-of-candidates", _UFRAG, _PWD, _SETUP),
            _video("a=bundle-only", line=_BUNDLE_ONLY),
        ],
        _BOTH,
    ),
    "Firefox whose data channel came first": Shape(
        [_PRINT, "a=group:BUNDLE 0 1 2"],
        [
            [_DATA, "c=IN IP4 0.0.0.0", "a=mid:0", "a=sctp-port:5000", *SECURED, _HOST],
            _audio(*SECURED, "a=sendrecv", mid="1"),
            _video("a=bundle-only", "a=sendrecv", line=_BUNDLE_ONLY, mid="2"),
        ],
        ["idle", "received", "received"],
        "0 1 2",
    ),
    "Chromium": Shape(
        [_BUNDLE, "a=extmap-allow-mixed", "a=msid-semantic: WMS"],
        [
            _audio(
                *_TAGGED,
                "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
                "a=msid:- 5d1",
                "a=ssrc:1050688154 cname:MLB",
                "a=ssrc:1050688154 msid:- 5d1",
            ),
            _video(
                *SECURED,
                "a=sendonly",
                "a=rtcp-rsize",
                "a=extmap:14 urn:ietf:params:rtp-hdrext:toffset",
            ),
        ],
        _BOTH,
    ),
    "Chromium with simulcast": Shape(
        [_BUNDLE],
        [
            _audio(*_TAGGED),
            _video(*SECURED, "a=sendonly", "a=rid:h send", "a=rid:l send", "a=simulcast:send h;l"),
        ],
        _BOTH,
    ),
    "Chromium with two cameras and a data channel": Shape(
        ["a=group:BUNDLE 0 1 2 3"],
        [
            _audio(*_TAGGED),
            _video(*SECURED, "a=sendonly"),
            _video(*SECURED, "a=sendonly", mid="2"),
            [_DATA, "c=IN IP4 0.0.0.0", "a=mid:3", "a=sctp-port:5000", *SECURED],
        ],
        [*_BOTH, "idle", "idle"],
        "0 1 2 3",
    ),
    "Chromium of 2016, with names and the old protocol": Shape(
        ["a=group:BUNDLE audio video", "a=msid-semantic: WMS x"],
        [
            _audio(*_TAGGED, "a=maxptime:60", line="m=audio 9 RTP/SAVPF 111", mid="audio"),
            _video(*SECURED, "a=sendonly", line="m=video 9 RTP/SAVPF 96 97", mid="video"),
        ],
        _BOTH,
        "audio video",
    ),
    "Safari": Shape(
        [_BUNDLE, "a=extmap-allow-mixed", "a=msid-semantic: WMS 1"],
        [
            _audio(*SECURED, _NAME, "a=ice-options:trickle", "a=sendrecv"),
            [
                "m=video 9 UDP/TLS/RTP/SAVPF 102 103",
                "c=IN IP4 0.0.0.0",
                "a=mid:1",
                "a=rtcp-mux",
                *_H264,
                "a=rtpmap:103 rtx/90000",
                "a=fmtp:103 apt=102",
                *SECURED,
                "a=sendrecv",
            ],
        ],
        _BOTH,
    ),
    "Pion": Shape(
        [f"a=fingerprint:sha-256 {_HASH}", _BUNDLE],
        [
            _video(_SETUP, _UFRAG, _PWD, _HOST, "a=end-of-candidates", "a=sendrecv", mid="0"),
            _audio(_SETUP, _UFRAG, _PWD, "a=sendrecv", mid="1"),
        ],
        _BOTH,
    ),
    "GStreamer's whipclientsink": Shape(
        ["a=ice-options:trickle", "a=group:BUNDLE video0 audio1"],
        [
            [
                "m=video 9 UDP/TLS/RTP/SAVPF 102",
                "c=IN IP4 0.0.0.0",
                *SECURED,
                "a=rtcp-mux",
                "a=rtcp-rsize",
                "a=sendonly",
                "a=rtpmap:102 H264/90000",
                "a=rtcp-fb:102 nack pli",
                "a=framerate:30",
                "a=fmtp:102 packetization-mode=1; profile-level-id=42e01f; sprop=Z0L",
                "a=ssrc:1757054205 msid:user1 webrtctransceiver0",
                "a=mid:video0",
            ],
            _audio(
                "a=sendonly",
                "a=bundle-only",
                line="m=audio 0 UDP/TLS/RTP/SAVPF 111",
                mid="audio1",
            ),
        ],
        _BOTH,
        "video0 audio1",
    ),
    "OBS": Shape(
        [_BUNDLE, "a=group:LS 0 1", "a=msid-semantic:WMS *", "a=ice-options:ice2,trickle", _PRINT],
        [
            _audio(_SETUP, _UFRAG, _PWD, "a=sendonly", "a=ssrc:102 cname:a", "a=msid:a b"),
            [
                "m=video 9 UDP/TLS/RTP/SAVPF 102",
                "c=IN IP4 0.0.0.0",
                "a=bundle-only",
                "a=mid:1",
                "a=sendonly",
                "a=rtcp-mux",
                *_H264,
                _SETUP,
                _UFRAG,
                _PWD,
            ],
        ],
        _BOTH,
    ),
    "FFmpeg's WHIP": Shape(
        [_BUNDLE, "a=extmap-allow-mixed", "a=msid-semantic: WMS"],
        [
            _audio(_UFRAG, _PWD, _PRINT, "a=setup:passive", "a=sendonly", "a=rtcp-rsize"),
            _video(_UFRAG, _PWD, _PRINT, "a=setup:passive", "a=sendonly"),
        ],
        _BOTH,
    ),
    "everything said of the session, once": Shape(
        [_BUNDLE, *SECURED, "a=sendonly"], [_audio(_HOST), _video()], _BOTH
    ),
    "no direction anywhere": Shape([_BUNDLE], [_audio(*SECURED), _video(*SECURED)], _BOTH),
    "a session that only listens, but for its microphone": Shape(
        [_BUNDLE, "a=recvonly"],
        [_audio(*SECURED, "a=sendrecv"), _video(*SECURED)],
        ["received", "idle"],
    ),
    "no bundle": Shape([], [_audio(*_TAGGED), _video(*_TAGGED)], _BOTH, None),
    "no media ids": Shape(
        [],
        [
            [line for line in section if not line.startswith("a=mid")]
            for section in (_audio(*_TAGGED), _video(*_TAGGED))
        ],
        _BOTH,
        None,
    ),
    "a camera that was stopped before": Shape(
        ["a=group:BUNDLE 1 2"],
        [
            ["m=video 0 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 0.0.0.0", "a=inactive", "a=mid:0"],
            _audio(*_TAGGED, mid="1"),
            _video(*SECURED, "a=sendonly", mid="2"),
        ],
        ["declined", "received", "received"],
        "1 2",
    ),
    "a stopped section that is still in the bundle": Shape(
        ["a=group:BUNDLE 0 1 2"],
        [
            ["m=video 0 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 0.0.0.0", "a=mid:0"],
            _audio(*_TAGGED, mid="1"),
            _video("a=bundle-only", "a=sendonly", line=_BUNDLE_ONLY, mid="2"),
        ],
        ["declined", "received", "received"],
        "1 2",
    ),
    "sound in PCMU alone": Shape(
        [_BUNDLE],
        [
            ["m=audio 9 UDP/TLS/RTP/SAVPF 0", "a=mid:0", "a=rtpmap:0 PCMU/8000", *SECURED],
            _video(*_TAGGED),
        ],
        ["idle", "received"],
    ),
    "sound in PCMU alone, by bundle-only": Shape(
        ["a=group:BUNDLE 1 0"],
        [
            ["m=audio 0 UDP/TLS/RTP/SAVPF 0", "a=mid:0", "a=bundle-only"],
            _video(*_TAGGED),
        ],
        ["declined", "received"],
        "1",
    ),
    "pictures in AV1 alone beside sound": Shape(
        [_BUNDLE],
        [
            _audio(*_TAGGED),
            ["m=video 9 UDP/TLS/RTP/SAVPF 45", "a=mid:1", "a=rtpmap:45 AV1/90000", *SECURED],
        ],
        ["received", "declined"],
        "0",
    ),
    "a screen that is only received, before the camera": Shape(
        ["a=group:BUNDLE 0 1 2"],
        [
            _video(*SECURED, _HOST, "a=recvonly", mid="0"),
            _audio(*SECURED, "a=sendonly", mid="1"),
            _video(*SECURED, "a=sendonly", mid="2"),
        ],
        ["idle", "received", "received"],
        "0 1 2",
    ),
    "the bundle's second section first": Shape(
        ["a=group:BUNDLE 1 0"],
        [
            _audio("a=bundle-only", "a=sendonly", line=_AUDIO.replace(" 9 ", " 0 ")),
            _video(*_TAGGED),
        ],
        _BOTH,
        "1 0",
    ),
    "fingerprints of both kinds, in capitals": Shape(
        [_BUNDLE, f"a=fingerprint:SHA-1 {':'.join(['4B'] * 20)}"],
        [
            _audio(_UFRAG, _PWD, _SETUP, f"a=fingerprint:SHA-256 {_HASH.lower()}", "a=sendonly"),
            _video(_UFRAG, _PWD, _SETUP, f"a=fingerprint:SHA-256 {_HASH.lower()}", "a=sendonly"),
        ],
        _BOTH,
    ),
    "the camera first": Shape(
        ["a=group:BUNDLE 1 0"],
        [_video(*_TAGGED), _audio(*SECURED, "a=sendonly")],
        _BOTH,
        "1 0",
    ),
    "extensions of two bytes": Shape(
        [_BUNDLE, "a=extmap-allow-mixed"],
        [
            _audio(*_TAGGED, "a=extmap:15 urn:ietf:params:rtp-hdrext:sdes:mid", "a=extmap:0 urn:x"),
            _video(*SECURED, "a=sendonly", "a=extmap:255 urn:x", "a=extmap:4096 urn:y"),
        ],
        _BOTH,
    ),
    "simulcast by sources, and three cameras": Shape(
        ["a=group:BUNDLE 0 1 2 3"],
        [
            _audio(*_TAGGED),
            _video(*SECURED, "a=sendonly", "a=ssrc-group:SIM 1 2 3", "a=ssrc:1 cname:a"),
            _video(*SECURED, "a=sendonly", mid="2"),
            _video(*SECURED, "a=sendrecv", mid="3"),
        ],
        [*_BOTH, "idle", "idle"],
        "0 1 2 3",
    ),
    "an endpoint of ICE lite": Shape(
        [_BUNDLE, "a=ice-lite"], [_audio(*_TAGGED), _video(*SECURED)], _BOTH
    ),
    "a section for text beside sound": Shape(
        ["a=group:BUNDLE 0"],
        [_audio(*_TAGGED), ["m=text 0 RTP/AVP 98", "a=rtpmap:98 t140/1000"]],
        ["received", "declined"],
        "0",
    ),
    "sound repeated and pictures protected": Shape(
        [_BUNDLE],
        [
            _audio(
                *_TAGGED,
                "a=rtpmap:63 red/48000/2",
                "a=fmtp:63 111/111",
                line=_AUDIO.replace("111", "63 111 13"),
            ),
            _video(
                *SECURED,
                "a=sendonly",
                "a=rtpmap:98 ulpfec/90000",
                line=_VIDEO.replace("96 97", "98 96 97"),
            ),
        ],
        _BOTH,
    ),
    "lines that mean nothing here": Shape(
        [_BUNDLE, "a=tool:somebody's 3.1", "b=AS:900", "a=cryptex"],
        [
            _audio(
                *_TAGGED,
                "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid vad=on",
                "a=extmap:broken",
                "a=ssrc:77 previous",
                "a=ssrc-group:SIM 1 2 x",
                "a=fmtp:13 a=1",
                "b=TIAS:64000",
                "a=candidate:1 1 udp 1 unresolvable.example 50000 typ host",
            ),
            _video(*SECURED, "a=sendonly", "a=imageattr:96 send [x=640]", "a=content:main"),
        ],
        _BOTH,
    ),
}
"""By what they are."""


async def answer(offer: str) -> str:
    """What a call answers to an offer, before it is closed."""
    peer = Peer(inbox=MediaInbox(), host_addresses=LOOPBACK)
    try:
        return await peer.answer(offer)
    finally:
        await peer.close()
