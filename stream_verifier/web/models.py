"""What the routes take and give, as the API's description tells it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import MAX_SESSION_CHARS, MAX_TTL_S
from stream_verifier.events.json_object import JsonObject
from stream_verifier.events.schema import Asker, ChallengeKind, Origin, ScreenColours, Turn
from stream_verifier.events.schema.payload import unless_none
from stream_verifier.identities.identity import MAX_NAME_CHARS

Name = Annotated[
    str, Path(min_length=1, max_length=4 * MAX_NAME_CHARS, description="Name enrolled under.")
]
SessionId = Annotated[
    str, Path(min_length=1, max_length=MAX_SESSION_CHARS, description="Session id of a call.")
]


class ConsentDescription(BaseModel):
    """A consent record without its text."""

    version: int = Field(description="Counts what this person agreed to, from 1.")
    given_at: datetime
    purpose: str
    text_sha256: str
    expires_at: datetime | None = Field(description="Null: until it is withdrawn.")
    withdrawn_at: datetime | None = Field(description="Null where it was not.")
    in_force: bool = Field(description="Whether the person may be verified under it now.")
    recorded_by: str = Field(description="The id of a token, or a user; empty in old records.")
    way: str = Field(description="How it came in; empty in old records.")


class ConsentHistory(BaseModel):
    """What a person agreed to, newest first."""

    consents: list[ConsentDescription]


class OriginDescription(BaseModel):
    """By whom and by which way somebody was enrolled."""

    way: str
    by: str = Field(description="The id of the token that was shown, or a user of the machine.")
    supervised: bool
    replaced_similarity: float | None = Field(
        description="How much it resembles the reference it replaced, where that was compared."
    )


class IdentityDescription(BaseModel):
    """Who is enrolled: no vectors, and of the consent only when and to what."""

    id: str
    name: str
    created_at: datetime
    model: str
    faces: int
    speech_s: float
    consent: ConsentDescription
    origin: OriginDescription | None = Field(description="Null where it was not recorded.")
    replaces: str | None = Field(description="Id of the identity that it took the place of.")
    adapted_from: list[str] = Field(
        description="The models that the reference was moved from by adapters, the one that the "
        "person was enrolled with first; empty where it was made with `model`. Enrolling again "
        "is surer."
    )
    widened: int = Field(description="How often more was added to the reference.")


class IdentityList(BaseModel):
    """A page of those who are enrolled, in an order that stays."""

    identities: list[IdentityDescription]
    next: str | None = Field(
        description="What to give as `cursor` next; null at the end. With a filter a page may be "
        "short, or empty, before the end."
    )
    enrolled: int = Field(description="How many are enrolled in all.")
    refused: int = Field(
        description="Records of this page that were changed, or are older copies: "
        "`stream-verifier identities refused` lists them."
    )


class CallDescription(BaseModel):
    """A call that runs or ran."""

    session: str
    mode: Literal["verify", "enrol"] | None
    identity: str | None
    started_at: str | None
    ended_at: str | None = Field(description="Null while it runs.")
    end_reason: str | None
    state: str | None = Field(description="The verdict; null in an enrolment.")
    state_since: str | None = Field(description="When the verdict became so.")
    reasons: list[str]
    media_s: float = Field(description="Media time of the newest event.")
    score_age_s: float | None = Field(description="Age of the newest media at its score.")
    seq: int = Field(description="Number of the newest event.")
    totals: JsonObject | None = Field(description="What it counted, once it ended.")
    origin: Origin | None = Field(
        description="The attached room that its media is fetched from; null where it is sent here."
    )
    challenges: int = Field(0, description="How many were asked.")
    challenges_passed: int = Field(0, description="How many of them were passed.")


class ChallengeRequest(BaseModel):
    """What the person in the call is to be asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: ChallengeKind | None = Field(
        None,
        description="By default the one that shows most of those that can be measured and that "
        "the call's client shows.",
    )
    asker_tells: bool = Field(
        False,
        description="Whoever asks tells the person what to do, by what the answer says. Needed "
        "where the call's client does not show it: in rooms, of bots, by WHIP.",
    )


class ChallengeDescription(BaseModel):
    """A challenge that was asked; its result is an event of the call."""

    challenge: str = Field(description="Its id, which the result bears.")
    kind: ChallengeKind
    by: Asker
    turns: list[Turn] = Field(description="Sides to turn the head to, as the person has them.")
    digits: str | None
    within_s: float
    number: int = Field(description="Counts the challenges of this call.")
    most: int
    others: list[ChallengeKind]
    chance: float | None = Field(
        description="That blindly picked turns are right, or that light which knows nothing of the "
        "colours follows them; null where nothing drawn is checked."
    )
    screen: ScreenColours | None = Field(
        None,
        exclude_if=unless_none,
        description="Colours to show; left out for other kinds.",
    )


