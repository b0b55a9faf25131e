"""Makes the sources of calls that are fed, as the settings have them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from stream_verifier.media.fed.source import FedSource
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.limits import MediaLimits
from stream_verifier.media.source import SourceRequest
from stream_verifier.settings import Settings

_THREADS = 2


class FedFactory:
    """A `SourceFactory` of calls whose media comes decoded.

    Args:
        settings: how often a picture is scored.
        limits: how much a call may send.
    """

    def __init__(self, settings: Settings, *, limits: MediaLimits) -> None:
        self._video_rate_hz = settings.face_rate_hz
        self._limits = limits
        # Threads of its own, so that slow pictures hold up nothing but pictures; each call has one
        # picture in its queue at a time.
        self._decoders = ThreadPoolExecutor(_THREADS, thread_name_prefix="pictures")

    def __call__(self, request: SourceRequest, inbox: MediaInbox) -> FedSource:
        """Make a source that will be fed as the request says."""
        return FedSource(
            inbox=inbox,
            decoders=self._decoders,
            audio_hz=request.audio_hz,
            video_rate_hz=self._video_rate_hz,
            limits=self._limits,
        )
