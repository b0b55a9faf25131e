"""One factory of sources for all ways in which a call's media may come."""

from __future__ import annotations

from collections.abc import Mapping

from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import MediaSource, SourceFactory, SourceRequest, Way


class FactoryByWay:
    """A `SourceFactory` that asks another one, by the way of the request.

    Args:
        factories: one a way.
    """

    def __init__(self, factories: Mapping[Way, SourceFactory]) -> None:
        self._factories = factories

    def __call__(self, request: SourceRequest, inbox: MediaInbox) -> MediaSource:
        """Make a source that is not started."""
        return self._factories[request.way](request, inbox)
