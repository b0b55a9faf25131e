"""Parameter sets of H.264, for key frames that come without; pure.

A sender may say them in SDP alone, or with its first picture alone (RFC 6184, section 8.4). Who
lost that picture, or came later, could then decode nothing for the rest of the call.
"""

from __future__ import annotations

import re
from itertools import islice

_UNITS = re.compile(rb"\x00\x00\x01[\x05\x07\x08\x25\x27\x28\x45\x47\x48\x65\x67\x68]")
_ANY = re.compile(rb"\x00\x00\x01")
_INSTANT, _SEQUENCE = 5, 7
_MOST_UNITS, _MOST_BYTES = 32, 4096
"""Of a frame's sets, all together; those of encoders have a hundred bytes."""


class ParameterSets:
    """The sets of one stream.

    Args:
        announced: those in SDP, as a byte stream with start codes (Annex B).
    """

    def __init__(self, announced: bytes = b"") -> None:
        self._known, _ = _sets(announced)

    def complete(self, data: bytes) -> tuple[bytes, bool]:
        """A frame, with its sets before it where it is a key frame that comes without.

        Args:
            data: of an encoded frame, complete, as a byte stream.

        Returns:
            The frame, and whether it decodes on its own.
        """
        found, instant = _sets(data)
        if sum(map(len, found.values())) <= _MOST_BYTES:
            self._known |= found
        if _SEQUENCE in found:
            return data, True
        if not instant or _SEQUENCE not in self._known:
            return data, False
        return b"".join(self._known[kind] for kind in sorted(self._known)) + data, True


def _sets(data: bytes) -> tuple[dict[int, bytes], bool]:
    """The sets before a frame's first slice of a key frame, by kind, and whether there is one."""
    found: dict[int, bytes] = {}
    for match in islice(_UNITS.finditer(data), _MOST_UNITS):
        if (kind := match[0][-1] & 0x1F) == _INSTANT:
            return found, True
        most = match.start() + _MOST_BYTES
        after = _ANY.search(data, match.end(), most)
        unit = data[match.start() : after.start() if after else most].rstrip(b"\0")
        found[kind] = found.get(kind, b"") + b"\0" + unit
    return found, False
