"""Opens one recording of a file for reading, and for nothing else."""

from __future__ import annotations

from typing import Any, BinaryIO

import av
import av.container

from stream_verifier.errors import DamagedMediaError, MediaError
from stream_verifier.media.footage import documents, isobmff, transport
from stream_verifier.media.footage.parts import Part
from stream_verifier.media.footage.stretch import Stretch, bytes_at
from stream_verifier.media.footage.tracks import MAX_PIXELS

_PROGRAMME = b"\0\0\x01\xba"
_BUFFER_BYTES = 1 << 16


def open_part(
    file: BinaryIO, part: Part, *, name: str
) -> tuple[av.container.InputContainer, Stretch]:
    """Open a recording with a demuxer of its own.

    Returns:
        The container, and what it reads from.

    Raises:
        MediaError: it is no media, or broken so early that nothing is known of it.
    """
    if part.start == part.end:
        raise MediaError(f"Cannot open {name} as media: it is empty, 0 bytes long.")
    if (what := documents.named(bytes_at(file, part.start, documents.SNIFF_BYTES))) is not None:
        raise MediaError(
            f"Cannot open {name} as media: it is {what}. Give the video, sound or picture file "
            "itself."
        )
    stretch = Stretch(file, part.start, part.end)
    try:
        container = av.open(
            stretch,
            mode="r",
            buffer_size=_BUFFER_BYTES,
            options=_options(file, part),
            io_open=_refuse,
        )
    except (OSError, ValueError, MemoryError, av.FFmpegError) as error:
        raise _failure(file, part, name, error) from error
    return container, stretch


def _options(file: BinaryIO, part: Part) -> dict[str, str]:
    """Keep the look at what is inside from pictures of any size, and from the network."""
    # A session description (SDP) would listen on the network, past what `_refuse` sees.
    options = {"protocol_whitelist": "none"}
    head = bytes_at(file, part.start, transport.SNIFF_BYTES)
    if transport.begins(head) or head.startswith(_PROGRAMME):
        # Their decoders cannot be given a limit, and their packets tell all that is needed.
        return {**options, "codec_whitelist": "none"}
    return {**options, "max_pixels": str(MAX_PIXELS)}


def _refuse(*_: Any) -> None:
    """Open nothing else: a playlist names other files and addresses."""
    raise PermissionError("a recording may not open other files")


def _failure(file: BinaryIO, part: Part, name: str, error: Exception) -> MediaError:
    lack = isobmff.lack(file, part.start, part.end)
    if lack == "index":
        return DamagedMediaError(
            f"{name} was never finished: its recorder stopped, or its copy broke off, before the "
            "index (moov). Copy or record it anew, or mend it with a tool such as untrunc."
        )
    if lack == "head":
        return DamagedMediaError(
            f"{name} is a piece of a stream without its head, which says what is in it: write the "
            "first piece (init) in front."
        )
    if part.missing:
        return DamagedMediaError(
            f"{name} breaks off: its last {part.missing} bytes are missing, and nothing of it can "
            "be read without them. Copy or record it anew."
        )
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return MediaError(
        f"Cannot open {name} as media: {reason}. Give a video, sound or picture file."
    )
