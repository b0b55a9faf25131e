"""What a call asks of the source of its media, by what its client says."""

from __future__ import annotations

from stream_verifier.calls.neighbours import CallRecord
from stream_verifier.events.call_messages import Opening, Resume, Return, Start
from stream_verifier.events.decoded_messages import ResumeDecoded, StartDecoded
from stream_verifier.media.source import SourceRequest
from stream_verifier.media.source import Way as Way


def way_of(message: Opening | Return) -> Way:
    """How the media of the call that it is about comes."""
    return "decoded" if isinstance(message, StartDecoded | ResumeDecoded) else "webrtc"


def source_request(
    session: str, message: Opening | Return, *, followed: bool = True
) -> SourceRequest:
    """What a call asks a factory of sources for, by what its client says.

    Args:
        session: the call's id.
        message: of a kind that says how media comes.
        followed: whether its client has a socket.

    Raises:
        TypeError: the message is of another kind.
    """
    match message:
        case StartDecoded(audio_hz=audio_hz) | ResumeDecoded(audio_hz=audio_hz):
            offer = ""
        case Start(sdp=offer) | Resume(sdp=offer):
            audio_hz = 16_000
        case _:
            raise TypeError(f"{type(message).__name__} says nothing of media")
    return SourceRequest(
        session=session,
        offer=offer,
        followed=followed,
        way=way_of(message),
        audio_hz=audio_hz,
    )


def started_again(record: CallRecord, message: Return) -> Opening:
    """What its client would have said, had the call begun here."""
    said = {
        "type": "start",
        "mode": "verify",
        "identity": record.identity,
        "operating_point": record.operating_point,
        "challenges": record.challenges,
    }
    if isinstance(message, ResumeDecoded):
        return StartDecoded.model_validate({**said, "audio_hz": message.audio_hz})
    return Start.model_validate({**said, "sdp": getattr(message, "sdp", "")})
