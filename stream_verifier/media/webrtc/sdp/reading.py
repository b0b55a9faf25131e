"""Reads an offer: what of it is taken, and how aiortc is told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aiortc.sdp import MediaDescription, SessionDescription

from stream_verifier.errors import NegotiationError
from stream_verifier.media.webrtc.codecs import receives
from stream_verifier.media.webrtc.peer_addresses import is_mdns_name
from stream_verifier.media.webrtc.sdp import h264
from stream_verifier.media.webrtc.sdp.bundles import Bundle, bundles, transport_of
from stream_verifier.media.webrtc.sdp.sections import Lines, Section, split

_DYNAMIC = range(96, 128)
"""Payload types that aiortc keeps; it answers with others than those below, which nobody sends."""
_HASHES = {"sha-256", "sha-384", "sha-512"}
_KINDS = ("audio", "video")
_DISCARD_PORT = 9
_RTPMAP = re.compile(r"([0-9]{1,3}) ([!-.0-~]{1,64})/([0-9]{1,7})(/[0-9]{1,2})?")
_OF_FORMAT = re.compile(r"([0-9]{1,3}|\*) (\S.*)")
_EXTMAP = re.compile(r"([0-9]{1,5}(?:/[a-z]+)?) (\S+)(?: .*)?")
_SSRC = re.compile(r"[0-9]{1,10} [a-z-]+:.*")
_FID = re.compile(r"FID(?: [0-9]{1,10}){2}")


@dataclass(frozen=True, slots=True)
class Taken:
    """A section whose media is received.

    Attributes:
        section: as it was offered.
        mid: its media id; made up where it has none.
        bundle: whose transport it uses.
    """

    section: Section
    mid: str
    bundle: Bundle

    @property
    def sources(self) -> set[int]:
        """The SSRCs that are announced for it."""
        return sources(self.section)

    @property
    def parameter_sets(self) -> dict[int, bytes]:
        """Those of H.264 that are announced for it, by payload type."""
        return h264.parameter_sets(self.section)


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer, understood.

    Attributes:
        sections: all of them, in order.
        bundles: of those in use.
        taken: at most one of each kind, in order.
        idle: those that stay in use on a bundle of these, without media.
        sdp: for aiortc, with these alone.
        names: candidates whose address is an mDNS name, without "candidate:"; not in ``sdp``.
    """

    sections: tuple[Section, ...]
    bundles: tuple[Bundle, ...]
    taken: tuple[Taken, ...]
    idle: tuple[Section, ...]
    sdp: str
    names: tuple[str, ...]


def read_offer(sdp: str) -> Offer:
    """Choose of each kind the first section that sends something that can be received.

    An end of candidates is left out: where no candidate could be resolved, the other side's own
    checks still show where it is, so that who waits must not give up before (RFC 8863).

    Raises:
        NegotiationError: it cannot be read, sends nothing that can be received, or lacks what a
            secured connection needs.
    """
    session, sections = split(sdp)
    if not sections:
        raise NegotiationError(
            "The offer has no media line (m=). Send the SDP itself, with its line breaks."
        )
    found = bundles(session, sections)
    sending = [(bundle, section) for bundle in found for section in _sending(session, bundle)]
    sending.sort(key=lambda pair: sections.index(pair[1]))
    if not sending:
        raise NegotiationError(
            "The offer sends neither audio nor video. Add a camera or microphone track."
        )
    taken = _take(sending, [section.mid for section in sections])
    if not taken:
        raise NegotiationError(
            "Nothing that the offer sends is in a codec that is received here. "
            "Offer VP8 or H.264 video or Opus audio."
        )
    for one in taken:
        _check_secured(_parsed(_written(session, [one])).media[0])
    return Offer(
        sections=tuple(sections),
        bundles=tuple(found),
        taken=tuple(taken),
        idle=_idle(taken),
        sdp=_written(session, taken),
        names=_names(taken),
    )


def sources(section: Section) -> set[int]:
    """The SSRCs that are announced for a section."""
    return {int(v.split()[0]) for v in section.values("ssrc") if _SSRC.fullmatch(v)}


def _sending(session: Lines, bundle: Bundle) -> list[Section]:
    """Those that send: without a word they do, both ways (RFC 8866, section 6.7)."""
    return [
        section
        for section in bundle.members
        if section.kind in _KINDS
        and (section.direction or session.direction or "sendrecv") in ("sendrecv", "sendonly")
    ]


def _take(sending: Sequence[tuple[Bundle, Section]], mids: Sequence[str | None]) -> list[Taken]:
    made_up = (f"unnamed{number}" for number in range(len(sending) + len(mids)))
    taken: dict[str, Taken] = {}
    for bundle, section in sending:
        mid = section.mid or next(name for name in made_up if name not in mids)
        if section.kind not in taken and _received(section):
            taken[section.kind] = Taken(section, mid, bundle)
    return list(taken.values())


