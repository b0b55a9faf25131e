"""What an SDP offer must have before a peer connection is made for it."""

from __future__ import annotations

from aiortc.sdp import MediaDescription, SessionDescription

from stream_verifier.errors import NegotiationError

_HASHES = {"sha-256", "sha-384", "sha-512"}


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
