"""The only place that touches private names of aiortc and aioice, and why.

* Local addresses: aioice never offers loopback, which calls on one machine need; it binds any
  port, where a firewall wants a range; and it knows of no NAT without asking a STUN server.
* Liveness: aioice takes 27 s to notice that a peer died; `Liveness` takes about 5.
* Audio: aiortc's jitter buffer adds 200 ms for good after one lost packet, and drops good ones;
  a thread decodes, and waking it costs several times what it does.
* Video: aiortc waits for ever for a packet whose retransmission was lost too, and decodes
  frames whose reference is missing into garbage, which must never be scored.
* Time: aiortc lets each track start at 0 and keeps sender reports to itself.
* Size and number: aiortc decodes frames of any size that they claim to have, as many as come,
  and lists every packet that a wild sequence number leaves out.
* Pictures: aiortc decodes on while nobody takes any, and FFmpeg keeps the most that ever waited;
  each one wakes the event loop, at several times what most are worth.
* Names: aioice asks once who an mDNS name is, takes whatever address comes, and lets the answer
  wait for it.
* Routing: aiortc gives the packets of a second camera to the first.
* Turns: aiortc does not know that packets may say how pictures are to be turned.
* Estimates: aiortc tells the sender of its bandwidth with every packet once some come late.
* Checks: aioice tries every address that a caller names, seven times each.
* Arrivals: one datagram that is empty, too long or oddly extended ends a call of aiortc, whoever
  sends it; its queues and its tables of sources have no bound; each packet wakes a task.
* Shutdown: aiortc joins decoder threads on the event loop, and a connection that is closed
  while it connects leaves a task behind.

All patches are set on instances; nothing changes for other users of the libraries. The tests
of this module fail if a name, a signature or a behaviour leaned on here changes.
"""

from __future__ import annotations

from stream_verifier.media.webrtc.aiortc_patches.arrivals import Arrivals, CallBudget
from stream_verifier.media.webrtc.aiortc_patches.audio import AudioTap
from stream_verifier.media.webrtc.aiortc_patches.checks import limit_checks
from stream_verifier.media.webrtc.aiortc_patches.connection import (
    ConnectGuard,
    Liveness,
    ice_connection,
    ice_connections,
    transports,
)
from stream_verifier.media.webrtc.aiortc_patches.gathering import gather_on, use_host_addresses
from stream_verifier.media.webrtc.aiortc_patches.mdns import add_candidate, look_up
from stream_verifier.media.webrtc.aiortc_patches.pictures import PictureDecoder
from stream_verifier.media.webrtc.aiortc_patches.routing import SectionRouter
from stream_verifier.media.webrtc.aiortc_patches.streams import StreamTap
from stream_verifier.media.webrtc.aiortc_patches.turns import take_turns
from stream_verifier.media.webrtc.aiortc_patches.video import VideoTap

__all__ = [
    "Arrivals",
    "AudioTap",
    "CallBudget",
    "ConnectGuard",
    "Liveness",
    "PictureDecoder",
    "SectionRouter",
    "StreamTap",
    "VideoTap",
    "add_candidate",
    "gather_on",
    "ice_connection",
    "ice_connections",
    "limit_checks",
    "look_up",
    "take_turns",
    "transports",
    "use_host_addresses",
]
