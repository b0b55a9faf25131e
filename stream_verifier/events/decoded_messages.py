"""What is said on the WebSocket of a call whose media comes decoded, beside events and media."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, Field, TypeAdapter

from stream_verifier.events.call_messages import (
    AnswerChallenge,
    AskChallenge,
    Opening,
    Return,
    Stop,
)
from stream_verifier.events.wire import read_message

_RATE = "Samples of sound a second; 16000 is what is scored, others are resampled."
Rate: TypeAlias = Literal[8_000, 16_000, 24_000, 32_000, 44_100, 48_000]


class StartDecoded(Opening):
    """Opens a session whose media follows in binary messages."""

    audio_hz: Rate = Field(16_000, description=_RATE)


class ResumeDecoded(Return):
    """Goes on with a session whose socket was lost; its media follows in binary messages."""

    audio_hz: Rate = Field(16_000, description=_RATE)


class Started(BaseModel):
    """The server's first message: the call is open, media may come, events follow."""

    type: Literal["started"] = "started"
    session: str = Field(description="The session's id, repeated in every event.")
    resume_key: str = Field(description="The secret to show when resuming; tell nobody.")
    resume_within_s: float = Field(
        description="For so long the session waits for a lost client; 0: it does not."
    )
    max_frame_bytes: int = Field(description="Of one binary message, with its header.")


AnyDecodedMessage = StartDecoded | ResumeDecoded | Stop | AskChallenge | AnswerChallenge
DecodedClientMessage = Annotated[AnyDecodedMessage, Field(discriminator="type")]
_adapter: TypeAdapter[AnyDecodedMessage] = TypeAdapter(DecodedClientMessage)


def parse_decoded_message(text: str) -> AnyDecodedMessage:
    """Read one message.

    Raises:
        ProtocolError: too long, no JSON, or not of the contract; the message says where.
        VersionError: it asks for a version that is not spoken here.
    """
    return read_message(_adapter, text)
