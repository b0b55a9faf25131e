"""Connections: signs of life, and closing at any moment."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import time
from collections.abc import Callable
from typing import Any

from aioice import stun
from aioice.ice import Connection
from aiortc import InvalidStateError, RTCPeerConnection, RTCRtpReceiver
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtp import AnyRtcpPacket, RtcpRrPacket

from stream_verifier.media.webrtc.aiortc_patches.names import private, replace

_CONNECT = "_RTCPeerConnection__connect"
_CLOSE_S = 5.0
_PING_S = 1.0
"""Between consent checks (RFC 7675) of a connected peer."""
_MOST_JITTER = 0xFFFFFFFF


def ice_connections(pc: RTCPeerConnection) -> list[Connection]:
    """Return the ICE connections that a peer connection uses now, each once."""
    return list({id(c): c for c in map(ice_connection, transports(pc))}.values())


def transports(pc: RTCPeerConnection) -> list[RTCDtlsTransport]:
    """Return the DTLS transports that a peer connection uses now, each once."""
    found = [t.receiver.transport for t in pc.getTransceivers()]
    found += [pc.sctp.transport] if pc.sctp else []
    return list({id(transport): transport for transport in found}.values())


def ice_connection(transport: RTCDtlsTransport) -> Connection:
    """Return the ICE connection under a DTLS transport."""
    connection: Connection = transport.transport.iceGatherer._connection
    return connection


class ConnectGuard:
    """Lets a connection be closed at any moment, and wholly.

    aiortc starts senders and receivers of a connection that was closed while it connected, and
    raises errors that nobody hears; and it waits for decoder threads on the event loop.

    Args:
        pc: a new connection. Add all its transceivers before `close`.
    """

    def __init__(self, pc: RTCPeerConnection) -> None:
        self._pc = pc
        self._connect = getattr(pc, _CONNECT)
        self._connecting: set[asyncio.Task[Any]] = set()
        replace(pc, _CONNECT, self._connect_unless_closed)

    def guard_receivers(self) -> None:
        """Make the receivers there are now stop without blocking the loop, and at all."""
        for receiver in self._pc.getReceivers():
            replace(receiver, "_send_rtcp", _fitting(receiver))
            replace(receiver, "stop", _stopping(receiver))

    async def close(self) -> None:
        """Close the connection; its tasks and threads are gone when this returns."""
        await self._pc.close()
        if self._connecting:
            await asyncio.wait(self._connecting, timeout=_CLOSE_S)

    async def _connect_unless_closed(self) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)
        try:
            await self._connect()
        except InvalidStateError:
            if self._pc.signalingState != "closed":
                raise
        if self._pc.signalingState == "closed":
            for transceiver in self._pc.getTransceivers():
                await transceiver.receiver.stop()
                await transceiver.sender.stop()


def _stopping(receiver: RTCRtpReceiver) -> Callable[[], Any]:
    stop = receiver.stop

    async def stop_off_the_loop() -> None:
        if (thread := private(receiver, "decoder_thread")) is not None:
            waiting: queue.SimpleQueue[Any] = private(receiver, "decoder_queue")
            with contextlib.suppress(queue.Empty):
                while True:
                    waiting.get_nowait()
            waiting.put(None)
            while thread.is_alive():  # noqa: ASYNC110 (a thread sets no asyncio.Event)
                await asyncio.sleep(0.005)
        if (reports := private(receiver, "rtcp_task")) is not None and reports.done():
            private(receiver, "rtcp_exited").set()  # It failed, and would be waited for.
        await stop()

    return stop_off_the_loop


def _fitting(receiver: RTCRtpReceiver) -> Callable[[AnyRtcpPacket], Any]:
    """A receiver's ``_send_rtcp`` whose reports can be written, whatever timestamps came.

    Timestamps that jump to and fro, or a wall clock that does, give more jitter than its field
    holds; aiortc's task fails at that, and whoever closes the call waits for its end for ever.
    """
    send = receiver._send_rtcp

    async def sent(packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpRrPacket):
            for report in packet.reports:
                report.jitter = min(report.jitter, _MOST_JITTER)
        await send(packet)

    return sent


class Liveness:
    """Notices that a peer is gone: nothing came from it, not even answers to our pings.

    Args:
        connection: an ICE connection that has not started.
    """

    def __init__(self, connection: Connection) -> None:
        self.heard_s: float | None = None
        """Monotonic time of the newest sign of life; None before the first."""
        self._connection = connection
        for name in ("data_received", "request_received"):
            replace(connection, name, self._noting(getattr(connection, name)))
        replace(connection, "query_consent", self._query_consent)

    def _noting(self, handle: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **kwargs: Any) -> Any:
            self.heard_s = time.monotonic()
            return handle(*args, **kwargs)

        return noted

    async def _query_consent(self) -> None:
        connection = self._connection
        self.heard_s = time.monotonic()
        # aioice starts this even if it was closed while it connected, and then never ends it.
        while not connection._closing:
            await asyncio.sleep(_PING_S)
            for pair in list(connection._nominated.values()):
                request = connection.build_request(pair, nominate=False)
                key = (connection.remote_password or "").encode()
                try:
                    await pair.protocol.request(
                        request, pair.remote_addr, integrity_key=key, retransmissions=0
                    )
                    self.heard_s = time.monotonic()
                except stun.TransactionError:
                    continue  # The caller judges by heard_s.
