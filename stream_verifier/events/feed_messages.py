"""What is said on the event feed beside the events themselves; part of the wire contract."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, field_validator

from stream_verifier.errors import IdentityError
from stream_verifier.events.envelope import Filter, Position
from stream_verifier.events.kinds import EVENT_TYPES
from stream_verifier.events.wire import ASKED_VERSION, read_message
from stream_verifier.identities.identity import normalise_name

_MAX_NAMES = 100
_Name = Annotated[str, Field(min_length=1, max_length=64)]
_Names = Annotated[list[_Name], Field(min_length=1, max_length=_MAX_NAMES)]


class After(BaseModel):
    """The last event that was received: the feed goes on behind it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epoch: str | None = Field(
        None, max_length=64, description="As `subscribed` told it; null means the running server's."
    )
    cursor: int = Field(ge=0, description="0: from the oldest event that is still held.")


class Subscribe(BaseModel):
    """The one message of a subscriber. Without names all comes that its token covers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["subscribe"]
    v: int | None = Field(None, description=ASKED_VERSION)
    token: SecretStr | None = Field(None, max_length=4096)
    sessions: _Names | None = None
    identities: _Names | None = None
    types: _Names | None = Field(None, description="Event types.")
    after: After | None = Field(None, description="Without it only new events come.")

    @field_validator("types")
    @classmethod
    def _known(cls, types: list[str] | None) -> list[str] | None:
        if types is not None and not EVENT_TYPES.issuperset(types):
            raise ValueError(f"an unknown event type; there are {', '.join(sorted(EVENT_TYPES))}")
        return types

    @field_validator("identities")
    @classmethod
    def _as_stored(cls, names: list[str] | None) -> list[str] | None:
        try:
            return None if names is None else [normalise_name(name) for name in names]
        except IdentityError as error:
            raise ValueError(str(error)) from None

    def wanted(self) -> Filter:
        """The filter as the hub takes it."""
        return Filter(
            sessions=_set(self.sessions), identities=_set(self.identities), types=_set(self.types)
        )

    def position(self) -> Position | None:
        """Where to go on, if anywhere."""
        if self.after is None:
            return None
        return Position(epoch=self.after.epoch, cursor=self.after.cursor)


class Subscribed(BaseModel):
    """The server's first answer; events follow."""

    type: Literal["subscribed"] = "subscribed"
    v: Literal[2] = Field(2, description="Version of the events.")
    epoch: str = Field(description="Names this run of the server; cursors are its own.")
    cursor: int = Field(description="The events that follow come after this one.")
    lost: int | None = Field(
        description="Wanted events after the asked-for cursor that will not come: they were too "
        "many to hold. Null: nobody knows, as the server was started anew."
    )


class Heartbeat(BaseModel):
    """Sent when nothing else was for a while."""

    type: Literal["heartbeat"] = "heartbeat"
    cursor: int = Field(description="Every wanted event up to this one has been sent.")


class Dropped(BaseModel):
    """Comes before the event that follows dropped scores."""

    type: Literal["dropped"] = "dropped"
    scores: int = Field(description="Scores and enrolment progress that this subscriber missed.")


class Lost(BaseModel):
    """Of a webhook: comes before the event that follows what could not be delivered."""

    type: Literal["lost"] = "lost"
    events: int | None = Field(description="Lasting events among others; null: nobody knows.")


class Refused(BaseModel):
    """Why the server closes the socket."""

    type: Literal["error"] = "error"
    code: str = Field(description="Machine-readable; never changes its meaning.")
    message: str = Field(description="What is wrong, and what to do.")
    retry_after_s: int | None = Field(
        None, description="Seconds until it is worth another try; null where it never is."
    )


ServerMessage = Annotated[
    Subscribed | Heartbeat | Dropped | Lost | Refused,
    Field(discriminator="type"),
]
_subscribe: TypeAdapter[Subscribe] = TypeAdapter(Subscribe)


def parse_subscribe(text: str) -> Subscribe:
    """Read a subscriber's message.

    Raises:
        ProtocolError: too long, no JSON, or not of the contract; the message says where.
        VersionError: it asks for a version that is not spoken here.
    """
    return read_message(_subscribe, text)


def _set(names: list[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)
