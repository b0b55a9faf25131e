"""What holds for all calls of one attached room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from stream_verifier.access.grant import Grant
from stream_verifier.calls.neighbours import CallRecord
from stream_verifier.calls.registry import SessionRegistry
from stream_verifier.calls.session import Session
from stream_verifier.events.schema import Origin
from stream_verifier.rooms.mapping import Rule
from stream_verifier.rooms.pace import Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One a room.

    Attributes:
        attachment: its id here.
        host: what kind of server it is on.
        room: its id there.
        rule: who its publishers are.
        operating_point: of its calls; the server's where None.
        grant: of the token that attached it; its calls belong to that one.
        client: the address it was attached from.
        calls: where they are opened.
        away_s: so long a call waits for its publisher.
        tells: whether verdicts go back into the room.
        pace: how often anything is opened.
        lost: calls whose publisher went with the host.
    """

    attachment: str
    host: str
    room: str
    rule: Rule
    operating_point: str | None
    grant: Grant
    client: str
    calls: SessionRegistry
    away_s: float
    tells: bool
    pace: Pace = field(default_factory=Pace)
    lost: LostCalls = field(default_factory=lambda: LostCalls())

    def origin(self, feed: str) -> Origin:
        """Where a publisher's call comes from, as its events tell it."""
        return Origin(host=self.host, attachment=self.attachment, room=self.room, feed=feed)


class LostCalls:
    """Calls whose publishers went when their host did, or their server; they wait for a while.

    Whoever is mapped to the same person goes on with one: he is trusted no more than at the start.
    """

    def __init__(self) -> None:
        self._here: list[Session] = []
        self._elsewhere: list[CallRecord] = []

    def __iter__(self) -> Iterator[Session]:
        """Those that run here."""
        return iter([*self._here])

    @property
    def of_others(self) -> Sequence[str]:
        """Ids of those of a server that is gone."""
        return [record.session for record in self._elsewhere]

    def add(self, session: Session) -> None:
        """Keep one that runs here."""
        self._here = [one for one in self._here if not one.ending]
        self._here.append(session)

    def add_of_others(self, record: CallRecord) -> None:
        """Keep one of a server that is gone."""
        self._elsewhere.append(record)

    def take(self, identity: str) -> Session | None:
        """One that runs here and is about that person; None where there is none."""
        for session in self._here:
            if session.identity == identity and not session.ending:
                self._here.remove(session)
                return session
        return None

    def take_of_others(self, identity: str) -> CallRecord | None:
        """One of a server that is gone, likewise."""
        for record in self._elsewhere:
            if record.identity == identity:
                self._elsewhere.remove(record)
                return record
        return None
