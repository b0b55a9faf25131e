"""What the server says on a call's WebSocket beside events; part of the wire contract."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class Answer(BaseModel):
    """The server's first message: the call is open, events follow."""

    type: Literal["answer"] = "answer"
    sdp: str = Field(description="The SDP answer to the client's offer.")
    session: str = Field(description="The session's id, repeated in every event.")
    resume_key: str = Field(description="The secret to show when resuming; tell nobody.")
    resume_within_s: float = Field(
        description="For so long the session waits for a lost client; 0: it does not."
    )
