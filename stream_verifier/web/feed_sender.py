"""Sends a subscriber its events, and closes with a reason when one side has had enough."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

from starlette.websockets import WebSocket, WebSocketDisconnect

from stream_verifier.errors import ProtocolError
from stream_verifier.events.audience import Audience
from stream_verifier.events.envelope import Envelope
from stream_verifier.events.feed_messages import Dropped, Heartbeat, Refused, Subscribed
from stream_verifier.events.hub import Hub
from stream_verifier.events.outbox import Entry
from stream_verifier.events.subscription import Subscription
from stream_verifier.web.sockets import (
    POLICY_VIOLATION,
    TRY_AGAIN_LATER,
    receive_text,
    refuse,
    say_why,
)

_logger = logging.getLogger(__name__)
_HEARTBEAT_S = 5.0
# A subscriber that takes no byte for this long holds memory for nothing.
_SEND_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 1.0
# Sending to a quick subscriber never waits, so a long backlog would keep the loop from all others.
_SENDS_A_TURN = 32
_SERVICE_RESTART = 1012
_EXPIRED = Refused(
    code="expired_token", message="The token has expired: connect with a new one and resume."
)


class Feed:
    """Sends one subscription's events, in a task of its own so that nobody waits for anybody.

    Args:
        websocket: accepted.
        hub: tells how far events have come.
        subscription: what to send.
        seconds_left: then the subscriber's token expires.
        audience: how much it is told.
    """

    def __init__(
        self,
        websocket: WebSocket,
        hub: Hub,
        subscription: Subscription,
        *,
        seconds_left: float,
        audience: Audience,
    ) -> None:
        self._websocket = websocket
        self._seconds_left = seconds_left
        self._audience = audience
        self._hub = hub
        self._subscription = subscription
        self._sent = 0
        self._clock = asyncio.get_running_loop().time
        self._quiet_since = self._clock()
        self._sending_since: float | None = None

    async def run(self) -> None:
        """Send until one side has had enough, then close with a reason."""
        tasks = [
            asyncio.create_task(work)
            for work in (
                self._send_all(),
                self._watch(),
                _listen(self._websocket),
                asyncio.sleep(self._seconds_left, _EXPIRED),
            )
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        await self._say_goodbye(*ends)

    async def _say_goodbye(
        self, sent: object, watched: object, heard: object, waited: object
    ) -> None:
        ends = (sent, watched, heard)
        if any(isinstance(end, WebSocketDisconnect | RuntimeError) for end in ends):
            # It left, or answered no ping and was cut off by the server software.
            self._note(logging.INFO, "gone")
            return
        if isinstance(heard, ProtocolError):
            await refuse(self._websocket, heard)
        elif waited is _EXPIRED:
            await say_why(self._websocket, _EXPIRED, POLICY_VIOLATION)
        elif isinstance(watched, TimeoutError):
            await self._drop("took nothing for too long")
        elif self._subscription.broken_off:
            await self._drop("events were lost")
        elif self._subscription.overflowed:
            await self._drop("too slow to follow")
        elif isinstance(sent, Exception):
            raise sent
        else:
            await self._close(_SERVICE_RESTART, "server stopping")

    async def _drop(self, reason: str) -> None:
        """Let go of a subscriber that missed something; it may come back for that."""
        self._note(logging.WARNING, f"dropped, {reason}")
        await self._close(TRY_AGAIN_LATER, f"{reason}: resume after the last cursor")

    def _note(self, level: int, what: str) -> None:
        _logger.log(
            level,
            "subscriber %s: %d messages sent, %d events waited, %d scores dropped",
            what,
            self._sent,
            self._subscription.waiting,
            self._subscription.dropped,
        )

    async def _close(self, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._websocket.close(code, reason)
        except (WebSocketDisconnect, RuntimeError, TimeoutError):
            # It is gone, or takes not even that: the server cuts the connection.
            return

    async def _send_all(self) -> None:
        await self._send(self._subscribed())
        while (entry := await self._subscription.get()) is not None:
            for text in _texts(entry, self._audience):
                await self._send(text)

    async def _send(self, text: str) -> None:
        self._sending_since = self._clock()
        await self._websocket.send_text(text)
        self._quiet_since, self._sending_since = self._sending_since, None
        self._sent += 1
        if self._sent % _SENDS_A_TURN == 0:
            await asyncio.sleep(0)

    async def _watch(self) -> None:
        """Send heartbeats while nothing else is sent.

        One timer for many events: a timer for each costs more than the event.

        Raises:
            TimeoutError: something could not be sent in time.
        """
        while True:
            if self._sending_since is not None:
                due = self._sending_since + _SEND_TIMEOUT_S
                if due <= self._clock():
                    raise TimeoutError
            else:
                due = self._quiet_since + _HEARTBEAT_S
                if due <= self._clock():
                    await self._beat()
                    continue
            await asyncio.sleep(due - self._clock())

    async def _beat(self) -> None:
        self._quiet_since = self._clock()
        # Where nothing waits, everything up to the newest event was sent or is not wanted.
        if not self._subscription.waiting:
            beat = Heartbeat(cursor=self._hub.cursor).model_dump_json()
            async with asyncio.timeout(_SEND_TIMEOUT_S):
                await self._websocket.send_text(beat)

    def _subscribed(self) -> str:
        subscription = self._subscription
        return Subscribed(
            epoch=self._hub.epoch, cursor=subscription.cursor, lost=subscription.lost
        ).model_dump_json()


def _texts(entry: Entry[Envelope], audience: Audience) -> Iterator[str]:
    if entry.dropped:
        yield Dropped(scores=entry.dropped).model_dump_json()
    if entry.item.event.is_for(audience):
        yield entry.item.text_for(audience)


async def _listen(websocket: WebSocket) -> None:
    """Wait for the client to go or to break the contract; both are raised."""
    await receive_text(websocket)
    raise ProtocolError("A subscriber says one message only. Open another socket to follow more.")
