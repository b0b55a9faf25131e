"""What an SDP offer must have before a peer connection is made for it."""

from __future__ import annotations

import re
from collections import Counter

from stream_verifier.errors import NegotiationError
from stream_verifier.media.webrtc.peer_addresses import PeerAddresses

MAX_BYTES = 32 * 1024
MAX_SECTIONS = 8
MAX_CANDIDATES = 16
_MOST_LINES = 2000
_MOST_LINE_CHARS = 1024
_MOST_OF = {
    "candidate": 64,
    "ssrc": 64,
    "ssrc-group": 16,
    "rtpmap": 128,
    "fmtp": 128,
    "rtcp-fb": 512,
    "extmap": 128,
    "fingerprint": 16,
    "group": 4,
    "msid-semantic": 4,
}
"""Lines of a kind; a browser's offer of one camera and one microphone has half as many."""
_SHAPES = {
    # RFC 8839, section 5.4, but a name goes into packets to addresses that the caller chooses; with
    # the further characters that some clients use.
    "ice-ufrag": re.compile(r"[A-Za-z0-9+/=_#-]{4,32}"),
    "ice-pwd": re.compile(r"[A-Za-z0-9+/=_#-]{22,256}"),
    "setup": re.compile("active|passive|actpass"),
    "mid": re.compile(r"[\x21-\x7e]{1,32}"),
}


def plausible_offer(offer_sdp: str, peers: PeerAddresses) -> str:
    """An offer without the candidates that nobody honest has, before anything is done for it.

    Args:
        offer_sdp: as it came.
        peers: which addresses may be tried.

    Returns:
        The offer with at most `MAX_CANDIDATES` different candidates, the first of those allowed.

    Raises:
        NegotiationError: it is longer, or has more of something, than any browser's, or ICE
            credentials, roles or media ids of a kind that no browser has.
    """
    if len(offer_sdp) > MAX_BYTES or len(offer_sdp.encode(errors="replace")) > MAX_BYTES:
        raise _unlike_browsers(f"is longer than {MAX_BYTES // 1024} KiB")
    lines = offer_sdp.splitlines()
    if len(lines) > _MOST_LINES or any(len(line) > _MOST_LINE_CHARS for line in lines):
        raise _unlike_browsers("has too many or too long lines")
    if sum(line.startswith("m=") for line in lines) > MAX_SECTIONS:
        raise NegotiationError(
            f"The offer has more than {MAX_SECTIONS} media sections. Send one camera and one "
            "microphone."
        )
    _check_attributes([line[2:] for line in lines if line.startswith("a=")])
    taken: set[tuple[str, int]] = set()
    kept = [line for line in lines if _keep(line, peers, taken)]
    return "\r\n".join(kept) + "\r\n"


def _check_attributes(attributes: list[str]) -> None:
    counts = Counter(attribute.partition(":")[0] for attribute in attributes)
    for name, most in _MOST_OF.items():
        if counts[name] > most:
            raise _unlike_browsers(f"has more than {most} lines of a={name}")
    for attribute in attributes:
        name, _, value = attribute.partition(":")
        if (shape := _SHAPES.get(name)) is not None and not shape.fullmatch(value):
            raise _unlike_browsers(
                f"has an a={name} of a wrong length or with odd characters or words"
            )


def _unlike_browsers(what: str) -> NegotiationError:
    return NegotiationError(f"The offer {what}. Send it as your browser or library made it.")


def _keep(line: str, peers: PeerAddresses, taken: set[tuple[str, int]]) -> bool:
    """Whether a line stays; ``taken`` collects the candidates that did."""
    if not line.startswith("a=candidate:"):
        return True
    parts = line.split()
    if len(parts) < 8 or parts[2].lower() != "udp" or not _DECIMAL.fullmatch(parts[5]):
        return False
    # All media is multiplexed on the first component; aioice trips over others.
    if parts[1] != "1" or not _DECIMAL.fullmatch(parts[3]):
        return False
    address = (parts[4], int(parts[5]))
    if not peers.allow(*address):
        return False
    if address not in taken and len(taken) >= MAX_CANDIDATES:
        return False
    taken.add(address)
    return True


_DECIMAL = re.compile(r"[0-9]{1,10}")
