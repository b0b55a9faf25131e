"""What packets of VP8 say of their pictures' order (RFC 7741, section 4.2), which players go by.

A player leaves out a picture whose number does not follow, and decodes those behind it all the
same where theirs do: over what was there before. A decoder of all has another picture then.
"""

from __future__ import annotations

from aiortc.codecs.vpx import VpxPayloadDescriptor

from stream_verifier.media.webrtc.clock import signed

_LONG_BITS, _SHORT_BITS, _BASE_BITS = 15, 7, 8


class PictureNumbers:
    """The numbers of one stream, in the order in which its packets were sent."""

    def __init__(self) -> None:
        self._number: int | None = None
        self._base: int | None = None

    def follow(self, payload: bytes, *, keyframe: bool) -> bool:
        """Take the next picture; whether every player decodes it next.

        Args:
            payload: of its first packet; empty where it has none that says that it is.
            keyframe: whether it decodes on its own.

        Raises:
            ValueError: the packet breaks off.
        """
        if not payload:
            return False
        said, _ = VpxPayloadDescriptor.parse(payload)
        number, self._number = self._number, said.picture_id
        base, self._base = self._base, said.tl0picidx
        if said.picture_id is None:
            return keyframe or number is None
        if number is None:
            return keyframe
        step = signed(said.picture_id - number, _LONG_BITS if payload[2] & 0x80 else _SHORT_BITS)
        if keyframe or said.tid is None or said.tl0picidx is None:
            return step > 0 if keyframe else step == 1
        layer, refers_to_base = said.tid
        if base is None or signed(said.tl0picidx - base, _BASE_BITS) != (not layer):
            return False
        return step > 0 if not layer or refers_to_base else step == 1
