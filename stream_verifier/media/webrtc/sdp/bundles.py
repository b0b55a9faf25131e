"""Bundles: which sections share a transport, and what its attributes are (RFC 8843)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from stream_verifier.errors import NegotiationError
from stream_verifier.media.webrtc.sdp.sections import TRANSPORT, Lines, Section


@dataclass(frozen=True, slots=True)
class Bundle:
    """Sections on one transport, in the order of their group.

    Attributes:
        members: those in use; the first one's transport is the one for all.
        grouped: whether the offer has a BUNDLE group for them; else it is a section by itself.
    """

    members: tuple[Section, ...]
    grouped: bool

    @property
    def tagged(self) -> Section:
        """The section whose transport is the one for all."""
        return self.members[0]


def bundles(session: Lines, sections: list[Section]) -> list[Bundle]:
    """Return the bundles of all sections that are in use; those that are rejected are in none.

    A section whose port is 0 is in use only if it says ``bundle-only`` and its bundle has a
    section with a port (RFC 8829, section 5.2.1).

    Raises:
        NegotiationError: media ids are double, or a group names one that no section has.
    """
    mids = [section.mid for section in sections if section.mid is not None]
    groups = [value.split()[1:] for value in session.values("group") if _is_bundle(value)]
    grouped = [mid for group in groups for mid in group]
    if any(count > 1 for count in [*Counter(mids).values(), *Counter(grouped).values()]):
        raise _misnamed("double")
    if not set(grouped) <= set(mids):
        raise _misnamed("not those of its BUNDLE group")
    by_mid = {section.mid: section for section in sections}
    found = [_bundle([by_mid[mid] for mid in group]) for group in groups]
    alone = [s for s in sections if s.mid not in grouped and s.port]
    return [*(b for b in found if b is not None), *(Bundle((s,), grouped=False) for s in alone)]


def transport_of(session: Lines, section: Section) -> list[str]:
    """The transport's attributes of a section, or of the session where it has none of a name."""
    own = section.named(TRANSPORT)
    shared = [name for name in TRANSPORT if not section.has(name)]
    return [*session.named(shared), *own]


def _is_bundle(group: str) -> bool:
    return group.split()[:1] == ["BUNDLE"]


def _bundle(members: list[Section]) -> Bundle | None:
    tagged = next((section for section in members if section.port), None)
    if tagged is None:
        return None
    others = [s for s in members if s is not tagged and (s.port or s.has("bundle-only"))]
    return Bundle((tagged, *others), grouped=True)


def _misnamed(what: str) -> NegotiationError:
    return NegotiationError(f"The offer's media ids (a=mid) are {what}. Send it unchanged.")
