"""Parameter sets of H.264, for key frames that come without; pure.

A sender may say them in SDP alone, or with its first picture alone (RFC 6184, section 8.4). Who
lost that picture, or came later, could then decode nothing for the rest of the call.
"""

from __future__ import annotations

import re

_SETS = re.compile(rb"\x00{2,3}\x01[\x07\x08\x27\x28\x47\x48\x67\x68]")
_ANY = re.compile(rb"\x00{2,3}\x01")
_INSTANT = re.compile(rb"\x00\x00\x01[\x05\x25\x45\x65]")
_SEQUENCE = 7
_MOST_BYTES = 4096


class ParameterSets:
    """The sets of one stream.

    Args:
        announced: those in SDP, as a byte stream with start codes (Annex B).
    """

    def __init__(self, announced: bytes = b"") -> None:
        self._known: dict[int, bytes] = {}
        self._learn(announced)

    def complete(self, data: bytes) -> bytes:
        """A frame, with its sets before it where it is a key frame that comes without.

        Args:
            data: of an encoded frame, complete, as a byte stream.
        """
        if self._learn(data) or not self._known or _INSTANT.search(data) is None:
            return data
        return b"".join(self._known[kind] for kind in sorted(self._known)) + data

    def _learn(self, data: bytes) -> bool:
        """Remember the sets in a byte stream; return whether a sequence's is among them."""
        found: dict[int, bytes] = {}
        for match in _SETS.finditer(data):
            after = _ANY.search(data, match.end())
            unit = data[match.start() : after.start() if after else len(data)]
            kind = match[0][-1] & 0x1F
            found[kind] = found.get(kind, b"") + unit
        if sum(map(len, found.values())) <= _MOST_BYTES:
            self._known |= found
        return _SEQUENCE in found
