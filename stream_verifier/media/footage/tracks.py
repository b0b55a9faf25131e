"""Which of a recording's tracks are used, and how that is told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import av
import av.container
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from stream_verifier.errors import MediaError, UnsupportedMediaError

Kind: TypeAlias = Literal["audio", "video"]
Track: TypeAlias = "AudioStream | VideoStream"
KINDS: tuple[Kind, ...] = ("audio", "video")
MAX_PIXELS = 64_000_000
"""No frame of a video may have more: eight thousand by eight thousand."""
_WORDS = {"audio": "sound", "video": "picture"}


@dataclass(frozen=True, slots=True)
class TrackWishes:
    """What is wanted of a recording.

    Attributes:
        kinds: "audio", "video" or both; tracks of others are not even read.
        numbers: of each kind, the track to use, counted from 1; the best where none is given.
    """

    kinds: Collection[Kind] = KINDS
    numbers: dict[Kind, int] = field(default_factory=dict)


def choose(
    container: av.container.InputContainer, wishes: TrackWishes, name: str
) -> tuple[list[Track], list[str]]:
    """Choose one track of each kind that is wanted and there.

    Returns:
        The tracks, and what to tell about them.

    Raises:
        MediaError: a track was asked for that is not there, or nothing that is wanted is.
        UnsupportedMediaError: no track of a kind that is there can be decoded here.
    """
    picked: list[Track] = []
    notes: list[str] = []
    for kind in (kind for kind in KINDS if kind in wishes.kinds):
        tracks, number = _tracks(container, kind), wishes.numbers.get(kind)
        track = _chosen(tracks, kind, number, name)
        if track is None:
            continue
        if len(tracks) > 1 and number is None:
            notes.append(
                f"{name}: {_WORDS[kind]} track {tracks.index(track) + 1} of {len(tracks)} is used; "
                f"--{kind}-track takes another. {_listed(tracks, kind)}"
            )
        picked.append(track)
    if not picked:
        wanted = " nor ".join(_WORDS[kind] for kind in reversed(KINDS) if kind in wishes.kinds)
        raise MediaError(
            f"{name} has neither {wanted}. Give a file with either."
            if len(wishes.kinds) > 1
            else f"{name} has no {wanted}. Give a file that has."
        )
    return picked, notes


def _chosen(tracks: Sequence[Track], kind: Kind, number: int | None, name: str) -> Track | None:
    """The track of that number, or the best; None where there are none and none was asked for."""
    if number is not None and not 1 <= number <= len(tracks):
        raise MediaError(f"{name} has no {_WORDS[kind]} track {number}. {_listed(tracks, kind)}")
    if not tracks:
        return None
    track = tracks[number - 1] if number is not None else _best(tracks)
    if not _decodable(track):
        raise UnsupportedMediaError(
            f"The {_WORDS[kind]} of {name} is in {_codec(track)}, which is not decoded here. "
            "Convert it first: ffmpeg -i FILE -c:v libx264 -c:a aac CONVERTED.mp4"
        )
    if _pixels(track) > MAX_PIXELS:
        raise UnsupportedMediaError(
            f"The picture of {name} is too large ({_described(track)}): at most "
            f"{MAX_PIXELS // 1_000_000} million pixels. Make it smaller: "
            "ffmpeg -i FILE -vf scale=1280:-2 SMALLER.mp4"
        )
    return track


def _tracks(container: av.container.InputContainer, kind: Kind) -> list[Track]:
    """The tracks that play; covers only where nothing else is in the file."""
    if kind == "audio":
        return list(container.streams.audio)
    pictures: Sequence[VideoStream] = container.streams.video
    moving = [track for track in pictures if not _is_cover(track)]
    return [*(moving or ([] if container.streams.audio else pictures[:1]))]


def _is_cover(track: VideoStream) -> bool:
    marks = track.disposition
    return bool(marks & (marks.attached_pic | marks.timed_thumbnails | marks.still_image))


def _best(tracks: Sequence[Track]) -> Track:
    """What the file marks as the one to play; of several, the largest picture or first sound."""

    def rank(track: Track) -> tuple[bool, bool, bool, int]:
        marks = track.disposition
        aside = marks.comment | marks.hearing_impaired | marks.visual_impaired | marks.dependent
        return _decodable(track), bool(marks & marks.default), not marks & aside, _pixels(track)

    return max(tracks, key=rank)


def _decodable(track: Track) -> bool:
    return getattr(track, "codec_context", None) is not None


def _pixels(track: Track) -> int:
    if not isinstance(track, VideoStream) or not _decodable(track):
        return 0
    return track.width * track.height


def _codec(track: Track) -> str:
    return track.codec_context.name if _decodable(track) else "an unknown codec"


def _listed(tracks: Sequence[Track], kind: Kind) -> str:
    if not tracks:
        return f"It has no {_WORDS[kind]}."
    return "It has " + ", ".join(f"{n}: {_described(t)}" for n, t in enumerate(tracks, 1)) + "."


def _described(track: Track) -> str:
    parts = [_codec(track)]
    if isinstance(track, VideoStream):
        parts += [f"{track.width}x{track.height}"] if _decodable(track) else []
    elif _decodable(track):
        parts.append(f"{track.codec_context.channels} channels")
    marks = track.disposition
    parts += [word for word in (track.language, "default" if marks & marks.default else "") if word]
    return " ".join(parts)
