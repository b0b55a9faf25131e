"""Media: handled where it arrives, past a queue and a task that would be woken for each packet."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import pylibsrtp
from aioice.ice import Connection
from aiortc import clock
from aiortc.rtcdtlstransport import RTCDtlsTransport, State
from aiortc.rtp import is_rtcp


class DirectMedia:
    """Decrypts and handles packets of media as aiortc's own task does.

    Waking that task through aioice's queue costs more than to decrypt a packet. What is no media,
    or comes while others wait in the queue, goes there still.

    Args:
        transport: whose keys open the packets.
        connection: under it.
    """

    def __init__(self, transport: RTCDtlsTransport, connection: Connection) -> None:
        self._transport = transport
        self._waiting = connection._queue

    def take(self, data: bytes) -> bool:
        """Handle an encrypted packet of RTP or RTCP; return False where it must wait its turn."""
        transport = self._transport
        runs = transport._state is State.CONNECTED and transport._task is not None
        if not runs or not self._waiting.empty():
            return False
        try:
            if is_rtcp(data):
                opened = transport._rx_srtp.unprotect_rtcp(data)
                to_its_end(transport._handle_rtcp_data(opened))
            else:
                came_ms = clock.current_ms()
                opened = transport._rx_srtp.unprotect(data)
                to_its_end(transport._handle_rtp_data(opened, arrival_time_ms=came_ms))
        except pylibsrtp.Error:
            return True  # What the keys do not open, or opened before, is dropped, as aiortc does.
        return True


def to_its_end(handling: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that never waits.

    Raises:
        RuntimeError: it does.
    """
    try:
        handling.send(None)
    except StopIteration:
        return
    handling.close()
    raise RuntimeError("aiortc waits where it never did: adapt aiortc_patches")