def _received(section: Section) -> bool:
    """Whether a section has a codec that is received here."""
    media = "\r\n".join(["v=0", f"m={_media_line(section)}", *_media(section, "0")])
    return receives(section.kind, _parsed(media + "\r\n").media[0].rtp.codecs)


def _idle(taken: Sequence[Taken]) -> tuple[Section, ...]:
    """The rest of the bundles that media comes by; without the tagged one clients lose it all.

    What could have been received is kept, too: to some clients what is declined has no transport.
    """
    sections = [one.section for one in taken]
    bundled = {id(one.bundle): one.bundle for one in taken}.values()
    return tuple(
        section
        for bundle in bundled
        for section in bundle.members
        if section not in sections
        and (
            section is bundle.tagged
            or section.kind == "application"
            or (section.kind in _KINDS and _received(section))
        )
    )


def _written(session: Lines, taken: Sequence[Taken]) -> str:
    lines = ["v=0", "o=- 0 0 IN IP4 0.0.0.0", "s=-", "t=0 0"]
    together = len({id(one.bundle) for one in taken}) < len(taken)
    if together:
        lines.append("a=group:BUNDLE " + " ".join(one.mid for one in taken))
    transports = {id(one): transport_of(session, one.bundle.tagged) for one in taken}
    if any("ice-lite" in transport for transport in transports.values()):
        lines.append("a=ice-lite")
    for one in taken:
        lines += [f"m={_media_line(one.section)}", "c=IN IP4 0.0.0.0", "a=sendonly", "a=rtcp-mux"]
        lines += [*_media(one.section, one.mid)]
        lines += [f"a={attribute}" for attribute in _candidates(one) if not _is_name(attribute)]
        lines += [f"a={attribute}" for attribute in transports[id(one)]]
    return "\r\n".join(lines) + "\r\n"


def _media_line(section: Section) -> str:
    formats = " ".join(_maps(section)) or "0"
    return f"{section.kind} {section.port or _DISCARD_PORT} UDP/TLS/RTP/SAVPF {formats}"


def _maps(section: Section) -> dict[str, str]:
    """The formats that say what they are, most wanted first."""
    found = (_RTPMAP.fullmatch(value) for value in section.values("rtpmap"))
    maps = {match[1]: match[0] for match in found if match}
    return {f: maps[f] for f in section.formats if f in maps and int(f) in _DYNAMIC}


def _media(section: Section, mid: str) -> list[str]:
    """What is said of the media itself, without what has no meaning here or cannot be read."""
    maps = _maps(section)
    lines = [f"a=mid:{mid}", *(f"a=rtpmap:{value}" for value in maps.values())]
    if (renamed := h264.unnamed(section)) is not None:
        lines.append(f"a=fmtp:{renamed} {h264.KNOWN}")
    for name in ("fmtp", "rtcp-fb"):
        found = (_OF_FORMAT.fullmatch(value) for value in section.values(name))
        lines += [
            f"a={name}:{match[1]} {_trim(match[2]) if name == 'fmtp' else match[2]}"
            for match in found
            if match and (match[1] in maps or (match[1] == "*" and name == "rtcp-fb"))
            if name != "fmtp" or match[1] != renamed
        ]
    extensions = (_EXTMAP.fullmatch(value) for value in section.values("extmap"))
    lines += [f"a=extmap:{match[1]} {match[2]}" for match in extensions if match]
    lines += [f"a=ssrc-group:{v}" for v in section.values("ssrc-group") if _FID.fullmatch(v)]
    return lines + [f"a=ssrc:{v}" for v in section.values("ssrc") if _SSRC.fullmatch(v)]


def _trim(parameters: str) -> str:
    """Parameters as aiortc compares them; some write spaces between them."""
    return ";".join(part.strip() for part in parameters.split(";") if part.strip())


def _candidates(taken: Taken) -> list[str]:
    return taken.bundle.tagged.named(("candidate",))


def _is_name(candidate: str) -> bool:
    return is_mdns_name(candidate.split()[4])


def _names(taken: Sequence[Taken]) -> tuple[str, ...]:
    found = (candidate for one in taken for candidate in _candidates(one) if _is_name(candidate))
    return tuple(dict.fromkeys(candidate.partition(":")[2] for candidate in found))


def _parsed(sdp: str) -> SessionDescription:
    try:
        return SessionDescription.parse(sdp)
    except Exception as error:  # aiortc's parser raises whatever it stumbles over.
        raise NegotiationError(
            f"The SDP offer cannot be read ({type(error).__name__}). Send it unchanged."
        ) from error


def _check_secured(media: MediaDescription) -> None:
    known = media.dtls and [f for f in media.dtls.fingerprints if f.algorithm.lower() in _HASHES]
    if not (known and media.ice and media.ice.usernameFragment and media.ice.password):
        raise NegotiationError(
            "The offer lacks ICE credentials or a DTLS fingerprint. Send it unchanged."
        )
