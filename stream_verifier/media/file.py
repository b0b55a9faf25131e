"""A file as a media source: the same items, times and sampling as a live call."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from types import TracebackType
from typing import Any, Self

import av
import av.container
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from stream_verifier.errors import MediaError
from stream_verifier.media.audio import AudioNormaliser
from stream_verifier.media.types import AudioChunk, MediaGap, MediaItem, VideoFrame
from stream_verifier.media.video import VideoPicker

_REORDER_S = 5.0
"""How far one stream may run ahead of the other before its items are let go anyway."""
_TRUNCATED_S = 1.0
_EXACT_DURATION = {"matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "wav", "ogg"}
"""Containers that say how long they are; others are only estimated, from their size."""


class FileSource:
    """Decodes a file into `MediaItem`s in media-time order, in bounded memory.

    Iterate it once or more; each time starts anew. Leaving the ``with`` block, or closing the
    iterator, releases the file. A file that breaks midway yields all that can be decoded and
    then raises, so that a caller can use the first part and still knows.

    Args:
        path: anything PyAV opens: mp4, webm, wav, flac, jpg and so on.
        video_rate_hz: pictures per second of media that are yielded.
        max_side_px: longer side of the pictures, at most.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        video_rate_hz: float = 2.0,
        max_side_px: int = 640,
    ) -> None:
        self.path = os.fspath(path)
        self._video_rate_hz = video_rate_hz
        self._max_side_px = max_side_px
        self._open: list[Iterator[MediaItem]] = []

    def __enter__(self) -> Self:
        """Return itself; the file is opened when iterated."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release the file."""
        self.close()

    def close(self) -> None:
        """Release the file, ending every iteration that still runs."""
        for items in self._open:
            items.close()  # type: ignore[attr-defined]
        self._open.clear()

    def __iter__(self) -> Iterator[MediaItem]:
        """Yield the file's media.

        Raises:
            MediaError: the file is missing, is no media, has neither picture nor sound, or
                broke before its end.
        """
        items = self._read()
        self._open.append(items)
        return items

    def _read(self) -> Iterator[MediaItem]:
        with closing(_open(self.path)) as container:
            decoding = _Decoding(
                container,
                self.path,
                VideoPicker(rate_hz=self._video_rate_hz, max_side_px=self._max_side_px),
            )
            yield from decoding.items()
        decoding.check()


def _open(path: str) -> av.container.InputContainer:
    try:
        return av.open(path, mode="r")
    except (OSError, ValueError, av.FFmpegError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise MediaError(
            f"Cannot open {path} as media: {reason}. Give a video, sound or picture file."
        ) from error


class _Decoding:
    """One run through a file."""

    def __init__(
        self,
        container: av.container.InputContainer,
        path: str,
        video: VideoPicker,
    ) -> None:
        self._container = container
        self._path = path
        self._video = video
        self._audio = AudioNormaliser()
        self._streams = _streams(container)
        if not self._streams:
            raise MediaError(f"{path} has neither picture nor sound. Give a file with either.")
        self._origin_s = _origin_s(container, self._streams)
        self._waiting: dict[str, deque[MediaItem]] = {s.type: deque() for s in self._streams}
        self._reached_s: dict[str, float] = {s.type: -1.0 for s in self._streams}
        self._decoded = 0
        self._broken = 0

    def items(self) -> Iterator[MediaItem]:
        for packet in self._packets():
            self._decode(packet)
            yield from self._merged()
        if "audio" in self._waiting:
            self._waiting["audio"].extend(self._audio.flush())
        self._reached_s = dict.fromkeys(self._reached_s, float("inf"))
        yield from self._merged()

    def check(self) -> None:
        """Raise if the file did not give all that it promised."""
        if not self._decoded:
            raise MediaError(
                f"Nothing in {self._path} could be decoded. It is damaged or of an unknown codec."
            )
        if self._broken:
            raise MediaError(
                f"{self._path} is damaged: {self._broken} parts of it could not be decoded. "
                "What could be was used."
            )

    def _packets(self) -> Iterator[av.Packet[Any]]:
        try:
            yield from self._container.demux(*self._streams)
        except (OSError, ValueError, av.FFmpegError):
            self._broken += 1
        if self._truncated():
            self._broken += 1

    def _truncated(self) -> bool:
        duration = self._container.duration
        if duration is None or self._container.format.name not in _EXACT_DURATION:
            return False
        return max(self._reached_s.values()) < duration / av.time_base - _TRUNCATED_S

    def _decode(self, packet: av.Packet[Any]) -> None:
        try:
            frames: list[Any] = packet.decode()
        except (OSError, ValueError, av.FFmpegError):
            self._broken += 1
            return
        for frame in frames:
            self._decoded += 1
            if isinstance(frame, av.VideoFrame):
                self._take_picture(frame)
            else:
                self._take_sound(frame)

    def _take_sound(self, frame: av.AudioFrame) -> None:
        time_s = self._time_s(frame, self._audio.due_s)
        self._waiting["audio"].extend(self._audio.push(frame, time_s))
        self._reached_s["audio"] = self._audio.due_s or 0.0

    def _take_picture(self, frame: av.VideoFrame) -> None:
        time_s = self._time_s(frame, self._video.last_s)
        self._waiting["video"].extend(self._video.push(frame, time_s))
        self._reached_s["video"] = self._video.last_s or 0.0

    def _time_s(self, frame: av.AudioFrame | av.VideoFrame, otherwise_s: float | None) -> float:
        if frame.pts is None or frame.time_base is None:
            return otherwise_s or 0.0
        return max(0.0, float(frame.pts * frame.time_base) - self._origin_s)

    def _merged(self) -> Iterator[MediaItem]:
        """Yield what no later frame of the other stream can precede."""
        while heads := [(_when(queue[0]), kind) for kind, queue in self._waiting.items() if queue]:
            time_s, kind = min(heads)
            others = [s for other, s in self._reached_s.items() if other != kind]
            slowest_s = min(others, default=float("inf"))
            if time_s > slowest_s and self._reached_s[kind] - slowest_s < _REORDER_S:
                return
            yield self._waiting[kind].popleft()


def _streams(container: av.container.InputContainer) -> list[AudioStream | VideoStream]:
    """The first sound and the first moving picture; a cover only if there is nothing else."""
    sound = list(container.streams.audio[:1])
    pictures = container.streams.video
    moving = [s for s in pictures if not s.disposition & s.disposition.attached_pic]
    return [*sound, *(moving[:1] or ([] if sound else list(pictures[:1])))]


def _origin_s(
    container: av.container.InputContainer, streams: list[AudioStream | VideoStream]
) -> float:
    starts = [
        float(s.start_time * s.time_base)
        for s in streams
        if s.start_time is not None and s.time_base is not None
    ]
    return min(starts, default=(container.start_time or 0) / av.time_base)


def _when(item: AudioChunk | VideoFrame | MediaGap) -> float:
    return item.time_s if isinstance(item, VideoFrame) else item.start_s
