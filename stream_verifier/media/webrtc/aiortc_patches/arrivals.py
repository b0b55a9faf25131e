"""Arrivals: which datagrams reach a call at all, before anything is done for them."""

from __future__ import annotations

import logging
import struct
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from aioice.ice import Connection, StunProtocol
from aiortc.rtcdtlstransport import RTCDtlsTransport, State
from aiortc.rtp import is_rtcp

from stream_verifier.media.limits import Budget, MediaLimits
from stream_verifier.media.webrtc.aiortc_patches.checks import CheckLimit
from stream_verifier.media.webrtc.aiortc_patches.directly import DirectMedia
from stream_verifier.media.webrtc.aiortc_patches.handshake import set_up_handshake
from stream_verifier.media.webrtc.aiortc_patches.names import replace
from stream_verifier.media.webrtc.aiortc_patches.worth import (
    check_extensions,
    read_records,
    read_reports,
)

_logger = logging.getLogger(__name__)

MOST_BYTES = 1500
"""Of a datagram. pylibsrtp's buffer ends there, and aiortc ends a call that sends more."""
MOST_WAITING = 4096
"""Datagrams that the event loop has not come to yet."""
MOST_SOURCES = 16
"""SSRCs in a call; each one costs memory for as long as it lasts, and 32 break RTCP reports."""
_BURST_S = 5.0
_STRANGERS_PER_S = 50.0
_STUN_COOKIE = b"\x21\x12\xa4\x42"
_RTP_SOURCE, _RTCP_SOURCE = slice(8, 12), slice(4, 8)


class CallBudget:
    """Packets and bytes that a call has left, whatever connections it uses.

    Args:
        limits: of the call.
    """

    def __init__(self, limits: MediaLimits) -> None:
        self._packets = Budget(limits.packets_per_s, burst_s=_BURST_S)
        self._bytes = Budget(limits.bytes_per_s, burst_s=_BURST_S)

    def take(self, size: int, now_s: float) -> bool:
        """Whether a datagram of a size is within it."""
        return self._packets.take(1, now_s) and self._bytes.take(size, now_s)


