"""A LiveKit as small as can be, for its real client library: one room, whose media aiortc sends.

It speaks LiveKit's signalling (protobuf over a WebSocket) as far as a subscriber needs it. It is
no SFU: it shows that the library decodes, mutes and ends as the double says that it does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from aiortc.sdp import candidate_from_sdp
from livekit.protocol import models, rtc
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response


class LiveKitServer:
    """One room with one participant, ``ada``.

    Args:
        tracks: that she publishes, by kind; made anew for each subscriber.
    """

    def __init__(self, tracks: dict[str, MediaStreamTrack]) -> None:
        self.url = ""
        self.asked: list[str] = []
        self.tokens: list[str] = []
        self.said: list[tuple[str, bytes]] = []
        self.sizes: list[tuple[str, int]] = []
        self.joined = asyncio.Event()
        self._tracks = tracks
        self._muted = dict.fromkeys(tracks, False)
        self._socket: ServerConnection | None = None
        self._peer: RTCPeerConnection | None = None
        self._receiver: RTCPeerConnection | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.senders: dict[str, Any] = {}
        self._answered = asyncio.Event()
        self._offering = asyncio.Lock()

    async def mute(self, kind: str, *, muted: bool) -> None:
        """Say that she has muted a track."""
        self._muted[kind] = muted
        await self._update()

    async def go(self) -> None:
        """Say that she has left."""
        info = self._ada()
        info.state = models.ParticipantInfo.DISCONNECTED
        await self._send(update=rtc.ParticipantUpdate(participants=[info]))

    async def put_out(self, reason: int) -> None:
        """End the subscriber's stay."""
        leave = rtc.LeaveRequest(reason=reason, action=rtc.LeaveRequest.DISCONNECT)  # type: ignore[arg-type]
        await self._send(leave=leave)

    def check(self, connection: ServerConnection, request: Request) -> Response | None:
        """Let sockets of the older path in, which needs fewer words."""
        self.asked.append(request.path.partition("?")[0])
        if request.path.startswith("/rtc?"):
            self.tokens.append(request.headers.get("authorization", request.path))
            return None
        return Response(HTTPStatus.NOT_FOUND, "Not Found", Headers(), b"")

    async def serve(self, socket: ServerConnection) -> None:
        """Speak with one subscriber."""
        self._socket = socket
        self._peer = peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        for name in ("_reliable", "_lossy"):
            peer.createDataChannel(name)
        await self._send(join=self._welcome())
        await self._offer()
        self.joined.set()
        try:
            async for data in socket:
                assert isinstance(data, bytes)
                await self._take(rtc.SignalRequest.FromString(data))
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await peer.close()
            if self._receiver is not None:
                await self._receiver.close()

    def _welcome(self) -> rtc.JoinResponse:
        us = models.ParticipantInfo(
            sid="PA_us",
            identity="us",
            state=models.ParticipantInfo.ACTIVE,
            permission=models.ParticipantPermission(
                can_subscribe=True, can_publish_data=True, hidden=True
            ),
        )
        return rtc.JoinResponse(
            room=models.Room(sid="RM_1", name="meeting"),
            participant=us,
            other_participants=[self._ada()],
            server_version="1.9.0",
            subscriber_primary=True,
            ping_timeout=15,
            ping_interval=5,
            server_info=models.ServerInfo(version="1.9.0", protocol=15),
        )

    def _ada(self) -> models.ParticipantInfo:
        ada = models.ParticipantInfo(
            sid="PA_ada",
            identity="ada",
            name="Ada L.",
            state=models.ParticipantInfo.ACTIVE,
            is_publisher=True,
        )
        for kind in self._tracks:
            sound = kind == "audio"
            ada.tracks.add(
                sid=f"TR_{kind}",
                type=models.TrackType.AUDIO if sound else models.TrackType.VIDEO,
                source=models.TrackSource.MICROPHONE if sound else models.TrackSource.CAMERA,
                muted=self._muted[kind],
                mime_type="audio/opus" if sound else "video/VP8",
                simulcast=not sound,
            )
        return ada

    async def _update(self) -> None:
        await self._send(update=rtc.ParticipantUpdate(participants=[self._ada()]))

    async def _take(self, request: rtc.SignalRequest) -> None:
        what = request.WhichOneof("message")
        if what == "answer":
            answer = RTCSessionDescription(request.answer.sdp, request.answer.type)
            assert self._peer is not None
            await self._peer.setRemoteDescription(answer)
            self._answered.set()
        elif what == "trickle":
            await self._trickle(request.trickle)
        elif what == "subscription":
            task = asyncio.create_task(self._subscribe(request.subscription))
            self._tasks.add(task)  # answers to its offers are heard here meanwhile
            task.add_done_callback(self._tasks.discard)
        elif what == "offer":
            await self._answer(request.offer.sdp)
        elif what == "track_setting":
            self.sizes += [
                (sid, request.track_setting.quality) for sid in request.track_setting.track_sids
            ]
        elif what == "ping_req":
            asked = request.ping_req.timestamp
            await self._send(pong_resp=rtc.Pong(last_ping_timestamp=asked, timestamp=asked))
        elif what == "leave":
            assert self._socket is not None
            await self._socket.close()

    async def _trickle(self, said: rtc.TrickleRequest) -> None:
        init = json.loads(said.candidateInit) if said.candidateInit else {}
        text = init.get("candidate", "").removeprefix("candidate:")
        ours = said.target == rtc.SignalTarget.SUBSCRIBER
        peer = self._peer if ours else self._receiver
        if text and peer is not None:
            candidate = candidate_from_sdp(text)
            candidate.sdpMid, candidate.sdpMLineIndex = init["sdpMid"], init["sdpMLineIndex"]
            with contextlib.suppress(Exception):  # of a kind that aiortc has not
                await peer.addIceCandidate(candidate)

    async def _subscribe(self, wanted: rtc.UpdateSubscription) -> None:
        assert self._peer is not None
        sids = {*wanted.track_sids, *(s for p in wanted.participant_tracks for s in p.track_sids)}
        for sid in sids:
            kind = sid.removeprefix("TR_")
            if wanted.subscribe and sid not in self.senders:
                made = self._peer.addTransceiver(self._tracks[kind], direction="sendonly")
                sender = made.sender
                sender._stream_id, sender._track_id = f"PA_ada|{sid}", sid
                self.senders[sid] = sender
            elif not wanted.subscribe and sid in self.senders:
                sender = self.senders.pop(sid)
                for one in self._peer.getTransceivers():
                    if one.sender is sender:
                        one.direction = "inactive"
                sender.replaceTrack(None)
        await self._offer()

    async def _offer(self) -> None:
        assert self._peer is not None
        async with self._offering:
            self._answered.clear()
            await self._peer.setLocalDescription(await self._peer.createOffer())
            sdp = self._peer.localDescription.sdp
            await self._send(offer=rtc.SessionDescription(type="offer", sdp=sdp))
            if self.joined.is_set():
                await self._answered.wait()

    async def _answer(self, sdp: str) -> None:
        """Receive what the subscriber sends: words, and no media."""
        if self._receiver is None:
            self._receiver = RTCPeerConnection(RTCConfiguration(iceServers=[]))
            self._receiver.on("datachannel", self._hear)
        receiver = self._receiver
        await receiver.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await receiver.setLocalDescription(await receiver.createAnswer())
        answer = receiver.localDescription.sdp
        await self._send(answer=rtc.SessionDescription(type="answer", sdp=answer))

    def _hear(self, channel: RTCDataChannel) -> None:
        def take(data: bytes) -> None:
            packet = models.DataPacket.FromString(data)
            self.said.append((packet.user.topic, packet.user.payload))

        channel.on("message", take)

    async def _send(self, **what: Any) -> None:
        assert self._socket is not None
        await self._socket.send(rtc.SignalResponse(**what).SerializeToString())


@contextlib.asynccontextmanager
async def livekit_server(tracks: dict[str, MediaStreamTrack]) -> AsyncIterator[LiveKitServer]:
    """Run one."""
    server = LiveKitServer(tracks)
    async with serve(server.serve, "127.0.0.1", 0, process_request=server.check) as listening:
        server.url = f"ws://127.0.0.1:{[*listening.sockets][0].getsockname()[1]}"
        yield server
