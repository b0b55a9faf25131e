"""How often each kind of thing was told, over all calls of this worker."""

from __future__ import annotations

from collections import Counter

from stream_verifier.events.event import Event
from stream_verifier.events.schema import (
    ConnectionLost,
    Enrolled,
    ErrorRaised,
    SessionEnded,
    SessionStarted,
    StateChanged,
)


class Tally:
    """Counts since the start; of fixed sets, so that neither calls nor people make more of them.

    Attributes:
        begun: sessions, by their mode.
        ended: likewise, by why.
        states: changes of a call's state, by what it became.
        errors: that ended a session or kept an enrolment from being stored, by code.
        enrolled: people whose reference was stored by a call.
        connections_lost: times that a call's connection was lost.
    """

    def __init__(self) -> None:
        self.begun: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self.states: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.enrolled = 0
        self.connections_lost = 0

    def take(self, event: Event) -> None:
        """Count an event."""
        match event.payload:
            case StateChanged(state=state, previous=previous) if state is not previous:
                self.states[state] += 1
            case SessionStarted(mode=mode):
                self.begun[mode] += 1
            case SessionEnded(reason=reason):
                self.ended[reason] += 1
            case ErrorRaised(code=code):
                self.errors[code] += 1
            case ConnectionLost():
                self.connections_lost += 1
            case Enrolled():
                self.enrolled += 1
