"""Which tracks are subscribed to, and for whom."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Protocol

from livekit import rtc

_logger = logging.getLogger(__name__)
IDLE_S = 60.0
"""So long a track is kept that nobody reads: longer than most pauses of a call."""


class Listener(Protocol):
    """Somebody who reads tracks."""

    def track_came(self, sid: str, track: rtc.Track) -> None:
        """A track can be read."""
        ...

    def track_went(self, sid: str) -> None:
        """It can be read no more; it may come back."""
        ...

    def track_muted(self, sid: str) -> None:
        """Nothing of worth comes of it until it is heard or seen again."""
        ...

    def end(self) -> None:
        """No track will come any more."""
        ...


class Subscriptions:
    """One subscription a track, however many read it; used from the event loop only.

    What nobody reads any more is given back after a while, and not while it is muted, when it
    costs nothing: a track that is given back and asked for again may not come, as servers send it
    where another was before, which clients have trouble to see.
    """

    def __init__(self) -> None:
        self._listeners: dict[str, list[Listener]] = {}
        self._held: dict[str, rtc.RemoteTrackPublication] = {}
        self._idle: dict[str, asyncio.TimerHandle] = {}

    def add(self, publication: rtc.RemoteTrackPublication, listener: Listener) -> None:
        """Read a track; it comes in a later turn of the event loop."""
        sid = publication.sid
        self._listeners.setdefault(sid, []).append(listener)
        if (timer := self._idle.pop(sid, None)) is not None:
            timer.cancel()
        if sid not in self._held:
            self._held[sid] = publication
            _want(publication, wanted=True)
        asyncio.get_running_loop().call_soon(self._hand_over, sid, listener)

    def remove(self, listener: Listener, *, at_once: bool = False) -> None:
        """Read none of them any more.

        Args:
            listener: who did.
            at_once: whether what nobody else reads is given back now.
        """
        for sid in [sid for sid, readers in self._listeners.items() if listener in readers]:
            self._listeners[sid].remove(listener)
            if not self._listeners[sid]:
                del self._listeners[sid]
                self._rest(sid, 0.0 if at_once else IDLE_S)

    def came(self, sid: str, track: rtc.Track) -> None:
        """Note that a track can be read."""
        for listener in self._of(sid):
            listener.track_came(sid, track)

    def went(self, sid: str) -> None:
        """Note that a track can be read no more."""
        for listener in self._of(sid):
            listener.track_went(sid)

    def muted(self, sid: str) -> None:
        """Note that a track was muted."""
        for listener in self._of(sid):
            listener.track_muted(sid)

    def unpublished(self, sid: str) -> None:
        """Note that there is no such track any more."""
        self._held.pop(sid, None)
        if (timer := self._idle.pop(sid, None)) is not None:
            timer.cancel()

    def insist(self, publications: Iterable[rtc.RemoteTrackPublication]) -> None:
        """Subscribe again, as after the connection was made anew: the server has forgotten."""
        for publication in publications:
            if publication.sid in self._held:
                self._held[publication.sid] = publication
                _want(publication, wanted=True)

    def end(self) -> None:
        """Tell all that there is nothing more to read."""
        for timer in self._idle.values():
            timer.cancel()
        self._idle.clear()
        for listener in {id(one): one for sid in self._listeners for one in self._of(sid)}.values():
            listener.end()

    def _of(self, sid: str) -> list[Listener]:
        return [*self._listeners.get(sid, ())]

    def _hand_over(self, sid: str, listener: Listener) -> None:
        """Give a track that is there already to one who came later."""
        publication = self._held.get(sid)
        if listener in self._listeners.get(sid, ()) and publication is not None:
            track = publication.track
            if track is not None:
                listener.track_came(sid, track)

    def _rest(self, sid: str, idle_s: float) -> None:
        if sid in self._held and not idle_s:
            self._give_back(sid)
        elif sid in self._held:
            loop = asyncio.get_running_loop()
            self._idle[sid] = loop.call_later(idle_s, self._look_at_idle, sid)

    def _look_at_idle(self, sid: str) -> None:
        del self._idle[sid]
        if self._held[sid].muted:
            self._rest(sid, IDLE_S)
        else:
            self._give_back(sid)

    def _give_back(self, sid: str) -> None:
        _want(self._held.pop(sid), wanted=False)


def _want(publication: rtc.RemoteTrackPublication, *, wanted: bool) -> None:
    try:
        publication.set_subscribed(wanted)
    except Exception:  # of a native library, about a track that is gone meanwhile
        _logger.warning("a track of LiveKit could not be asked for", exc_info=True)
