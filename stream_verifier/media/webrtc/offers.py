"""What an SDP offer must have before a peer connection is made for it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from aiortc.sdp import MediaDescription, SessionDescription

from stream_verifier.errors import NegotiationError

MAX_SECTIONS = 8
MAX_CANDIDATES = 16
_MOST_CANDIDATE_LINES = 64
_MOST_UFRAG_CHARS = 64
_LEAST_PORT = 1024
_HASHES = {"sha-256", "sha-384", "sha-512"}


@dataclass(frozen=True, slots=True)
class PeerAddresses:
    """Which addresses of the other side may be tried.

    Attributes:
        private: those of one's own network, as RFC 1918 and RFC 4193 have them.
        loopback: this machine's own.
    """

    private: bool = True
    loopback: bool = True

    def allow(self, host: str, port: int) -> bool:
        """Whether a candidate's address is one where a caller might be.

        A name is only taken if it is one of mDNS: a caller must not have us look up any other.
        """
        if not _LEAST_PORT <= port <= 65535:
            return False
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return host.lower().endswith(".local") and len(host) <= 64
        if address.is_multicast or address.is_unspecified or address.is_reserved:
            return False
        if address.is_loopback:
            return self.loopback
        return self.private or not (address.is_private or address.is_link_local)


def plausible_offer(offer_sdp: str, peers: PeerAddresses) -> str:
    """An offer without the candidates that nobody honest has, before anything is done for it.

    Args:
        offer_sdp: as it came.
        peers: which addresses may be tried.

    Returns:
        The offer with at most `MAX_CANDIDATES` different candidates, the first of those allowed.

    Raises:
        NegotiationError: it has more sections or candidates than any browser's, or ICE credentials
            of a size that no browser has.
    """
    lines = offer_sdp.splitlines()
    if sum(line.startswith("m=") for line in lines) > MAX_SECTIONS:
        raise NegotiationError(
            f"The offer has more than {MAX_SECTIONS} media sections. Send one camera and one "
            "microphone."
        )
    if sum(line.startswith("a=candidate:") for line in lines) > _MOST_CANDIDATE_LINES:
        raise NegotiationError("The offer has too many candidates. Send it unchanged.")
    if any(_long_ufrag(line) for line in lines):
        raise NegotiationError("The offer's ICE user name is too long. Send it unchanged.")
    taken: set[tuple[str, int]] = set()
    kept = [line for line in lines if _keep(line, peers, taken)]
    return "\r\n".join(kept) + "\r\n"


def _long_ufrag(line: str) -> bool:
    return line.startswith("a=ice-ufrag:") and len(line) > len("a=ice-ufrag:") + _MOST_UFRAG_CHARS


def _keep(line: str, peers: PeerAddresses, taken: set[tuple[str, int]]) -> bool:
    """Whether a line stays; ``taken`` collects the candidates that did."""
    if not line.startswith("a=candidate:"):
        return True
    parts = line.split()
    if len(parts) < 8 or parts[2].lower() != "udp" or not parts[5].isdecimal():
        return False
    address = (parts[4], int(parts[5][:6]))
    if not peers.allow(*address):
        return False
    if address not in taken and len(taken) >= MAX_CANDIDATES:
        return False
    taken.add(address)
    return True


def sending_kinds(offer_sdp: str) -> set[str]:
    """Return which of "audio" and "video" an offer wants to send.

    Raises:
        NegotiationError: the offer cannot be read, sends neither, or lacks what a secured
            connection needs.
    """
    try:
        offer = SessionDescription.parse(offer_sdp)
        media = [m for m in offer.media if m.kind in ("audio", "video")]
        kinds = {m.kind for m in media if m.direction in (None, "sendrecv", "sendonly") and m.port}
    except Exception as error:  # aiortc's parser raises whatever it stumbles over.
        raise NegotiationError(
            f"The SDP offer cannot be read ({type(error).__name__}). Send it unchanged."
        ) from error
    if not kinds:
        raise NegotiationError(
            "The offer sends neither audio nor video. Add a camera or microphone track."
        )
    if not all(_secured(m) for m in media):
        raise NegotiationError(
            "The offer lacks ICE credentials or a DTLS fingerprint. Send it unchanged."
        )
    if not _bundled_right(offer):
        raise NegotiationError(
            "The offer's media ids (a=mid) are missing, double or not those of its BUNDLE group. "
            "Send it unchanged."
        )
    return kinds


def _bundled_right(offer: SessionDescription) -> bool:
    mids = [m.rtp.muxId for m in offer.media]
    bundled = {mid for group in offer.group if group.semantic == "BUNDLE" for mid in group.items}
    return len(set(mids)) == len(mids) and bundled <= set(mids)


def _secured(media: MediaDescription) -> bool:
    known = media.dtls and [f for f in media.dtls.fingerprints if f.algorithm in _HASHES]
    return bool(known and media.ice and media.ice.usernameFragment and media.ice.password)
