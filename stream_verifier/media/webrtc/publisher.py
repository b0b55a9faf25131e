"""A WebRTC client that plays a pre-encoded file: for demos, tests and load."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import av
from aiortc import (
    MediaStreamTrack,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError

from stream_verifier.errors import MediaError, NegotiationError
from stream_verifier.media.webrtc import aiortc_patches
from stream_verifier.media.webrtc.codecs import capabilities
from stream_verifier.media.webrtc.ice import IceServer, configuration

_ONLY_MEDIA = {
    "protocol_whitelist": "file",
    "format_whitelist": "matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,ogg,mpegts,avi,wav,flv,h264,ivf",
}
"""No playlists, which open other files."""
_CODECS = {"vp8": "video/VP8", "h264": "video/H264", "opus": "audio/opus"}


class Publisher:
    """Plays a file into a call as it would come from a browser, without encoding anything.

    Args:
        path: WebM with VP8 and Opus (see `encode.write_webm`), or anything with H.264 and Opus.
            Either stream may be missing.
        loop: start again at the end.
        ice_servers: STUN and TURN; none by default.
        host_addresses: local addresses to use instead of all but loopback.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        loop: bool = False,
        ice_servers: Sequence[IceServer | str] = (),
        host_addresses: Sequence[str] | None = None,
    ) -> None:
        self.finished = asyncio.Event()
        """Set when all of the file has been sent; never if it loops."""
        self._path = os.fspath(path)
        self._loop = loop
        self._configuration = configuration(ice_servers)
        self._host_addresses = host_addresses
        self._connection: RTCPeerConnection | None = None
        self._guard: aiortc_patches.ConnectGuard | None = None
        self._reel: _Reel | None = None

    @property
    def state(self) -> str:
        """The connection's state, as in WebRTC; "new" before the offer."""
        return self._connection.connectionState if self._connection else "new"

    async def offer(self) -> str:
        """Open the file and return an SDP offer that has all candidates in it.

        Raises:
            MediaError: the file cannot be opened, or has nothing that can be sent as it is.
        """
        self._reel = self._open()
        self._connection = RTCPeerConnection(self._configuration)
        for track in self._reel.tracks.values():
            transceiver = self._connection.addTransceiver(track, direction="sendonly")
            mime_type = _CODECS[track.codec]
            known = capabilities(track.kind)
            wanted = [c for c in known if c.mimeType in (mime_type, "video/rtx")]
            transceiver.setCodecPreferences(wanted)
        if self._host_addresses is not None:
            aiortc_patches.use_host_addresses(self._connection, self._host_addresses)
        self._guard = aiortc_patches.ConnectGuard(self._connection)
        for ice in aiortc_patches.ice_connections(self._connection):
            aiortc_patches.Liveness(ice)
        await self._connection.setLocalDescription(await self._connection.createOffer())
        return str(self._connection.localDescription.sdp)

    def _open(self) -> _Reel:
        return _Reel(self._path, loop=self._loop, finished=self.finished)

    async def accept(self, answer: str) -> None:
        """Take the server's SDP answer; the file plays once connected.

        Raises:
            NegotiationError: there was no offer, or the answer is broken.
        """
        if self._connection is None:
            raise NegotiationError("Make an offer before accepting an answer to it.")
        try:
            await self._connection.setRemoteDescription(
                RTCSessionDescription(sdp=answer, type="answer")
            )
        except Exception as error:
            raise NegotiationError(f"The answer cannot be used: {error}") from error

    def mute(self, kind: str, muted: bool = True) -> None:
        """Stop sending "audio" or "video", or go on, as ``replaceTrack(null)`` does."""
        if self._reel is not None and kind in self._reel.tracks:
            self._reel.tracks[kind].muted = muted

    async def close(self) -> None:
        """Leave the call and release the file. Idempotent."""
        if self._guard is not None:
            await self._guard.close()
        if self._reel is not None:
            self._reel.close()


