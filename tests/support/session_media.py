"""Sessions without media and model: what happens to them is told by the test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from stream_verifier.audit.deed import Actor
from stream_verifier.calls.challenges import CallChallenges, ChallengeBook
from stream_verifier.calls.connection import Connection
from stream_verifier.calls.lifetime import LifeLimits
from stream_verifier.calls.pending_enrolment import PendingEnrolment
from stream_verifier.calls.places import Place
from stream_verifier.calls.session import Session
from stream_verifier.calls.tries import Tries
from stream_verifier.errors import MediaError
from stream_verifier.events.event import Event
from stream_verifier.events.schema import ChallengeKind, Payload
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.destination import Destination
from stream_verifier.identities.identity import Identity
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import SourceStats
from stream_verifier.settings import Settings
from stream_verifier.verify.enrol_pipeline import EnrolPipeline
from stream_verifier.verify.pipeline import VerifyPipeline
from stream_verifier.verify.strangers import Crowd
from stream_verifier.verify.telling import Telling

CONSENT = Consent(
    subject="made up", given_at=datetime(2026, 1, 2, tzinfo=UTC), purpose="tests", text="I agree."
)


class SilentSource:
    """Starts, and then nothing comes."""

    mark = None

    def __init__(self) -> None:
        self.closed = asyncio.Event()
        self.stats = SourceStats("new")

    def fail(self, failure: MediaError) -> None:
        """Close without ever having connected."""
        self.stats = SourceStats("failed", failure=failure)
        self.closed.set()

    async def start(self) -> str:
        return "v=0"

    def silence(self) -> None:
        """Nothing came anyway."""

    async def close(self) -> None:
        self.closed.set()


class ScriptedEngine:
    """Hands out what the test says."""

    def __init__(self) -> None:
        self.deliver: Callable[[list[Payload], bool], None]
        self.finishing = asyncio.Event()

    def admit(self, *, deliver: Any, **_: Any) -> ScriptedEngine:
        self.deliver = deliver
        return self

    def notify(self) -> None:
        """No media waits for it."""

    def finish(self) -> None:
        self.finishing.set()

    def cancel(self) -> None:
        """Nothing is delivered anyway."""


class Store:
    """Remembers who was stored."""

    def __init__(self) -> None:
        self.names: list[str] = []

    async def add(self, name: str, *_: Any, **__: Any) -> Identity:
        self.names.append(name)
        return Identity("1", name, CONSENT.given_at, CONSENT, "m", 5, 10.0)


class Enrolment(EnrolPipeline):
    """Has heard and seen enough."""

    def __init__(self) -> None:
        self.windows = 0

    def reference(self) -> Any:
        return None


class Verification(VerifyPipeline):
    """Has heard nothing."""

    def __init__(self) -> None:
        self.windows = 0
        self._telling, self._crowd, self._examiner = Telling(), Crowd(), None


async def _no_history(after: int, through: int) -> list[Event]:
    return []


def make_session(
    *,
    store: Store | None,
    on_event: Callable[[Event], None],
    session_id: str = "s1",
    kinds: tuple[ChallengeKind, ...] = (),
    tries: Tries | None = None,
) -> Session:
    """An enrolment into a store, or a verified call without one."""
    enrolling: Any = store and PendingEnrolment(
        store,  # type: ignore[arg-type]
        Destination(
            name="ada",
            consent=CONSENT,
            enrolled=None,
            way="call",
            recorded_by="token-1",
            actor=Actor("token-1", "identity:enrol"),
        ),
    )
    source: Any = SilentSource()
    return Session(
        session_id=session_id,
        resume_key="a secret",
        identity="ada",
        connection=Connection(source=source),
        inbox=MediaInbox(),
        pipeline=Enrolment() if enrolling else Verification(),
        enrolling=enrolling,
        resume_within_s=0.0,
        place=Place("ada", "token", bound=False),
        followed=True,
        limits=LifeLimits(media_within_s=30, silent_s=300, longest_s=3600),
        tries=tries or Tries(most=3, told=3),
        challenges=CallChallenges(
            identity="ada",
            kinds=kinds,
            shown=kinds,
            told=True,
            settings=Settings(),
            book=ChallengeBook(),
        ),
        on_event=on_event,
        history=_no_history,
    )
