"""A call whose media this server fetches, in place of a client that sends it here."""

from __future__ import annotations

from dataclasses import dataclass

from stream_verifier.events.schema import Origin
from stream_verifier.media.source import SourceFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class Via:
    """How to get at it.

    Attributes:
        make_source: fetches it.
        origin: from where.
        waits_s: so long the call waits when it was lost, for another way to it.
    """

    make_source: SourceFactory
    origin: Origin
    waits_s: float
