"""Media of one participant, as LiveKit's package has received and decoded it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Protocol, cast

from livekit import rtc

from stream_verifier.errors import MediaError, RoomError
from stream_verifier.media.closing import Closing
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.limits import MediaLimits
from stream_verifier.media.played.intake import PlayedIntake, PlayedPicture
from stream_verifier.media.played.planes import Turn
from stream_verifier.media.source import Mark, SourceStats, StreamStats
from stream_verifier.media.types import SAMPLE_RATE_HZ
from stream_verifier.rooms.layers import FIRST_LAYER
from stream_verifier.rooms.livekit.participants import Kind
from stream_verifier.rooms.livekit.subscriptions import Subscriptions

_logger = logging.getLogger(__name__)
_SOUNDS, _PICTURES = 100, 4
"""Pieces of each that may wait in the package: a second of sound; the oldest goes first."""
_CHANNELS = 2
_CLOSE_S = 1.0
_MISSING_S, _LOOK_S = 10.0, 1.0
"""So long a track may not come that was subscribed to, and how often is looked."""
_QUALITIES = (
    rtc.VideoQuality.VIDEO_QUALITY_LOW,
    rtc.VideoQuality.VIDEO_QUALITY_MEDIUM,
    rtc.VideoQuality.VIDEO_QUALITY_HIGH,
)
_TURNS: dict[int, Turn] = {
    rtc.VideoRotation.VIDEO_ROTATION_0: 0,
    rtc.VideoRotation.VIDEO_ROTATION_90: 90,
    rtc.VideoRotation.VIDEO_ROTATION_180: 180,
    rtc.VideoRotation.VIDEO_ROTATION_270: 270,
}


class Frames(Protocol):
    """What of the package's streams is used."""

    def __aiter__(self) -> AsyncIterator[Any]:
        """Its frames, as they come."""
        ...

    async def aclose(self) -> None:
        """Stop them."""
        ...


