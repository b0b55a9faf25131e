"""What is asked for when a room is attached, and what is told of one; part of the wire contract."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    SerializationInfo,
)

from stream_verifier.identities.identity import MAX_NAME_CHARS
from stream_verifier.rooms.mapping import MOST_PATTERN_CHARS, WHOLE_NAME

MOST_IN_TABLE = 2000
_MOST_SECRET_CHARS = 4096
_strict = ConfigDict(extra="forbid", frozen=True)

RoomId = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]


def _shown(secret: SecretStr | None, info: SerializationInfo) -> str | None:
    """A secret in clear, where a record is about to be encrypted; hidden anywhere else."""
    if secret is None or not (info.context or {}).get("secrets"):
        return None if secret is None else str(secret)
    return secret.get_secret_value()


Secret = Annotated[
    SecretStr,
    Field(min_length=1, max_length=_MOST_SECRET_CHARS),
    PlainSerializer(_shown, return_type=str | None, when_used="json"),
]
EnrolledName = Annotated[str, Field(min_length=1, max_length=4 * MAX_NAME_CHARS)]
TableKey = Annotated[str, Field(pattern=r"^(feed|display):[^\x00-\x1f]{1,256}$")]


class DisplayRule(BaseModel):
    """A publisher's display name has the name enrolled under in it."""

    model_config = _strict

    by: Literal["display"] = "display"
    pattern: str = Field(
        WHOLE_NAME,
        max_length=MOST_PATTERN_CHARS,
        description="Regular expression for the whole display name; its one group is the name.",
    )


class FeedRule(BaseModel):
    """The host's id of a publisher has the name enrolled under in it."""

    model_config = _strict

    by: Literal["feed"] = "feed"
    pattern: str = Field(
        WHOLE_NAME,
        max_length=MOST_PATTERN_CHARS,
        description="Regular expression for the whole id; its one group is the name.",
    )


class TableRule(BaseModel):
    """Who is who is said here."""

    model_config = _strict

    by: Literal["table"]
    table: dict[TableKey, EnrolledName] = Field(
        min_length=1,
        max_length=MOST_IN_TABLE,
        description="Names enrolled under, by `feed:ID` or `display:NAME`.",
    )


class BackendRule(BaseModel):
    """The back end in the server's settings is asked."""

    model_config = _strict

    by: Literal["backend"]


class JanusRoomRequest(BaseModel):
    """A VideoRoom of Janus."""

    model_config = _strict

    host: Literal["janus"]
    url: str = Field(
        max_length=300, description="Of its WebSocket transport; one of the server's settings."
    )
    room: RoomId = Field(description="The room's id there; digits may be a number or text.")
    pin: Secret | None = Field(None, description="What the room asks of those who enter.")
    api_secret: Secret | None = Field(None, description="What Janus asks for with each request.")
    host_token: Secret | None = Field(None, description="Of Janus's token authentication.")
    text_room: RoomId | None = Field(
        None, description="TextRoom that verdicts are announced in; none by default."
    )
    text_room_secret: Secret | None = Field(None, description="What announcing there needs.")
    map: DisplayRule | TableRule | BackendRule = Field(
        default_factory=DisplayRule, discriminator="by", description="Who its publishers are."
    )
    operating_point: str | None = Field(None, min_length=1, max_length=64)

    @property
    def tells(self) -> bool:
        """Whether verdicts go back into the room."""
        return self.text_room is not None


class LiveKitRoomRequest(BaseModel):
    """A room of LiveKit; it is entered with the API key in the server's settings."""

    model_config = _strict

    host: Literal["livekit"]
    url: str = Field(
        max_length=300, description="As clients have it; one of the server's settings."
    )
    room: RoomId = Field(description="The room's name there.")
    tells: bool = Field(
        False, description="Send verdicts as data packets to all who are in the room."
    )
    map: FeedRule | DisplayRule | TableRule | BackendRule = Field(
        default_factory=FeedRule,
        discriminator="by",
        description="Who its publishers are; a feed is a participant's identity there.",
    )
    operating_point: str | None = Field(None, min_length=1, max_length=64)


RoomRequest = Annotated[JanusRoomRequest | LiveKitRoomRequest, Field(discriminator="host")]
"""Any room; another host is another member, told apart by ``host``."""

PublisherState = Literal["mapping", "unmapped", "silent", "refused", "called", "away", "ended"]


class PublisherDescription(BaseModel):
    """Somebody who may send in an attached room."""

    feed: str = Field(description="The host's id of him.")
    display: str | None = Field(description="The name that he chose.")
    state: PublisherState = Field(
        description="called: there is a call; mapping: nobody has said yet who he is; unmapped: "
        "nobody of those enrolled, so that there is no call; silent: sends nothing that is read "
        "here; refused: no call could be opened, it is tried again; away: his call waits for him; "
        "ended: an administrator ended his call."
    )
    identity: str | None = Field(description="Whom he maps to.")
    session: str | None = Field(description="His call.")
    code: str | None = Field(description="Why there is none, as errors are named.")
    picture_px: tuple[int, int] | None = Field(
        description="Width and height of the newest picture that came of him."
    )
    unread: int = Field(description="Streams that he sends beside, at which nobody here looks.")


class RoomDescription(BaseModel):
    """An attached room; nothing secret."""

    id: str
    host: str
    url: str
    room: str
    state: Literal["entering", "followed", "away", "over"] = Field(
        description="away: its host is gone, or the room; it is tried again. over: it was given up."
    )
    code: str | None = Field(description="Why it is away or over.")
    since: str = Field(description="When it was attached.")
    worker_here: bool = Field(description="Whether the server that answers follows it itself.")
    unseen: int = Field(description="Publishers beyond what is followed, or that made no sense.")
    publishers: list[PublisherDescription]


class RoomList(BaseModel):
    """All that are attached."""

    rooms: list[RoomDescription]
