"""Media sections of an offer: lines, read as RFC 8866, 8829 and 8843 say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from stream_verifier.errors import NegotiationError

DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
TRANSPORT = ("ice-ufrag", "ice-pwd", "ice-options", "ice-lite", "fingerprint", "setup")
"""What belongs to a transport, and stands but once for all that is bundled on it."""
_MEDIA_LINE = re.compile(r"m=(\S+) ([0-9]{1,5})(?:/[0-9]+)? ([A-Za-z0-9/]+) (\S.*)")


@dataclass(frozen=True, slots=True)
class Lines:
    """Attributes of a session or of a section of it, without their ``a=``."""

    attributes: tuple[str, ...]

    def has(self, name: str) -> bool:
        """Whether there is such an attribute."""
        return any(attribute.partition(":")[0] == name for attribute in self.attributes)

    def values(self, name: str) -> list[str]:
        """The values of all attributes of a name."""
        pairs = (attribute.partition(":") for attribute in self.attributes)
        return [value.strip() for key, _, value in pairs if key == name]

    def value(self, name: str) -> str | None:
        """The value of the first attribute of a name."""
        return next(iter(self.values(name)), None)

    def named(self, names: Iterable[str]) -> list[str]:
        """The attributes that have one of these names, as they stand."""
        return [one for one in self.attributes if one.partition(":")[0] in names]

    @property
    def direction(self) -> str | None:
        """The direction that is written here, if any."""
        return next((one for one in self.attributes if one in DIRECTIONS), None)


@dataclass(frozen=True, slots=True)
class Section(Lines):
    """One media section.

    Attributes:
        kind: "audio", "video", "application" or whatever else it says.
        port: 0 where it is rejected, or in use by its bundle alone.
        protocol: such as "UDP/TLS/RTP/SAVPF".
        formats: payload types, or "webrtc-datachannel".
    """

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]

    @property
    def mid(self) -> str | None:
        """Its media id; old clients have none."""
        return self.value("mid")


def split(sdp: str) -> tuple[Lines, list[Section]]:
    """Return what a description says of the whole session, and its media sections.

    Raises:
        NegotiationError: a media line cannot be read.
    """
    groups: list[list[str]] = [[]]
    for line in sdp.splitlines():
        if line.startswith("m="):
            groups.append([])
        groups[-1].append(line.rstrip())
    return Lines(_attributes(groups[0])), [_section(lines) for lines in groups[1:]]


def _section(lines: list[str]) -> Section:
    if (found := _MEDIA_LINE.fullmatch(lines[0])) is None:
        raise NegotiationError(
            f"The SDP offer cannot be read: {lines[0][:40]!r} is no media line. Send it unchanged."
        )
    kind, port, protocol, formats = found.groups()
    return Section(_attributes(lines), kind, int(port), protocol, tuple(formats.split()))


def _attributes(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(line[2:] for line in lines if line.startswith("a="))