class _Reel:
    """The file, read as its tracks ask for packets; both share one start time.

    Demuxing takes microseconds, so it needs no thread.
    """

    def __init__(self, path: str, *, loop: bool, finished: asyncio.Event) -> None:
        self._finished = finished
        self._loop = loop
        try:
            # With the prefix a name is never an address; neither is what the file says.
            self._container = av.open(f"file:{path}", mode="r", options=_ONLY_MEDIA)
        except (OSError, ValueError, av.FFmpegError) as error:
            raise MediaError(f"Cannot open {path} to play it. Give a WebM file.") from error
        self._streams = [s for s in self._container.streams if s.codec_context is not None]
        self._streams = [s for s in self._streams if s.codec_context.name in _decoders()]
        self.tracks: dict[str, _PacketTrack] = {}
        for stream in self._streams:
            codec = stream.codec_context.codec.canonical_name
            self.tracks.setdefault(stream.type, _PacketTrack(self, stream.type, codec))
        if not self.tracks:
            self._container.close()
            raise MediaError(f"{path} has no VP8, H.264 or Opus stream that could be sent.")
        self._packets = self._container.demux(*self._streams)
        self._start_s: float | None = None
        self._lap_s = 0.0
        self._end_s = 0.0

    def read(self) -> bool:
        """Hand the next packet to its track; False at the end."""
        packet = next(self._packets, None)
        while packet is None or not packet.size or packet.pts is None:
            if packet is None and not self._rewind():
                return False
            packet = next(self._packets, None)
        assert packet.time_base is not None
        time_s = float(packet.pts * packet.time_base) + self._lap_s
        self._end_s = max(self._end_s, time_s + float((packet.duration or 0) * packet.time_base))
        if track := self.tracks.get(packet.stream.type):
            track.waiting.append((time_s, packet))
        return True

    async def wait_for(self, time_s: float) -> None:
        """Sleep until it is time for the packet at ``time_s``."""
        if self._start_s is None:
            self._start_s = time.monotonic() - time_s
        await asyncio.sleep(max(0.0, self._start_s + time_s - time.monotonic()))

    def ended(self) -> None:
        """Note that a track came to its end."""
        if all(track.at_end for track in self.tracks.values()):
            self._finished.set()

    def close(self) -> None:
        self._packets = iter(())
        self._container.close()

    def _rewind(self) -> bool:
        if not self._loop:
            return False
        self._lap_s = self._end_s
        self._container.seek(0)
        self._packets = self._container.demux(*self._streams)
        return True


class _PacketTrack(MediaStreamTrack):
    """One stream of the reel, in real time."""

    def __init__(self, reel: _Reel, kind: str, codec: str) -> None:
        super().__init__()
        self.kind = kind
        self.codec = codec
        self.muted = False
        self.at_end = False
        self.waiting: deque[tuple[float, av.Packet[Any]]] = deque()
        self._reel = reel
        self._needs_keyframe = False

    async def recv(self) -> av.Packet[Any]:
        """Return the next packet when its time has come."""
        while self.readyState == "live":
            while not self.waiting:
                if not self._reel.read():
                    self._end()
            time_s, packet = self.waiting.popleft()
            await self._reel.wait_for(time_s)
            if self._passes(packet):
                assert packet.time_base is not None
                packet.pts = round(time_s / packet.time_base)
                return packet
        raise MediaStreamError

    def _passes(self, packet: av.Packet[Any]) -> bool:
        if self.muted:
            self._needs_keyframe = self.kind == "video"
        elif packet.is_keyframe:
            self._needs_keyframe = False
        return not self.muted and not self._needs_keyframe

    def _end(self) -> None:
        self.at_end = True
        self._reel.ended()
        self.stop()
        raise MediaStreamError


def _decoders() -> set[str]:
    """What FFmpeg may call the decoders of the codecs that can be sent."""
    return {"vp8", "libvpx", "h264", "opus", "libopus"}
