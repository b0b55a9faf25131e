"""Pictures: decoded on aiortc's thread, taken on the event loop without waking it."""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import av
from aiortc import RTCRtpReceiver
from aiortc.codecs import get_decoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpparameters import RTCRtpCodecParameters

from stream_verifier.media.webrtc.aiortc_patches.names import PREFIX, private, replace

_logger = logging.getLogger(__name__)

_MOST_AHEAD = 4
_LONGEST_S = 0.5
_MOST_HELD = 16
"""Pictures that a decoder keeps back at most, since others are shown before them (H.264, A.3.1)."""

_Encoded = tuple[RTCRtpCodecParameters, JitterFrame]


class PictureDecoder:
    """Takes the place of the queue of what a video receiver's thread is to decode.

    aiortc hands each picture to the event loop by a coroutine, a future, a task and a write to
    wake it, which costs more than most pictures are worth: few are looked at. Here they wait
    until the loop is awake anyway, as for the next packet.

    aiortc decodes whatever came, and FFmpeg keeps for ever as many pictures as once waited at a
    time: a second in which the event loop was busy costs a call 13 MB (640x480). Held here,
    pictures wait as packets, a twentieth of that, and of those there are only so many
    (`decoder_behind`).

    Args:
        receiver: of the video, which has not started.
        take: gets each picture in order, on the event loop, and whether others should have come
            before it: what a decoder passes over, others may show.
        most: pictures that may wait decoded.
        longest_s: so long is the thread held; a loop that is gone must not hold it for ever.
    """

    def __init__(
        self,
        receiver: RTCRtpReceiver,
        take: Callable[[av.VideoFrame, bool], None],
        *,
        most: int = _MOST_AHEAD,
        longest_s: float = _LONGEST_S,
    ) -> None:
        self._take = take
        self._most = most
        self._longest_s = longest_s
        self._encoded: queue.SimpleQueue[_Encoded | None] = queue.SimpleQueue()
        self._decoded: deque[tuple[av.VideoFrame, bool]] = deque()
        self._due: deque[tuple[int, int]] = deque()
        self._number = 0
        self._passed_over = False
        self._taken = threading.Condition()
        self._ending = False
        self._failed: threading.Event = private(receiver, "decoder_error")
        replace(receiver, PREFIX + "decoder_queue", self)

    def put(self, encoded: _Encoded | None) -> None:
        """Let a frame be decoded, after all before it; None: the end."""
        if encoded is None:
            with self._taken:
                self._ending = True
                self._taken.notify()
        else:
            self.give()
        self._encoded.put(encoded)

    def qsize(self) -> int:
        """Pictures that wait, decoded or not."""
        return self._encoded.qsize() + len(self._decoded)

    def get_nowait(self) -> _Encoded | None:
        """Take back a frame that is not decoded yet.

        Raises:
            queue.Empty: there is none.
        """
        return self._encoded.get_nowait()

    def get(self) -> None:
        """Decode until the end, on the thread that asks for what to decode: there is but that."""
        codec_name, decoder = "", None
        while (encoded := self._encoded.get()) is not None:
            codec, frame = encoded
            if decoder is None or codec.name != codec_name:
                codec_name, decoder = codec.name, get_decoder(codec)
            self._decode(decoder, frame)

    def give(self) -> None:
        """Hand over what is decoded; on the event loop, whenever it is awake."""
        while self._decoded:
            with self._taken:
                picture, passed_over = self._decoded.popleft()
                self._taken.notify()
            self._take(picture, passed_over)

    def _decode(self, decoder: Any, frame: JitterFrame) -> None:
        self._expect(frame.timestamp)
        try:
            pictures = decoder.decode(frame)
        except av.FFmpegError as error:
            _logger.warning("a picture could not be decoded: %s", error)
            self._failed.set()  # aiortc asks for a key frame with the next packet
            return
        for picture in pictures:
            self._due = deque(one for one in self._due if one[1] != picture.pts)
            with self._taken:
                self._taken.wait_for(self._may_go_on, self._longest_s)
                self._decoded.append((picture, self._passed_over))
            self._passed_over = False

    def _expect(self, ticks: int) -> None:
        """Note that a picture is to come, and whether one will come no more."""
        self._number += 1
        self._due.append((self._number, ticks))
        while self._number - self._due[0][0] >= _MOST_HELD:
            self._due.popleft()
            self._passed_over = True

    def _may_go_on(self) -> bool:
        return self._ending or len(self._decoded) < self._most
