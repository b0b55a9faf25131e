"""The receiving end of one call: WebRTC in, dated media out to an inbox."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from aiortc import RTCPeerConnection, RTCSessionDescription

from stream_verifier.errors import NegotiationError, NoConnectionError
from stream_verifier.media.closing import Closing
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.limits import MediaLimits
from stream_verifier.media.source import Mark, SourceStats
from stream_verifier.media.webrtc import aiortc_patches
from stream_verifier.media.webrtc.codecs import prefer_received
from stream_verifier.media.webrtc.ice import IceServer, LocalEnds, configuration
from stream_verifier.media.webrtc.intake import Intake
from stream_verifier.media.webrtc.names import HiddenCandidates, no_connection
from stream_verifier.media.webrtc.offers import plausible_offer
from stream_verifier.media.webrtc.peer_addresses import PeerAddresses
from stream_verifier.media.webrtc.reception import Reception
from stream_verifier.media.webrtc.sdp.answering import whole_answer
from stream_verifier.media.webrtc.sdp.reading import Offer, read_offer, sources

_logger = logging.getLogger(__name__)
_TEND_S = 0.1


class Peer:
    """Receives one call by WebRTC; a `MediaSource`.

    Sound and pictures are taken whenever the event loop is awake, whatever the worker does, so that
    nothing waits without a bound; what may be dropped is dropped in the inbox.

    Args:
        inbox: where audio, sampled frames and gaps go.
        offer_sdp: what `start` answers.
        ice_servers: STUN and TURN; none by default, never a public one.
        host_addresses: local addresses to offer instead of all but loopback.
        local_ends: which UDP ports to use and which address of a NAT to offer beside.
        video_rate_hz: frames per second of media that are scored.
        max_side_px: longer side of those, at most.
        connect_timeout_s: a peer that has not connected by then is given up.
        silence_timeout_s: nothing at all from a connected peer for this long means it is gone.
        media_timeout_s: likewise no media, whatever else comes; None: a call may be muted.
        limits: how much the call may send; what is more is dropped before it is decoded.
        peers: which addresses of the other side may be tried.
        turned: let the sender say in packets how pictures are to be turned (3GPP TS 26.114), where
            it offers that; else it turns them itself, as browsers do.
    """

    def __init__(  # noqa: PLR0913
        self,
        *,
        inbox: MediaInbox,
        offer_sdp: str = "",
        ice_servers: Sequence[IceServer | str] = (),
        host_addresses: Sequence[str] | None = None,
        local_ends: LocalEnds | None = None,
        video_rate_hz: float = 2.0,
        max_side_px: int = 640,
        connect_timeout_s: float = 20.0,
        silence_timeout_s: float = 5.0,
        media_timeout_s: float | None = None,
        limits: MediaLimits | None = None,
        peers: PeerAddresses | None = None,
        turned: bool = False,
    ) -> None:
        self.closed = asyncio.Event()
        """Set when the call is over, whoever ended it; `close` still has to be awaited."""
        self._offer_sdp = offer_sdp
        self._intake = Intake(inbox=inbox, video_rate_hz=video_rate_hz, max_side_px=max_side_px)
        self._configuration = configuration(ice_servers)
        self._host_addresses = host_addresses
        self._local_ends = local_ends or LocalEnds()
        self._connect_timeout_s = connect_timeout_s
        self._silence_timeout_s = silence_timeout_s
        self._media_timeout_s = media_timeout_s
        self._limits = limits or MediaLimits()
        self._peers = peers or PeerAddresses()
        self._turned = turned
        self._reception = Reception(self._intake, self._limits, on_over=self.closed.set)
        self._arrivals: list[aiortc_patches.Arrivals] = []
        self._routers: list[aiortc_patches.SectionRouter] = []
        self._hidden: HiddenCandidates | None = None
        self._connected = False
        self._failure: NoConnectionError | None = None
        self._lookup: asyncio.Task[None] | None = None
        self._pc: RTCPeerConnection | None = None
        self._guard: aiortc_patches.ConnectGuard | None = None
        self._liveness: list[aiortc_patches.Liveness] = []
        self._watch: asyncio.Task[None] | None = None
        self._closing = Closing(self._close)

    @property
    def stats(self) -> SourceStats:
        """State and counts now."""
        state = "closed" if self._closing.begun else "new"
        if self._pc is not None:
            state = self._pc.connectionState
        synchronised = self._intake.clock.synchronised
        refused = sum((arrivals.refused for arrivals in self._arrivals), Counter[str]())
        if of_others := sum(router.refused for router in self._routers):
            refused["other_section"] = of_others
        return SourceStats(state, synchronised, self._reception.streams, refused, self._failure)

    @property
    def mark(self) -> Mark | None:
        """Where its media stands; None before any came."""
        return self._intake.mark

    def carry_on(self, mark: Mark) -> None:
        """Go on where another peer of the same call stopped; before any media."""
        self._intake.carry_on(mark)

    def silence(self) -> None:
        """Put nothing more into the inbox, from now on; `close` still has to be awaited."""
        self._intake.close()

    async def start(self) -> str:
        """Answer the offer that the peer was made for; see `answer`."""
        return await self.answer(self._offer_sdp)

    async def answer(self, offer_sdp: str) -> str:
        """Answer an offer and start to receive.

        Args:
            offer_sdp: with all its candidates in it, or candidates enough to connect.

        Returns:
            The answer's SDP, with all candidates in it.

        Raises:
            NegotiationError: the offer is broken, has no media that we can receive, or this peer
                has answered already.
        """
        if self._pc is not None or self._closing.begun:
            raise NegotiationError("This call was answered already. Start a new one.")
        offer = read_offer(plausible_offer(offer_sdp, self._peers))
        self._pc = pc = RTCPeerConnection(self._configuration)
        try:
            return whole_answer(offer, await self._negotiate(pc, offer))
        except NegotiationError:
            await self.close()
            raise
        except Exception as error:  # aiortc raises whatever its parser stumbles over.
            await self.close()
            raise NegotiationError(
                f"The SDP offer cannot be answered ({type(error).__name__}: {error}). "
                "Offer VP8 or H.264 video or Opus audio."
            ) from error
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Leave the call: sockets, tasks and threads are gone when this returns. Idempotent."""
        await self._closing()

    async def _negotiate(self, pc: RTCPeerConnection, offer: Offer) -> str:
        pc.on("connectionstatechange", self._on_state)
        self._guard = aiortc_patches.ConnectGuard(pc)
        for one in offer.taken:
            prefer_received(pc.addTransceiver(one.section.kind, direction="recvonly"))
        await pc.setRemoteDescription(RTCSessionDescription(sdp=offer.sdp, type="offer"))
        aiortc_patches.gather_on(pc, self._host_addresses, self._local_ends)
        connections = aiortc_patches.ice_connections(pc)
        self._arrivals = self._guarded(pc, connections)
        self._route(pc, offer)
        self._liveness = [aiortc_patches.Liveness(connection) for connection in connections]
        if self._turned:
            aiortc_patches.take_turns(pc, offer.sdp)
        self._guard.guard_receivers()
        for transceiver, one in zip(pc.getTransceivers(), offer.taken, strict=True):
            self._reception.receive(transceiver, one.parameter_sets)
        await pc.setLocalDescription(await pc.createAnswer())
        if not any(connection.local_candidates for connection in connections):
            raise NegotiationError(
                "This machine has no network address, or no free UDP port, to receive media on. "
                "Set host_addresses to 127.0.0.1 for calls from itself, or widen udp_ports."
            )
        self._watch = asyncio.create_task(self._watch_over(pc))
        if offer.names:
            self._hidden = HiddenCandidates(offer.names, self._peers)
            self._lookup = asyncio.create_task(self._hidden.look_up(connections[0]))
        return str(pc.localDescription.sdp)

    def _guarded(
        self, pc: RTCPeerConnection, connections: Sequence[Any]
    ) -> list[aiortc_patches.Arrivals]:
        """Bound what connections that have not gathered let in and send out."""
        budget = aiortc_patches.CallBudget(self._limits)
        guards = {
            connection: aiortc_patches.Arrivals(
                connection, aiortc_patches.limit_checks(connection), budget
            )
            for connection in connections
        }
        for transport in aiortc_patches.transports(pc):
            guards[aiortc_patches.ice_connection(transport)].guard(transport)
        return list(guards.values())

    def _route(self, pc: RTCPeerConnection, offer: Offer) -> None:
        """Keep the packets of declined sections from those that are received."""
        declined = set[int]().union(*map(sources, offer.sections))
        declined -= set[int]().union(*(one.sources for one in offer.taken))
        for transport in aiortc_patches.transports(pc):
            self._routers.append(aiortc_patches.SectionRouter(transport, declined))

    async def _watch_over(self, pc: RTCPeerConnection) -> None:
        """Keep streams going and notice when the peer is gone."""
        started_s = time.monotonic()
        while not self.closed.is_set():
            await asyncio.sleep(_TEND_S)
            now_s = time.monotonic()
            await self._reception.tend(now_s, [one.refused for one in self._arrivals])
            if self._gone(pc.connectionState, started_s, now_s):
                _logger.info("peer gone: state %s, nothing heard from it", pc.connectionState)
                self._give_up()

    def _gone(self, state: str, started_s: float, now_s: float) -> bool:
        if state != "connected":
            return now_s - started_s > self._connect_timeout_s
        alive = [life.heard_s for life in self._liveness if life.heard_s is not None]
        if now_s - max(alive, default=now_s) > self._silence_timeout_s:
            return True
        if self._media_timeout_s is None:
            return False
        return self._reception.silent_s(now_s, since_s=started_s) > self._media_timeout_s

    def _on_state(self) -> None:
        state = None if self._pc is None else self._pc.connectionState
        self._connected |= state == "connected"
        if state == "failed":
            self._give_up()
        elif state == "closed":
            self.closed.set()

    def _give_up(self) -> None:
        """End because of what the other side does or does not do."""
        if not self._connected and not self.closed.is_set():
            reached = self._pc is not None and self._pc.iceConnectionState == "completed"
            self._failure = no_connection(self._hidden, reached=reached)
            _logger.info("%s", self._failure)
        self.closed.set()

    async def _close(self) -> None:
        self.closed.set()
        self.silence()
        tasks = [*self._reception.tasks, *(task for task in (self._watch, self._lookup) if task)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._guard is not None:
            try:
                await self._guard.close()
            except Exception:
                _logger.exception("a peer connection did not close cleanly")