def open_frames(track: rtc.Track, kind: Kind) -> Frames:
    """Begin to read a track, with a queue that has a bound."""
    if kind == "audio":
        return cast(
            "Frames",
            rtc.AudioStream.from_track(
                track=track, sample_rate=SAMPLE_RATE_HZ, num_channels=_CHANNELS, capacity=_SOUNDS
            ),
        )
    return cast(
        "Frames",
        rtc.VideoStream.from_track(
            track=track, format=rtc.VideoBufferType.I420, capacity=_PICTURES
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How media is read.

    Attributes:
        lookers: threads for pictures, which all sources of a room share.
        video_rate_hz: pictures per second of media that are scored.
        limits: of pictures.
        open_frames: begins to read a track.
    """

    lookers: Executor
    video_rate_hz: float
    limits: MediaLimits
    open_frames: Callable[[rtc.Track, Kind], Frames] = open_frames


class LiveKitSource:
    """Reads one camera and one microphone; a `RoomSource`.

    Sound is taken as it comes. Pictures are looked at by a thread, one at a time; while it is busy
    the package keeps the newest few.

    Args:
        tracks: that are read, by kind.
        inbox: where media goes.
        subscriptions: of the room.
        reading: how.
    """

    def __init__(
        self,
        tracks: Mapping[Kind, rtc.RemoteTrackPublication],
        inbox: MediaInbox,
        subscriptions: Subscriptions,
        reading: Reading,
    ) -> None:
        self.closed = asyncio.Event()
        self._tracks = dict(tracks)
        self._kinds: dict[str, Kind] = {track.sid: kind for kind, track in tracks.items()}
        self._subscriptions = subscriptions
        self._reading = reading
        self._intake = PlayedIntake(
            inbox=inbox, video_rate_hz=reading.video_rate_hz, limits=reading.limits
        )
        self._layer = FIRST_LAYER
        self._begun = False
        self._counts: Counter[str] = Counter()
        self._came_s: dict[str, float] = {}
        self._readers: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._looking: asyncio.Future[Any] | None = None
        self._closing = Closing(self._close)

    @property
    def stats(self) -> SourceStats:
        """State and counts now; a packet is a piece of sound or a picture, decoded."""
        state = "connected" if self._counts else "connecting" if self._begun else "new"
        streams = {kind: self._stream_stats(kind) for kind in self._counts}
        return SourceStats("closed" if self.closed.is_set() else state, False, streams)

    @property
    def mark(self) -> Mark | None:
        """Where its media stands; None before any came."""
        return self._intake.mark

    def carry_on(self, mark: Mark) -> None:
        """Go on where another source of the same call stopped; before any media."""
        self._intake.carry_on(mark)

    def silence(self) -> None:
        """Put nothing more into the inbox, from now on; `close` still has to be awaited."""
        self._intake.close()

    async def start(self) -> str:
        """Subscribe; there is nothing to tell anybody.

        Raises:
            MediaError: the participant sends nothing any more, or this was begun before.
        """
        if self._begun or self.closed.is_set():
            raise MediaError("This subscription was begun already. Make a new one.")
        self._begun = True
        if not self._tracks:
            await self.close()
            raise MediaError("This participant sends nothing that is read here.")
        for publication in self._tracks.values():
            self._subscriptions.add(publication, self)
        self._spawn(self._watch())
        return ""

    async def choose_layer(self, layer: int) -> None:
        """Ask for another size of the picture.

        Raises:
            RoomError: it could not be asked for.
        """
        self._layer = layer
        publication = self._tracks.get("video")
        if publication is None or not publication.simulcasted or self.closed.is_set():
            return
        try:
            publication.set_video_quality(_QUALITIES[layer])
        except Exception as error:  # of a native library
            raise RoomError(
                f"LiveKit was not asked for another size ({type(error).__name__})."
            ) from error

    async def close(self) -> None:
        """End: the subscription is given back, no frame is looked at. Idempotent."""
        await self._closing()

    def track_came(self, sid: str, track: rtc.Track) -> None:
        """Begin to read a track."""
        if self.closed.is_set() or sid in self._readers:
            return
        read = self._read_sound if self._kinds[sid] == "audio" else self._read_pictures
        self._readers[sid] = self._spawn(self._read(sid, track, read))

    def track_went(self, sid: str) -> None:
        """Stop reading it; its stream ends without a word of it."""
        reader = self._readers.pop(sid, None)
        if reader is not None:
            reader.cancel()
            self._intake.pause(self._kinds[sid], "network")

    def track_muted(self, sid: str) -> None:
        """Note that what comes next comes after a pause."""
        self._intake.pause(self._kinds[sid], "muted")

    def end(self) -> None:
        """Note that nothing will come any more."""
        self.closed.set()
        for task in self._tasks:
            task.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _watch(self) -> None:
        """End where a track does not come, so that it is asked for anew."""
        since_s: dict[str, float] = {}
        while True:
            now_s = time.monotonic()
            for publication in self._tracks.values():
                sid = publication.sid
                if publication.muted or sid in self._readers:
                    since_s.pop(sid, None)
                elif now_s - since_s.setdefault(sid, now_s) > _MISSING_S:
                    _logger.warning("LiveKit does not send a track that was asked for")
                    self._subscriptions.remove(self, at_once=True)
                    self.closed.set()
                    return
            await asyncio.sleep(_LOOK_S)

    async def _close(self) -> None:
        self.closed.set()
        self.silence()
        self._subscriptions.remove(self)
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._looked()

    async def _read(self, sid: str, track: rtc.Track, read: Callable[[Frames], Any]) -> None:
        """Read a track until it ends, or this is cancelled."""
        try:
            if self._kinds[sid] == "video":
                await self.choose_layer(self._layer)
            frames = self._reading.open_frames(track, self._kinds[sid])
            try:
                await read(frames)
            finally:
                await _stop(frames)
        except Exception:
            _logger.exception("a track of LiveKit could not be read; its call's media ends")
            self.silence()
            self.closed.set()

    async def _read_sound(self, frames: Frames) -> None:
        publication = self._tracks["audio"]
        async for event in frames:
            # The package goes on to play silence, of which nobody knows whose it is.
            if not publication.muted:
                frame: rtc.AudioFrame = event.frame
                now_s = self._note("audio")
                pcm = memoryview(frame.data).cast("B")
                self._intake.take_sound(pcm, frame.sample_rate, frame.num_channels, now_s)

    async def _read_pictures(self, frames: Frames) -> None:
        publication = self._tracks["video"]
        async for event in frames:
            if publication.muted:
                continue
            frame: rtc.VideoFrame = event.frame
            picture = self._intake.date_picture(
                frame.data,
                (frame.width, frame.height),
                stamp_s=event.timestamp_us / 1e6,
                arrived_s=self._note("video"),
                turn=_TURNS.get(event.rotation, 0),
            )
            if picture is not None:
                await self._look(picture)

    async def _look(self, picture: PlayedPicture) -> None:
        await self._looked()  # a reader that was stopped may have left one behind
        loop = asyncio.get_running_loop()
        self._looking = loop.run_in_executor(self._reading.lookers, self._intake.look, picture)
        try:
            found = await asyncio.shield(self._looking)
        except MediaError as error:
            self._intake.take_looked_at(picture, error)
        else:
            self._intake.take_looked_at(picture, found)

    async def _looked(self) -> None:
        if self._looking is not None:
            await asyncio.wait({self._looking})

    def _note(self, kind: Kind) -> float:
        self._counts[kind] += 1
        self._came_s[kind] = now_s = time.monotonic()
        return now_s

    def _stream_stats(self, kind: str) -> StreamStats:
        return StreamStats(
            packets=self._counts[kind],
            frames=self._intake.frames[kind],
            silent_s=time.monotonic() - self._came_s[kind],
            refused=dict(self._intake.refused[kind]),
            picture_px=self._intake.picture_px if kind == "video" else None,
        )


async def _stop(frames: Frames) -> None:
    """Stop a stream, without waiting for a library that does not answer."""
    try:
        async with asyncio.timeout(_CLOSE_S):
            await frames.aclose()
    except Exception as error:
        _logger.warning("a stream of LiveKit did not stop: %s", type(error).__name__)