class ReceiptDescription(BaseModel):
    """The proof of a deletion: `stream-verifier audit receipt` checks it without this server."""

    format: str
    name: str = Field(description="As the person was enrolled.")
    entry: JsonObject = Field(description="The entry of the audit trail, with its hash.")
    head: JsonObject = Field(description="The trail's signed end then: this entry.")
    signature: str = Field(description="Of the trail's key, over the name and the entry's hash.")


class PastCallDescription(BaseModel):
    """A call as the audit trail has it."""

    session: str | None
    mode: str | None
    started_at: str
    ended_at: str | None = Field(description="Null while it runs, or cut off with the server.")
    end_reason: str | None
    verdict: str | None = Field(description="The last one.")
    because: list[str]
    seconds: int | None = Field(description="Of media.")
    windows: int | None = Field(description="That were compared.")


class PersonCalls(BaseModel):
    """A person's calls, newest first, as long as the audit trail keeps them."""

    calls: list[PastCallDescription]
    next: int | None = Field(description="What to give as `before` next; null at the end.")


class PersonExport(BaseModel):
    """All that is held on one person, and nothing of anybody else."""

    format: str
    made_at: str
    identity: JsonObject = Field(description="Id, name, when and by which way enrolled, last use.")
    consents: list[JsonObject] = Field(description="With their words, newest first.")
    reference: JsonObject = Field(
        description="Model, what it was made of, its size and the digest of what is stored; "
        "`vectors` where they were asked for."
    )
    calls: list[PastCallDescription] = Field(description="As the audit trail has them.")
    recent_calls: list[CallDescription] = Field(
        description="Calls that run or ended lately, whose events this server has."
    )
    events: list[JsonObject] = Field(
        description="Events of those calls, as whoever follows calls is told them."
    )
    audit: JsonObject = Field(
        description="All entries on this person, the pseudonym in them, the trail's signed head "
        "and the key that signed it."
    )
    complete: bool = Field(
        description="False where only the newest entries, calls or events are in it."
    )


class CallList(BaseModel):
    """Calls that run and the last ones that ended, newest first."""

    calls: list[CallDescription]


class CallEvents(BaseModel):
    """What is kept of a call's events, in order."""

    session: str
    events: list[JsonObject]


class IceServerDescription(BaseModel):
    """A STUN or TURN server as WebRTC's RTCIceServer."""

    urls: list[str]
    username: str | None = Field(None, description="Left out where none is needed.")
    credential: str | None = Field(None, description="Left out where none is needed.")


class IceServerList(BaseModel):
    """All of them; empty where clients reach the server directly."""

    iceServers: list[IceServerDescription]  # noqa: N815
    ttl_s: float = Field(description="Seconds in which a connection may begin with them.")


class AuditPage(BaseModel):
    """Entries of the audit trail, oldest first."""

    entries: list[JsonObject] = Field(
        description="As `stream-verifier audit export` writes them, a line each."
    )
    next: int | None = Field(description="What to ask for `after` next; null at the end.")
    head: JsonObject = Field(description="The signed end of the whole trail. Keep its number.")
    public_key: str = Field(description="What signed it, in PEM: compare with one kept elsewhere.")


class TokenRequest(BaseModel):
    """What a new token is to allow."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scopes: list[Scope] = Field(min_length=1, max_length=len(Scope))
    identity: str | None = Field(None, max_length=4 * MAX_NAME_CHARS)
    session: str | None = Field(None, min_length=1, max_length=MAX_SESSION_CHARS)
    operating_point: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="One that its calls may choose, even if it is weaker than the server's.",
    )
    ttl_s: float = Field(900, ge=1, le=MAX_TTL_S, description="Seconds until it expires.")


class TokenAnswer(BaseModel):
    """A new token; it is shown this once."""

    token: str
    token_id: str
    expires_at: datetime


class SignInDescription(BaseModel):
    """Where people sign in whose tokens this server takes: OpenID Connect, a code with PKCE."""

    issuer: str
    client_id: str
    scope: str
    audience: str = Field(description="That the access token has to be for.")
    authorization_endpoint: str
    token_endpoint: str
    end_session_endpoint: str | None


class SignInOffer(BaseModel):
    """What a page can offer to who has no token."""

    sign_in: SignInDescription | None = Field(description="Null where no provider is set.")


class Health(BaseModel):
    """Alive, how full, and whether it keeps up."""

    status: Literal["ok"]
    calls: int
    max_calls: int = Field(
        description="Calls that may run at once: as many as are allowed, or as there is time for."
    )
    spare_calls: int = Field(description="So many more may be opened now.")
    lag_s: float = Field(
        description="Seconds from the arrival of a window's newest media to its score, on average "
        "of late."
    )
    overloaded: bool = Field(
        description="Whether windows went unscored in the last seconds, for want of time."
    )


class Readiness(BaseModel):
    """Ready to open calls."""

    status: Literal["ready"]
