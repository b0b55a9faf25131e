"""The answer to a whole offer, made of aiortc's answer to what was taken of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from stream_verifier.media.webrtc.sdp import h264
from stream_verifier.media.webrtc.sdp.bundles import Bundle
from stream_verifier.media.webrtc.sdp.reading import Offer, Taken
from stream_verifier.media.webrtc.sdp.sections import TRANSPORT, Section

_ECHOED = ("rtpmap", "fmtp", "sctp-port", "sctpmap", "max-message-size")
_FINGERPRINT = "a=fingerprint:sha-256 "
_CARRIED = (*TRANSPORT, "candidate", "end-of-candidates")


def whole_answer(offer: Offer, sdp: str) -> str:
    """Answer each section of an offer, in its order (RFC 8829, section 5.3.1).

    What is neither taken nor idle is declined by port 0.

    Args:
        offer: that was read.
        sdp: aiortc's answer to `Offer.sdp`.
    """
    head, answered = _apart(sdp)
    taken = {id(one.section): one for one in offer.taken}
    idle = {id(section): answered[_beside(section, offer).mid] for section in offer.idle}
    kept = {*taken, *idle}
    lines = [*head, *_groups(offer.bundles, kept)]
    for section in offer.sections:
        if (one := taken.get(id(section))) is not None:
            lines += _received(one, answered[one.mid])
        elif (transport := idle.get(id(section))) is not None:
            lines += _idle(section, transport)
        else:
            lines += _declined(section)
    return "\r\n".join(lines) + "\r\n"


def _beside(section: Section, offer: Offer) -> Taken:
    """The first that is taken of a section's bundle."""
    return next(one for one in offer.taken if section in one.bundle.members)


def _apart(sdp: str) -> tuple[list[str], dict[str, list[str]]]:
    """The lines before the first section without groups, and those of each section by its mid.

    Of aiortc's fingerprints only the one that everybody reads stays: libdatachannel keeps the last,
    and checks it by SHA-256 where our packets overtake our answer.
    """
    head: list[str] = []
    sections: list[list[str]] = []
    for line in sdp.splitlines():
        if line.startswith("a=fingerprint:") and not line.startswith(_FINGERPRINT):
            continue
        if line.startswith("m="):
            sections.append([])
        (sections[-1] if sections else head).append(line)
    by_mid = {_mid(lines): lines for lines in sections}
    return [line for line in head if not line.startswith("a=group:")], by_mid


def _mid(lines: Iterable[str]) -> str:
    return next(line for line in lines if line.startswith("a=mid:")).partition(":")[2]


def _groups(found: Iterable[Bundle], kept: Collection[int]) -> list[str]:
    lines = []
    for bundle in found:
        mids = [s.mid for s in bundle.members if id(s) in kept and s.mid is not None]
        if bundle.grouped and mids:
            lines.append("a=group:BUNDLE " + " ".join(mids))
    return lines


def _received(taken: Taken, lines: list[str]) -> list[str]:
    """Aiortc's own answer, in the offer's words, and with a media id only where it has one."""
    kind, port, _, formats = lines[0].split(" ", 3)
    section, rest = taken.section, lines[1:]
    if section.mid is None:
        rest = [line for line in rest if not line.startswith("a=mid:")]
    if (renamed := h264.unnamed(section)) is not None:
        rest = [line for line in rest if not line.startswith(f"a=fmtp:{renamed} ")]
        own = h264.answered(section, renamed)
        rest += [f"a=fmtp:{renamed} {own}"] if own and renamed in formats.split() else []
    return [f"{kind} {port} {section.protocol} {formats}", *rest]


def _idle(section: Section, transport: list[str]) -> list[str]:
    """A section on the transport of its bundle, without media."""
    port = transport[0].split()[1]
    lines = [f"m={section.kind} {port} {section.protocol} {' '.join(section.formats)}"]
    lines += [line for line in transport if line.startswith("c=")]
    lines += ["a=inactive", "a=rtcp-mux"] if section.kind != "application" else []
    lines += [f"a=mid:{section.mid}"] if section.mid else []
    lines += [f"a={attribute}" for attribute in section.named(_ECHOED)]
    return lines + [line for line in transport if _name(line) in _CARRIED]


def _name(line: str) -> str:
    return line[2:].partition(":")[0] if line.startswith("a=") else ""


def _declined(section: Section) -> list[str]:
    lines = [f"m={section.kind} 0 {section.protocol} {' '.join(section.formats)}"]
    lines += ["c=IN IP4 0.0.0.0", "a=inactive"]
    return lines + ([f"a=mid:{section.mid}"] if section.mid else [])
