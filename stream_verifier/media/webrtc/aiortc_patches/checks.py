"""Checks of a caller's addresses: few, until one of them has answered for itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from aioice import stun
from aioice.ice import CandidatePair, Connection, StunProtocol

from stream_verifier.media.webrtc.aiortc_patches.names import replace

RETRANSMISSIONS = 3
"""Of a check to an address that has not answered yet; aioice would make six."""
MOST_TO_HOST = 8
"""Packets to one host that has not answered: a caller may name some that never asked for it."""
MOST_PACKETS = 64
"""Such packets in one call."""
MOST_ADDRESSES = 64
"""Addresses that may show the call's credentials; a caller may forge where packets come from."""

_Address = tuple[str, int]
_Request = Callable[..., Awaitable[tuple[stun.Message, _Address]]]
_Send = Callable[[stun.Message, _Address], None]


class CheckLimit:
    """Knows which addresses have shown the call's credentials, and how many packets others got.

    An answer proves that an address is the caller's; a check from there shows at least that the
    caller names it, and has an allowance of its own, so that no list of others uses it up.
    """

    def __init__(self) -> None:
        self.known: set[_Address] = set()
        """Addresses that packets with the call's credentials came from."""
        self.withheld = 0
        """Packets not sent."""
        self._answered: set[_Address] = set()
        self._sent: Counter[tuple[str, bool]] = Counter()

    def meet(self, addr: _Address) -> bool:
        """Note credentials from an address; False where too many have shown them."""
        if addr not in self.known and len(self.known) >= MOST_ADDRESSES:
            return False
        self.known.add(addr)
        return True

    def wrap_request(self, request: _Request) -> _Request:
        """A protocol's ``request`` that learns who answers."""

        async def limited(
            message: stun.Message, addr: _Address, **more: Any
        ) -> tuple[stun.Message, _Address]:
            if addr not in self._answered:
                more.setdefault("retransmissions", RETRANSMISSIONS)
            answer = await request(message, addr, **more)
            if self.meet(answer[1]):
                self._answered.add(answer[1])
            return answer

        return limited

    def wrap_send(self, send: _Send) -> _Send:
        """A protocol's ``send_stun`` that keeps to the limit."""

        def limited(message: stun.Message, addr: _Address) -> None:
            if message.message_class != stun.Class.REQUEST or self._allows(addr):
                send(message, addr)

        return limited

    def _allows(self, addr: _Address) -> bool:
        if addr in self._answered:
            return True
        came = addr in self.known
        in_all = sum(count for (_, known), count in self._sent.items() if known == came)
        if self._sent[addr[0], came] >= MOST_TO_HOST or in_all >= MOST_PACKETS:
            self.withheld += 1
            return False
        self._sent[addr[0], came] += 1
        return True


def limit_checks(connection: Connection) -> CheckLimit:
    """Limit the checks of a connection that has not started."""
    limit, wrapped = CheckLimit(), set[StunProtocol]()
    check_start, check_incoming = connection.check_start, connection.check_incoming
    request_received = connection.request_received

    async def start(pair: CandidatePair) -> None:
        if pair.protocol not in wrapped:
            wrapped.add(pair.protocol)
            replace(pair.protocol, "request", limit.wrap_request(pair.protocol.request))
            replace(pair.protocol, "send_stun", limit.wrap_send(pair.protocol.send_stun))
        await check_start(pair)

    def incoming(message: stun.Message, addr: _Address, protocol: StunProtocol) -> None:
        if limit.meet(addr):  # aioice has checked its credentials
            check_incoming(message, addr, protocol)

    def received(message: stun.Message, addr: _Address, protocol: StunProtocol) -> None:
        request_received(message, addr, protocol)
        if connection._early_checks and connection._early_checks[-1][0] is message:
            limit.meet(addr)

    replace(connection, "check_start", start)
    replace(connection, "check_incoming", incoming)
    replace(connection, "request_received", received)
    return limit
