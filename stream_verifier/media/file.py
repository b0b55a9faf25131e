"""A file as a media source: the same items, times and sampling as a live call."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from types import TracebackType
from typing import BinaryIO, Self

from stream_verifier.errors import MediaError
from stream_verifier.media.audio import AudioNormaliser
from stream_verifier.media.burst import BurstWish
from stream_verifier.media.footage.merging import time_of
from stream_verifier.media.footage.reading import RecordingReader
from stream_verifier.media.footage.stills import is_still, read_still
from stream_verifier.media.footage.tracks import KINDS, Kind, TrackWishes
from stream_verifier.media.types import MediaItem
from stream_verifier.media.video import VideoPicker


class FileSource:
    """Decodes a file into `MediaItem`s in media-time order, in bounded memory.

    Iterate it once or more; each time starts anew. Leaving the ``with`` block, or closing the
    iterator, releases the file. A file that breaks midway yields all that can be decoded and
    then raises, so that a caller can use the first part and still knows. Where time jumps, as in
    files that were joined of several, it goes on behind a `MediaGap` of reason "jump".

    Args:
        path: anything FFmpeg or Pillow reads: mp4, webm, wav, flac, jpg, heic and so on.
        content: all of the file, which then only is called by its path; None: it lies there.
        video_rate_hz: pictures per second of media that are yielded.
        max_side_px: longer side of the pictures of a recording, at most.
        still_side_px: longer side of a picture file, at most; as of a recording where None.
        kinds: "audio", "video" or both; the other is not even read.
        tracks: of each kind, the track to use, counted from 1; the best where none is given.
        on_note: called with what a user should know of the file, in words.

    Attributes:
        duration_s: how long the file says it is, once reading has begun; None if it does not.
        position_s: media time that has been reached.
        burst: asks for pictures in quick succession.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        content: bytes | None = None,
        video_rate_hz: float = 2.0,
        max_side_px: int = 640,
        still_side_px: int | None = None,
        kinds: Collection[Kind] = KINDS,
        tracks: Mapping[Kind, int] | None = None,
        on_note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.path = os.fspath(path)
        self._content = content
        self.position_s = 0.0
        self._video_rate_hz = video_rate_hz
        self._max_side_px = max_side_px
        self._still_side_px = still_side_px or max_side_px
        self._wishes = TrackWishes(kinds, dict(tracks or {}))
        self.burst = BurstWish()
        self._on_note = on_note
        self._open: list[Iterator[MediaItem]] = []
        self._reader: RecordingReader | None = None

    @property
    def duration_s(self) -> float | None:
        """How long the file says it is; None before it is read, or where it does not say."""
        return self._reader.duration_s if self._reader else None

    @property
    def fraction(self) -> float:
        """How far reading has come, 0 to 1: by time where the duration is known, else by bytes."""
        if self.duration_s:
            return min(1.0, self.position_s / self.duration_s)
        return self._reader.fraction if self._reader else 0.0

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
            UnsupportedMediaError: it is of a kind that is not read here.
            DamagedMediaError: it broke before its end, or some of it could not be decoded.
            MediaError: the file is missing, is no media, or has neither picture nor sound.
        """
        items = self._read()
        self._open.append(items)
        return items

    def _still(self, file: BinaryIO) -> Iterator[MediaItem]:
        if "video" not in self._wishes.kinds:
            raise MediaError(f"{self.path} is a picture and has no sound. Give a file that has.")
        yield from read_still(
            file, name=self.path, rate_hz=self._video_rate_hz, max_side_px=self._still_side_px
        )

    def _opened(self) -> BinaryIO:
        if self._content is not None:
            return io.BytesIO(self._content)
        try:
            self._check_kind(os.stat(self.path).st_mode)  # before: to open a pipe may take for ever
            return open(self.path, "rb")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise MediaError(f"Cannot open {self.path}: {reason}.") from error

    def _check_kind(self, mode: int) -> None:
        """Refuse what cannot be read again, or has no end."""
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode):  # To open a folder fails, in words.
            return
        what = "a pipe" if stat.S_ISFIFO(mode) else "a device or socket"
        raise MediaError(
            f"Cannot open {self.path}: it is {what}, and what was read cannot be read again. Write "
            "it into a file first."
        )

    def _read(self) -> Iterator[MediaItem]:
        self.position_s = 0.0
        with self._opened() as file:
            if is_still(file):
                yield from self._still(file)
                return
            self._reader = RecordingReader(
                file,
                name=self.path,
                wishes=self._wishes,
                audio=partial(AudioNormaliser, from_zero=True),
                video=VideoPicker(
                    rate_hz=self._video_rate_hz, max_side_px=self._max_side_px, burst=self.burst
                ),
                note=self._on_note,
            )
            for item in self._reader.items():
                self.position_s = max(self.position_s, time_of(item))
                yield item
        self._reader.damage.check()
