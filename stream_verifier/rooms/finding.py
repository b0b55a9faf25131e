"""Which host a request names; what speaks to one is imported when it is needed, not before."""

from __future__ import annotations

from stream_verifier.media.limits import MediaLimits
from stream_verifier.rooms.host import RoomHost
from stream_verifier.rooms.requests import JanusRoomRequest, LiveKitRoomRequest, RoomRequest
from stream_verifier.settings import Settings


def host_of(request: RoomRequest, settings: Settings) -> RoomHost:
    """The host that a request names."""
    if isinstance(request, JanusRoomRequest):
        return _janus(request)
    return _livekit(request, settings)


def _janus(request: JanusRoomRequest) -> RoomHost:
    from stream_verifier.rooms.janus.connection import Keys
    from stream_verifier.rooms.janus.room import JanusHost, TextRoom

    text_room = None
    if request.text_room is not None:
        text_room = TextRoom(room=request.text_room, secret=request.text_room_secret)
    return JanusHost(
        url=request.url,
        room=request.room,
        pin=request.pin,
        keys=Keys(api_secret=request.api_secret, token=request.host_token),
        text_room=text_room,
    )


def _livekit(request: LiveKitRoomRequest, settings: Settings) -> RoomHost:
    from stream_verifier.rooms.livekit.host import LiveKitHost
    from stream_verifier.rooms.livekit.keys import Keys

    key, secret = settings.livekit_api_key, settings.livekit_api_secret
    return LiveKitHost(
        url=request.url,
        room=request.room,
        keys=None if key is None or secret is None else Keys(key, secret),
        tells=request.tells,
        video_rate_hz=settings.face_rate_hz,
        limits=_limits(settings),
    )


def _limits(settings: Settings) -> MediaLimits:
    """What of a publisher's pictures is looked at; how they come here is not ours to bound."""
    return MediaLimits(
        frame_pixels=settings.max_frame_pixels,
        side_px=settings.max_frame_side_px,
        frames_per_s=settings.max_frames_per_s,
        pixels_per_s=settings.max_pixels_per_s,
    )