class Arrivals:
    """Lets through what the other side may send, and counts the rest.

    Without it whoever knows the port ends a call with one datagram that is empty or too long, and
    a caller fills tables and queues that have no bound.

    Args:
        connection: an ICE connection that has not gathered.
        checks: knows who has shown the call's credentials.
        budget: of the call.
    """

    def __init__(self, connection: Connection, checks: CheckLimit, budget: CallBudget) -> None:
        self.refused: Counter[str] = Counter()
        """Datagrams dropped, by reason."""
        self._connection = connection
        self._checks = checks
        self._budget = budget
        self._strangers = Budget(_STRANGERS_PER_S, burst_s=2.0)
        self._sources: set[int] = set()
        self._direct: DirectMedia | None = None
        self._transport: RTCDtlsTransport | None = None
        self._pass_on = connection.data_received
        self._gather = connection.get_component_candidates
        replace(connection, "data_received", self._data_received)
        replace(connection, "get_component_candidates", self._gather_guarded)

    def guard(self, transport: RTCDtlsTransport) -> None:
        """Let nothing that a caller encrypts end the transport; no SCTP: nobody reads it."""
        set_up_handshake(transport)
        for name in ("_handle_rtp_data", "_handle_rtcp_data"):
            replace(transport, name, self._outliving(getattr(transport, name), name))
        replace(transport, "_register_data_receiver", lambda _: None)
        self._transport = transport
        self._direct = DirectMedia(transport, self._connection)

    async def _gather_guarded(self, *args: Any, **kwargs: Any) -> Any:
        found = await self._gather(*args, **kwargs)
        for protocol in self._connection._protocols:
            replace(protocol, "datagram_received", self._watched(protocol))
        return found

    def _watched(self, protocol: StunProtocol) -> Callable[..., None]:
        """A protocol's ``datagram_received`` that looks at who sends first."""
        receive = protocol.datagram_received

        def received(data: bytes, addr: tuple[Any, ...]) -> None:
            if (reason := self._refusal(data, (addr[0], addr[1]))) is not None:
                self.refused[reason] += 1
                return
            if _is_srtp(data):  # Nearly all is; aioice would try to read a check first.
                protocol.receiver.data_received(data, protocol.local_candidate.component)
                return
            try:
                receive(data, addr)
            except Exception as error:  # aioice's parser raises whatever it stumbles over.
                self._note_malformed(error)

        return received

    def _refusal(self, data: bytes, addr: tuple[str, int]) -> str | None:
        if not 0 < len(data) <= MOST_BYTES:
            return "wrong_length"
        now_s = time.monotonic()
        if addr not in self._checks.known:
            # Checks come before all else, and answers from where ours went.
            if not _is_stun(data):
                return "stranger"
            return None if self._strangers.take(1, now_s) else "too_many_strangers"
        if not self._budget.take(len(data), now_s):
            return "too_many_packets"
        source = _source(data)
        known = source is None or source in self._sources or len(self._sources) < MOST_SOURCES
        return None if known else "too_many_sources"

    def _meets(self, source: int) -> bool:
        """Note the source of a packet that the call's keys have opened, if there is room."""
        if len(self._sources) < MOST_SOURCES:
            self._sources.add(source)
        return source in self._sources

    def _data_received(self, data: bytes, component: int) -> None:
        """Handle or queue a datagram, unless it would end the call or the queue is long."""
        if not 0 < len(data) <= MOST_BYTES:
            self.refused["wrong_length"] += 1
        elif self._direct is not None and _is_srtp(data) and self._direct.take(data):
            return
        elif not (_is_dtls(data) or _is_srtp(data)):
            self.refused["malformed"] += 1  # Such as what only looked like STUN.
        elif _is_dtls(data) and not (data := self._records(data)):
            return
        elif self._connection._queue.qsize() >= MOST_WAITING:
            self.refused["too_many_waiting"] += 1
        else:
            self._pass_on(data, component)

    def _records(self, data: bytes) -> bytes:
        """What of a DTLS datagram there is a reader for."""
        if self._transport is None or self._transport._state is not State.CONNECTED:
            return data
        try:
            return read_records(data)
        except ValueError as error:
            self._note_malformed(error)
            return b""

    def _outliving(self, handle: Callable[..., Any], name: str) -> Callable[..., Any]:
        """A handler of decrypted packets that counts what cannot be read, or not at its price."""
        reports = "rtcp" in name
        at = _RTCP_SOURCE if reports else _RTP_SOURCE

        async def handled(data: bytes, **more: Any) -> None:
            if not self._meets(int.from_bytes(data[at], "big")):
                self.refused["too_many_sources"] += 1
                return
            try:
                if reports:
                    data = read_reports(data)
                else:
                    check_extensions(data)
                if data:
                    await handle(data, **more)
            except Exception as error:  # aiortc's parsers raise whatever they stumble over.
                self._note_malformed(error)

        return handled

    def _note_malformed(self, error: Exception) -> None:
        self.refused["malformed"] += 1
        if not isinstance(error, struct.error | ValueError) and self.refused["malformed"] == 1:
            _logger.error("a packet could not be handled; it is dropped", exc_info=error)


def _is_stun(data: bytes) -> bool:
    return len(data) >= 20 and data[0] < 4 and data[4:8] == _STUN_COOKIE


def _is_dtls(data: bytes) -> bool:
    return 19 < data[0] < 64  # RFC 7983, section 7


def _is_srtp(data: bytes) -> bool:
    return 127 < data[0] < 192


def _source(data: bytes) -> int | None:
    """The SSRC of an encrypted RTP or RTCP packet, which stands in the clear; None of others."""
    if not _is_srtp(data) or len(data) < 12:
        return None
    return int.from_bytes(data[_RTCP_SOURCE if is_rtcp(data) else _RTP_SOURCE], "big")
