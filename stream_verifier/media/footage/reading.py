"""One run through a recording, or through several joined in one file: bytes in, items out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import av
import av.container
from av.video.stream import VideoStream

from stream_verifier.errors import MediaError, UnsupportedMediaError
from stream_verifier.media.audio import AudioNormaliser
from stream_verifier.media.footage import tracks
from stream_verifier.media.footage.damage import Damage
from stream_verifier.media.footage.decoding import Frame, TrackDecoder
from stream_verifier.media.footage.merging import Merger
from stream_verifier.media.footage.opening import open_part
from stream_verifier.media.footage.origin import origin_s, without_priming
from stream_verifier.media.footage.parts import find_parts
from stream_verifier.media.footage.stretch import Stretch, size_of
from stream_verifier.media.footage.timeline import JUMP_GAP_S, Timeline
from stream_verifier.media.types import MediaGap, MediaItem
from stream_verifier.media.video import VideoPicker, has_unknown_colours

_UNSTEADY = {"mpegts", "mpeg", "flv", "live_flv", "h264", "hevc", "aac", "mp3"}
"""Formats whose clocks start anew in the middle, by design or habit."""
_CLOCKLESS = {"aac", "ac3", "dts", "eac3", "loas", "mp3"}
"""Formats of packets alone: the times of their packets are guessed from the first one's rate."""
_END_ANYWHERE = {"mpegts", "mpeg"}
_TELL_LENGTH = {"matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "wav", "flac", "avi"}
"""Formats that say how long they are; others are only estimated, from their size."""
_MAX_HOLE_S = 10.0
_MAX_HOLE_STEADY_S = 1800.0
_MAX_LENGTH_S = 10.0
_READ_ERRORS = 100
_TRAILING_BYTES = 4096
"""Phones and tools put small notes of theirs behind a recording."""
_SKIP_S = 0.5
_SKIP_BYTES = 4096
"""Headers and indexes between two packets are smaller, or no time is missing with them."""
_GAPLESS = {"ogg", "flac"}
"""In these every moment is told for: what is missing was dropped as it is damaged."""
_LOST_S = 0.1
_OVERLAP_S = 0.01
_LEAST_RATE_HZ = 5500
"""With fewer samples a second the person's own voice is taken for another's."""

if TYPE_CHECKING:
    _Packet = av.Packet[Any]


class RecordingReader:
    """Reads all recordings in a file on one timeline.

    Args:
        file: open for reading, seekable; stays open.
        name: of the file, for messages.
        wishes: which tracks.
        audio: makes what normalises the sound; again where garbage broke it.
        video: picks the pictures.
        note: called with what is to be told, in words.

    Attributes:
        damage: what was used and what was not; to be checked at the end.
        duration_s: how long the file says it is; None where it does not, or holds several.
    """

    def __init__(
        self,
        file: BinaryIO,
        *,
        name: str,
        wishes: tracks.TrackWishes,
        audio: Callable[[], AudioNormaliser],
        video: VideoPicker,
        note: Callable[[str], None],
    ) -> None:
        self.damage = Damage(name)
        self.duration_s: float | None = None
        self._file = file
        self._size = size_of(file)
        self._name = name
        self._wishes = wishes
        self._new_audio = audio
        self._audio = audio()
        self._deaf_since_s: float | None = None
        self._video = video
        self._note = note
        self._merger = Merger()
        self._stretch: Stretch | None = None
        self._gapless = self._clockless = False
        self._ends_anywhere = False
        self._start_s = 0.0

    @property
    def fraction(self) -> float:
        """How much of the file's bytes have been read, 0 to 1."""
        return self._stretch.furthest / max(1, self._size) if self._stretch else 0.0

    def items(self) -> Iterator[MediaItem]:
        """Yield all media in media-time order, as far as it can be read.

        Raises:
            MediaError: nothing of the first recording can be opened.
            UnsupportedMediaError: it is encrypted, or its sound has too few samples a second.
        """
        parts = find_parts(self._file)
        for number, part in enumerate(parts, 1):
            self.damage.missing += part.missing
            self.damage.noise += part.noise
            if part.trailing >= _TRAILING_BYTES:
                self._note(
                    f"{self._name}: the last {part.trailing} bytes lie behind the recording and "
                    "are not used."
                )
            try:
                container, self._stretch = open_part(self._file, part, name=self._name)
            except MediaError as error:
                if number == 1:
                    raise
                self.damage.broken.append(f"its {number}. recording cannot be read: {error}")
                continue
            with closing(container):
                if len(parts) == 1:
                    self.duration_s = _duration_s(container)
                elif number == 1:
                    self._note(f"{self._name} holds {len(parts)} recordings, one after the other.")
                yield from self._part(container, again=number > 1)
            self._start_s = self.damage.end_s + JUMP_GAP_S
        with suppress(ValueError, av.FFmpegError):
            self._merger.put("audio", without_priming(self._audio.flush()), float("inf"))
        yield from self._merger.ready(ended=True)
        self.damage.late = self._merger.late
        if self.damage.note is not None:
            self._note(self.damage.note)

    def _part(self, container: av.container.InputContainer, *, again: bool) -> Iterator[MediaItem]:
        self._gapless = container.format.name in _GAPLESS
        self._clockless = container.format.name in _CLOCKLESS
        self._ends_anywhere = container.format.name in _END_ANYWHERE
        chosen, notes = tracks.choose(container, self._wishes, self._name)
        for note in notes:
            self._note(note)
        self._merger.begin([track.type for track in chosen])
        decoders = {track.index: self._decoder(track, again) for track in chosen}
        timeline = Timeline(
            origin_s=origin_s(container, chosen),
            start_s=self._start_s,
            max_hole_s=_MAX_HOLE_S if container.format.name in _UNSTEADY else _MAX_HOLE_STEADY_S,
        )
        for packet in self._packets(container, chosen, timeline):
            _push(decoders[packet.stream_index], packet, timeline)
            self.damage.end_s = timeline.end_s
            yield from self._merger.ready()
        for decoder in decoders.values():
            decoder.finish()
        yield from self._merger.ready()

    def _decoder(self, track: tracks.Track, again: bool) -> TrackDecoder:
        take = partial(self._see, track) if isinstance(track, VideoStream) else self._hear
        return TrackDecoder(
            track, self.damage, take, jumped=again, ends_anywhere=self._ends_anywhere
        )

    def _packets(
        self,
        container: av.container.InputContainer,
        chosen: list[tracks.Track],
        timeline: Timeline,
    ) -> Iterator[_Packet]:
        """Yield packets, going on behind what cannot be read as long as there is anything."""
        wanted = {track.index for track in chosen}
        skipped = _Skipped(container.format.name, self.damage)
        for _ in range(_READ_ERRORS):
            came = False
            try:
                for packet in container.demux():
                    came = True
                    skipped.pass_over(packet)
                    if packet.size and packet.stream_index in wanted:
                        self._check_open(packet)
                        yield packet
                return
            except IndexError:
                # How PyAV shows, at the end, a track that was not there at the start.
                self.damage.broken.append("a track that begins in the middle could not be read")
                return
            except (OSError, ValueError, av.FFmpegError):
                self.damage.broken.append(f"it could not be read at {timeline.end_s:.1f} s")
            if not came:
                return

    def _check_open(self, packet: _Packet) -> None:
        """Refuse what only who has a key can see."""
        if packet.has_sidedata("encryption_info"):
            raise UnsupportedMediaError(
                f"{self._name} is encrypted, as protected films are (DRM), and cannot be read "
                "without its key. Give a copy that is not."
            )

    def _hear(self, frame: Frame, time_s: float | None, jumped: bool) -> bool:
        frame = cast("av.AudioFrame", frame)
        if frame.sample_rate < _LEAST_RATE_HZ:
            raise UnsupportedMediaError(
                f"The sound of {self._name} has {frame.sample_rate} samples a second, too few to "
                f"know a voice by: at least {_LEAST_RATE_HZ}. Give the recording as it was made."
            )
        due_s = self._audio.due_s
        follows = time_s is None or (self._clockless and not jumped)
        starts_s = (due_s or 0.0) if follows or time_s is None else time_s
        length_s = frame.samples / frame.sample_rate
        if due_s is not None and starts_s + length_s <= due_s - _OVERLAP_S:
            self.damage.leave_out(length_s)
        else:
            self.damage.hear(length_s)
        if self._gapless and due_s is not None and not jumped and starts_s - due_s > _LOST_S:
            self.damage.broken.append(
                f"{starts_s - due_s:.1f} s of sound at {due_s:.1f} s are lost"
            )
        reason = "jump" if jumped else "network"
        try:
            items: list[MediaItem] = [*self._audio.push(frame, starts_s, reason=reason)]
        except (ValueError, av.FFmpegError):  # garbage may decode, to what nothing can take
            self.damage.lose("audio", starts_s)
            self._audio = self._new_audio()
            self._deaf_since_s = self._deaf_since_s or due_s or starts_s
            return False
        if self._deaf_since_s is not None:
            items.insert(0, MediaGap("audio", self._deaf_since_s, starts_s, "network"))
            self._deaf_since_s = None
        self._merger.put("audio", without_priming(items), self._audio.given_s or 0.0)
        return True

    def _see(self, track: VideoStream, frame: Frame, time_s: float | None, jumped: bool) -> bool:
        frame = cast("av.VideoFrame", frame)
        if has_unknown_colours(frame):
            self.damage.refuse("colours", "-vf zscale=matrix=709 ")
            return False
        last_s = self._video.last_s or 0.0
        self.damage.pictures += 1
        # Some streams say it only inside, so that it is known once a frame was decoded.
        aspect = track.sample_aspect_ratio or track.codec_context.sample_aspect_ratio
        self._video.pixel_aspect = float(aspect) if aspect else 1.0
        shown_s = max(0.0, last_s if time_s is None else time_s)
        self.damage.timeless += self._video.last_s is not None and shown_s <= last_s
        try:
            items = self._video.push(frame, shown_s, reason="jump" if jumped else "network")
        except (ValueError, av.FFmpegError):
            self.damage.lose("video", shown_s)
            return False
        self._merger.put("video", list(items), self._video.last_s or 0.0)
        return True


class _Skipped:
    """Notices where a demuxer passed over bytes without a word, and time is missing with them."""

    def __init__(self, format_name: str, damage: Damage) -> None:
        self._searched = format_name == "matroska,webm"
        self._damage = damage
        self._read_to: int | None = None
        self._at_s: dict[int, float] = {}

    def pass_over(self, packet: _Packet) -> None:
        if not self._searched or packet.pos is None or packet.pts is None or not packet.size:
            return
        time_s = float(packet.pts * packet.time_base)
        hole_s = time_s - self._at_s.get(packet.stream_index, time_s)
        self._at_s[packet.stream_index] = time_s
        read_to = packet.pos if self._read_to is None else self._read_to
        if hole_s > _SKIP_S and packet.pos - read_to > _SKIP_BYTES:
            self._damage.broken.append(
                f"{packet.pos - read_to} bytes before {time_s:.1f} s could not be read"
            )
        self._read_to = max(read_to, packet.pos + packet.size)


def _push(decoder: TrackDecoder, packet: _Packet, timeline: Timeline) -> None:
    ticks = packet.dts if packet.dts is not None else packet.pts
    time_s = decoder.newest_s if ticks is None else ticks * decoder.tick_s
    decoder.newest_s = time_s
    place = timeline.place(
        packet.stream_index,
        time_s,
        length_s=min(_MAX_LENGTH_S, max(0, packet.duration or 0) * decoder.tick_s),
        tick_s=decoder.tick_s,
        starts=decoder.kind == "audio" or packet.is_keyframe,
    )
    decoder.push(packet, place, time_s + place.shift_s)


def _duration_s(container: av.container.InputContainer) -> float | None:
    if container.format.name not in _TELL_LENGTH or not container.duration:
        return None
    duration_s: float = container.duration / av.time_base
    if container.format.name == "matroska,webm":  # It tells where it ends, not how long it is.
        duration_s -= (container.start_time or 0) / av.time_base
    return duration_s if duration_s > 0 else None
