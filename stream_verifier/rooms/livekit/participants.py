"""Who publishes what in a room, as the package's objects tell it.

What is in them is others' word: participants name their tracks and say what these show. Identities
are in the tokens that the integrator's back end has signed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from livekit import rtc

from stream_verifier.rooms.host import MOST_PUBLISHERS, Publisher, Stream

Kind = Literal["audio", "video"]

_LONGEST_ID = 128
_LONGEST_DISPLAY = 256
_PROGRAMS = {
    rtc.ParticipantKind.PARTICIPANT_KIND_AGENT,
    rtc.ParticipantKind.PARTICIPANT_KIND_EGRESS,
}
_READ: dict[tuple[int, int], Kind] = {
    (rtc.TrackKind.KIND_AUDIO, rtc.TrackSource.SOURCE_MICROPHONE): "audio",
    (rtc.TrackKind.KIND_VIDEO, rtc.TrackSource.SOURCE_CAMERA): "video",
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is read of one participant: a camera and a microphone, at most one of each.

    Attributes:
        sid: of his stay; another whenever he joins.
        tracks: that were published, by kind; muted ones too.
        key: another one whenever what he sends begins anew.
    """

    sid: str
    tracks: Mapping[Kind, rtc.RemoteTrackPublication]
    key: tuple[object, ...]


class Participants:
    """The table of those who may send."""

    def __init__(self) -> None:
        self.table: Mapping[str, Publisher] = {}
        self.unseen = 0
        self._chosen: dict[str, Chosen] = {}
        self._stints = 0

    def chosen(self, publisher: Publisher) -> Chosen | None:
        """What is read of a publisher now; None of one who left."""
        return self._chosen.get(publisher.feed)

    def look(self, remote: Mapping[str, rtc.RemoteParticipant]) -> None:
        """Take in who is there now."""
        table: dict[str, Publisher] = {}
        chosen: dict[str, Chosen] = {}
        unseen = 0
        for one in [*remote.values()]:
            if one.kind in _PROGRAMS:
                continue
            feed = one.identity
            if not _is_id(feed) or len(table) >= MOST_PUBLISHERS:
                unseen += 1
                continue
            before = self._chosen.get(feed)
            chosen[feed] = now = _choose(one, before)
            if before is None or now.key != before.key:
                self._stints += 1
                stint = self._stints
            else:
                stint = self.table[feed].stint
            table[feed] = _publisher(one, now, stint)
        self.table, self._chosen, self.unseen = table, chosen, unseen


def _choose(participant: rtc.RemoteParticipant, before: Chosen | None) -> Chosen:
    """The first of each kind; one that was read goes on being read while it is there."""
    read = before.tracks if before is not None and before.sid == participant.sid else {}
    known = {track.sid for track in read.values()}
    tracks: dict[Kind, rtc.RemoteTrackPublication] = {}
    for track in sorted(_readable(participant), key=lambda one: one.sid not in known):
        tracks.setdefault(_READ[track.kind, track.source], track)
    # Noted now: the package changes its objects as things happen.
    sids = tuple((kind, tracks[kind].sid) for kind in sorted(tracks))
    silent = all(track.muted for track in tracks.values())
    return Chosen(participant.sid, tracks, (participant.sid, sids, silent))


def _readable(participant: rtc.RemoteParticipant) -> Iterable[rtc.RemoteTrackPublication]:
    """His cameras and microphones that anybody but the participants can decode."""
    for track in [*participant.track_publications.values()]:
        clear = track.encryption_type == rtc.EncryptionType.NONE
        if clear and (track.kind, track.source) in _READ and _is_id(track.sid):
            yield track


def _publisher(participant: rtc.RemoteParticipant, chosen: Chosen, stint: int) -> Publisher:
    audible = [(kind, one) for kind, one in sorted(chosen.tracks.items()) if not one.muted]
    display = participant.name
    return Publisher(
        feed=participant.identity,
        display=display if 0 < len(display) <= _LONGEST_DISPLAY else None,
        streams=tuple(
            Stream(mid=one.sid, kind=kind, codec=one.mime_type, layered=one.simulcasted)
            for kind, one in audible
        ),
        unread=len(participant.track_publications) - len(chosen.tracks),
        stint=stint,
    )


def _is_id(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_ID and text.isprintable()
