"""What is said on a call's WebSocket beside the events; part of the wire contract."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from stream_verifier.errors import ConsentError
from stream_verifier.events.schema import ChallengeKind
from stream_verifier.events.wire import ASKED_VERSION, read_message
from stream_verifier.events.wire import MAX_MESSAGE_BYTES as MAX_MESSAGE_BYTES
from stream_verifier.identities.consent import Consent

MAX_TOKEN_CHARS = 4096


class ConsentGiven(BaseModel):
    """What the person agreed to; the server adds the time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str = Field(max_length=200)
    purpose: str = Field(max_length=500)
    text: str = Field(max_length=10_000)
    expires_at: AwareDatetime | None = Field(
        None,
        description="Until when; the server's own limit where that is nearer, or none is said.",
    )

    def record(self, *, longest: timedelta | None) -> Consent:
        """The consent as it is stored; see `Start.consent_record`."""
        consent = Consent(
            subject=self.subject,
            given_at=datetime.now(UTC),
            purpose=self.purpose,
            text=self.text,
            expires_at=self.expires_at,
        )
        return consent.within(longest)


class Opening(BaseModel):
    """What opens a call, however its media comes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["start"]
    v: int | None = Field(None, description=ASKED_VERSION)
    mode: Literal["verify", "enrol"]
    identity: str = Field(min_length=1, max_length=64)
    consent: ConsentGiven | None = None
    replace: bool = Field(False, description="Whether an enrolled reference may go.")
    add: bool = Field(
        False,
        description="Whether to add to the reference of who is enrolled, in place of `replace`.",
    )
    operating_point: str | None = Field(None, max_length=64)
    challenges: tuple[ChallengeKind, ...] = Field(
        (),
        max_length=8,
        description="Kinds that this client shows to the person; in doubt no other is asked.",
    )
    camera: str | None = Field(
        None,
        max_length=200,
        repr=False,
        description="The camera's label, told with the person's consent. Nothing is kept of it but "
        "whether it is known to be made of software.",
    )
    token: str | None = Field(None, max_length=MAX_TOKEN_CHARS, repr=False)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.add and self.replace:
            raise ValueError("say replace or add, not both")
        return self

    @property
    def changes_enrolled(self) -> bool:
        """Whether the reference of who is enrolled already becomes another one."""
        return self.mode == "enrol" and (self.replace or self.add)

    def consent_record(self, *, longest: timedelta | None = None) -> Consent:
        """The consent as it is stored.

        Args:
            longest: how long a consent counts at most; None: until it is withdrawn.

        Raises:
            ConsentError: there is none, or a part of it is blank.
        """
        if self.consent is None:
            raise ConsentError("Enrolment needs consent: who agrees, for what, to which text.")
        return self.consent.record(longest=longest)


class Start(Opening):
    """Opens a session with an SDP offer."""

    sdp: str


class Stop(BaseModel):
    """Ends the session."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["stop"]


class AskChallenge(BaseModel):
    """Has the person in the call asked for something, now."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["ask_challenge"]
    kind: ChallengeKind | None = Field(None, description="By default the one that shows most.")


class AnswerChallenge(BaseModel):
    """Says that the person skips a challenge, or chooses another way; what is done is measured."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["answer_challenge"]
    challenge: str = Field(max_length=64, description="Its id.")
    choice: Literal["skip", "other"]


class Return(BaseModel):
    """What goes on with a call, however its media comes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["resume"]
    v: int | None = Field(None, description=ASKED_VERSION)
    session: str = Field(min_length=1, max_length=64)
    resume_key: str = Field(max_length=128)
    after: int = Field(0, ge=0, description="Number of the newest event that the client has.")
    untold: int = Field(
        0, ge=0, description="As that event says; counts where its server failed right after it."
    )
    token: str | None = Field(None, max_length=MAX_TOKEN_CHARS)


class Resume(Return):
    """Goes on with a session whose connection was lost, by a new SDP offer."""

    sdp: str


class Answer(BaseModel):
    """The server's first message: the call is open, events follow."""

    type: Literal["answer"] = "answer"
    sdp: str = Field(description="The SDP answer to the client's offer.")
    session: str = Field(description="The session's id, repeated in every event.")
    resume_key: str = Field(description="The secret to show when resuming; tell nobody.")
    resume_within_s: float = Field(
        description="For so long the session waits for a lost client; 0: it does not."
    )


class GoingAway(BaseModel):
    """The server is about to stop; until then the call goes on as before."""

    type: Literal["going_away"] = "going_away"
    ends_in_s: float = Field(description="Seconds after which the call ends here.")
    come_back_within_s: float | None = Field(
        description="Resume at a moment by chance within so many seconds: another server goes on "
        "with the session. Null: there is none, so finish, or start anew once the call has ended."
    )


class ChallengeRefused(BaseModel):
    """What the client asked of challenges cannot be; the call goes on."""

    type: Literal["challenge_refused"] = "challenge_refused"
    code: str = Field(description="challenge_open, too_many_challenges or no_challenge.")
    message: str = Field(description="Says what to do.")


AnyClientMessage = Start | Resume | Stop | AskChallenge | AnswerChallenge
ClientMessage = Annotated[AnyClientMessage, Field(discriminator="type")]
_adapter: TypeAdapter[AnyClientMessage] = TypeAdapter(ClientMessage)


def parse_message(text: str) -> AnyClientMessage:
    """Read one message.

    Raises:
        ProtocolError: too long, no JSON, or not of the contract; the message says where.
        VersionError: it asks for a version that is not spoken here.
    """
    return read_message(_adapter, text)
