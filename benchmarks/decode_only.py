"""A yardstick: aiortc as it comes, decoding every track of every call and doing nothing else.

    python -m benchmarks.decode_only PORT

Speaks just enough of the call's protocol for the same client to play the same media into it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaBlackhole
from websockets.asyncio.server import ServerConnection, serve

from stream_verifier.media.webrtc.aiortc_patches import use_host_addresses
from stream_verifier.media.webrtc.ice import LOOPBACK


async def answer(socket: ServerConnection) -> None:
    """Serve one call until its WebSocket closes."""
    start = json.loads(await socket.recv())
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    sink = MediaBlackhole()
    peer.on("track", sink.addTrack)
    try:
        await peer.setRemoteDescription(RTCSessionDescription(start["sdp"], "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        use_host_addresses(peer, LOOPBACK)
        await sink.start()
        description = {"type": "answer", "session": "", "sdp": peer.localDescription.sdp}
        await socket.send(json.dumps(description))
        await socket.wait_closed()
    finally:
        await sink.stop()
        await peer.close()


async def run(port: int) -> None:
    """Serve until killed."""
    async with serve(answer, "127.0.0.1", port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(int(sys.argv[1])))
