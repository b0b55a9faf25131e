"""Who publishes what in a VideoRoom, as its events tell it; pure.

What comes is others' word: publishers choose their display names and, where the room lets them,
their ids. Whatever makes no sense is left out and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from stream_verifier.rooms.host import MOST_PUBLISHERS, Publisher, Stream

Feed = int | str
"""A publisher's id as Janus has it: a number, or text where it is configured so."""

_READ = {"audio": {"opus"}, "video": {"vp8", "h264"}}
_MOST_STREAMS = 64
_LONGEST_ID = 128
_LONGEST_DISPLAY = 256


class Publishers:
    """The table of those who may send; changed by what Janus says.

    Args:
        own: our own id in the room, which is nobody.
    """

    def __init__(self, own: object = None) -> None:
        self.unseen = 0
        self._own = own
        self._table: dict[str, Publisher] = {}
        self._feeds: dict[str, Feed] = {}
        self._stints = 0

    @property
    def table(self) -> Mapping[str, Publisher]:
        """By feed."""
        return self._table

    def feed_of(self, publisher: Publisher) -> Feed:
        """A publisher's id as Janus wants it; of one who left it is of no use any more."""
        return self._feeds.get(publisher.feed, publisher.feed)

    def take(self, said: Mapping[str, object]) -> bool:
        """Take in what the plugin said; return whether anything has changed.

        Args:
            said: "joined", or an event of the room.
        """
        before = dict(self._table)
        for listed in _listed(said.get("publishers")):
            self._see(listed)
        for word in ("leaving", "kicked"):
            if (feed := _feed(said.get(word))) is not None:
                self._table.pop(_text(feed), None)
                self._feeds.pop(_text(feed), None)
        if (feed := _feed(said.get("unpublished"))) is not None:
            self._silence(_text(feed))
        if "publishers" not in said and (feed := _feed(said.get("id"))) is not None:
            self._rename(_text(feed), said)
        return self._table != before

    def _see(self, listed: Mapping[str, object]) -> None:
        feed = _feed(listed.get("id"))
        if feed is None or feed == self._own or listed.get("dummy") is True:
            self.unseen += feed is None
            return
        name, known = _text(feed), self._table.get(_text(feed))
        if known is None and len(self._table) >= MOST_PUBLISHERS:
            self.unseen += 1
            return
        streams, unread = _streams(listed.get("streams"))
        stint = 0 if known is None else known.stint
        if known is None or known.streams != streams:
            self._stints += 1
            stint = self._stints
        self._feeds[name] = feed
        self._table[name] = Publisher(
            feed=name,
            display=_display(listed.get("display")),
            streams=streams,
            unread=unread,
            stint=stint,
        )

    def _silence(self, feed: str) -> None:
        known = self._table.get(feed)
        if known is not None and known.streams:  # Janus says it twice
            self._stints += 1
            self._table[feed] = replace(known, streams=(), unread=0, stint=self._stints)

    def _rename(self, feed: str, said: Mapping[str, object]) -> None:
        if feed in self._table and "display" in said:
            display = _display(said.get("display"))
            self._table[feed] = replace(self._table[feed], display=display)


def _listed(said: object) -> Iterable[Mapping[str, object]]:
    return [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []


def _streams(said: object) -> tuple[tuple[Stream, ...], int]:
    """The first camera and the first microphone that can be read, and how many are left out."""
    taken: dict[str, Stream] = {}
    unread = 0
    for listed in [*_listed(said)][:_MOST_STREAMS]:
        stream = None if listed.get("disabled") is True else _stream(listed)
        if stream is not None and stream.kind not in taken:
            taken[stream.kind] = stream
        elif listed.get("type") in _READ and listed.get("disabled") is not True:
            unread += 1
    return tuple(taken[kind] for kind in sorted(taken)), unread


def _stream(listed: Mapping[str, object]) -> Stream | None:
    kind, mid, codec = listed.get("type"), listed.get("mid"), listed.get("codec")
    if not isinstance(mid, str) or not 0 < len(mid) <= _LONGEST_ID or not isinstance(codec, str):
        return None
    codec = codec.lower()
    if kind == "audio" and codec in _READ["audio"]:
        return Stream(mid=mid, kind="audio", codec=codec)
    if kind == "video" and codec in _READ["video"]:
        return Stream(mid=mid, kind="video", codec=codec, layered=listed.get("simulcast") is True)
    return None


def _feed(said: object) -> Feed | None:
    if isinstance(said, int) and not isinstance(said, bool) and 0 <= said < 2**63:
        return said
    # "ok" is the plugin's word for ourselves.
    if isinstance(said, str) and 0 < len(said) <= _LONGEST_ID and said != "ok":
        return said if said.isprintable() else None
    return None


def _text(feed: Feed) -> str:
    return str(feed)


def _display(said: object) -> str | None:
    if not isinstance(said, str) or not 0 < len(said) <= _LONGEST_DISPLAY:
        return None
    # Half a character (a lone surrogate) can be told nobody: it has no bytes.
    return None if any("\ud800" <= char <= "\udfff" for char in said) else said
