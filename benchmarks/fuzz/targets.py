"""What is fed, and what may come of it: a result, or the one error that says so."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.fuzz.decoding import decode
from benchmarks.fuzz.ingestion import ingest
from benchmarks.fuzz.strangers import arrive
from stream_verifier.errors import NegotiationError, ProtocolError
from stream_verifier.events.call_messages import parse_message
from stream_verifier.events.feed_messages import parse_subscribe
from stream_verifier.media.webrtc.frame_size import check_shown, frame_sizes
from stream_verifier.media.webrtc.keyframes import is_keyframe
from stream_verifier.media.webrtc.offers import MAX_CANDIDATES, plausible_offer
from stream_verifier.media.webrtc.opus import duration_s
from stream_verifier.media.webrtc.parameter_sets import ParameterSets
from stream_verifier.media.webrtc.peer_addresses import LEAST_PORT, PeerAddresses
from stream_verifier.media.webrtc.sdp.reading import read_offer


def headers(data: bytes) -> None:
    """Headers of pictures and sound."""
    is_keyframe(data)
    ParameterSets(data).complete(data)
    for codec in ("VP8", "H264"):
        try:
            sizes = frame_sizes(codec, data)
            check_shown(codec, data)
        except ValueError:
            continue
        assert all(width > 0 and height > 0 for width, height in sizes)
    try:
        assert 0 < duration_s(data) <= 0.12
    except ValueError:
        return


def offer(data: bytes) -> None:
    """An SDP offer."""
    peers = PeerAddresses(private=False, loopback=False)
    try:
        plausible = plausible_offer(data.decode("utf-8", "replace"), peers)
        read = read_offer(plausible)
    except NegotiationError:
        return
    kinds = [one.section.kind for one in read.taken]
    assert sorted(kinds) in (["audio"], ["video"], ["audio", "video"])
    candidates = [
        line.split() for line in plausible.splitlines() if line.startswith("a=candidate:")
    ]
    assert len({(parts[4], parts[5]) for parts in candidates}) <= MAX_CANDIDATES
    assert all(int(parts[5]) >= LEAST_PORT for parts in candidates)


def messages(data: bytes) -> None:
    """What clients write to the call socket and to the feed."""
    text = data.decode("utf-8", "replace")
    for parse in (parse_message, parse_subscribe):
        try:
            parse(text)
        except ProtocolError:
            continue


TARGETS: dict[str, Callable[[bytes], None]] = {
    "headers": headers,
    "offer": offer,
    "messages": messages,
    "ingestion": ingest,
    "strangers": arrive,
    "decoding": decode,
}
