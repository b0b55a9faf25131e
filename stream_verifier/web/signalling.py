"""What is said on the sockets of calls, by the way in which their media comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel

from stream_verifier.access.waiting import WaitingRoom
from stream_verifier.calls.session import Session
from stream_verifier.calls.wishes import Way
from stream_verifier.decoded.frames import MAX_FRAME_BYTES
from stream_verifier.events.call_messages import Answer, AnyClientMessage, parse_message
from stream_verifier.events.decoded_messages import (
    AnyDecodedMessage,
    Started,
    parse_decoded_message,
)
from stream_verifier.web.state import ServerState


@dataclass(frozen=True, slots=True, kw_only=True)
class Signalling:
    """One way.

    Attributes:
        way: its name.
        path: of its sockets; below it sessions are resumed by name.
        parse: reads a text message of a client.
        answer: the server's first message, of a session and what its source tells the client.
        room: where clients wait until they have said something.
    """

    way: Way
    path: str
    parse: Callable[[str], AnyClientMessage | AnyDecodedMessage]
    answer: Callable[[Session, str], BaseModel]
    room: Callable[[ServerState], WaitingRoom]


def _answer(session: Session, sdp: str) -> Answer:
    return Answer(
        sdp=sdp,
        session=session.id,
        resume_key=session.resume_key,
        resume_within_s=session.resume_within_s,
    )


def _started(session: Session, _: str) -> Started:
    return Started(
        session=session.id,
        resume_key=session.resume_key,
        resume_within_s=session.resume_within_s,
        max_frame_bytes=MAX_FRAME_BYTES,
    )


WEBRTC = Signalling(
    way="webrtc",
    path="/api/v1/call",
    parse=parse_message,
    answer=_answer,
    room=lambda state: state.callers_room,
)
DECODED = Signalling(
    way="decoded",
    path="/api/v1/decoded",
    parse=parse_decoded_message,
    answer=_started,
    room=lambda state: state.feeders_room,
)
