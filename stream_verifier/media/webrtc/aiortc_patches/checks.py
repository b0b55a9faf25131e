"""Checks of a caller's addresses: few, until one of them has answered for itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aioice import stun
from aioice.ice import CandidatePair, Connection, StunProtocol

from stream_verifier.media.webrtc.aiortc_patches.names import replace

RETRANSMISSIONS = 2
"""Of a check to an address that has not been heard yet; aioice would make six."""
MOST_CHECKS = 32
"""To such addresses, in one call: a caller may name hosts that never asked for it."""

_Request = Callable[..., Awaitable[tuple[stun.Message, tuple[str, int]]]]


class CheckLimit:
    """Knows which addresses have shown the call's credentials, and how many checks others got."""

    def __init__(self) -> None:
        self.heard: set[tuple[str, int]] = set()
        self.checks = 0

    def wrap(self, request: _Request) -> _Request:
        """A protocol's ``request`` that keeps to the limit."""

        async def limited(
            message: stun.Message, addr: tuple[str, int], **more: Any
        ) -> tuple[stun.Message, tuple[str, int]]:
            if addr not in self.heard:
                self.checks += 1
                if self.checks > MOST_CHECKS:
                    raise stun.TransactionTimeout
                more.setdefault("retransmissions", RETRANSMISSIONS)
            answer = await request(message, addr, **more)
            self.heard.add(addr)
            return answer

        return limited


def limit_checks(connection: Connection) -> CheckLimit:
    """Limit the checks of a connection that has not started."""
    limit, wrapped = CheckLimit(), set[StunProtocol]()
    check_start, check_incoming = connection.check_start, connection.check_incoming

    async def start(pair: CandidatePair) -> None:
        if pair.protocol not in wrapped:
            wrapped.add(pair.protocol)
            replace(pair.protocol, "request", limit.wrap(pair.protocol.request))
        await check_start(pair)

    def incoming(message: stun.Message, addr: tuple[str, int], protocol: StunProtocol) -> None:
        limit.heard.add(addr)  # aioice has checked its credentials
        check_incoming(message, addr, protocol)

    replace(connection, "check_start", start)
    replace(connection, "check_incoming", incoming)
    return limit
