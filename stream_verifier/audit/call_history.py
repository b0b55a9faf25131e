"""The calls that somebody had, out of the trail's entries on that person."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace

from stream_verifier.audit.deed import RESUMED, Kind
from stream_verifier.audit.entry import Entry
from stream_verifier.audit.trail import AuditTrail

MOST_CALLS = 200
_PAGE = 500
_MOVED = "moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCall:
    """One call about a person, without evidence.

    Attributes:
        session: its id.
        mode: "verify" or "enrol".
        started_at: when, ISO 8601.
        ended_at: likewise; None: it runs, or was cut off with the server.
        end_reason: why it ended.
        verdict: the last one; None of an enrolment, and where there was none.
        because: reasons of the verdict.
        seconds: of media.
        windows: that were compared.
    """

    session: str | None
    mode: str | None
    started_at: str
    ended_at: str | None = None
    end_reason: str | None = None
    verdict: str | None = None
    because: tuple[str, ...] = ()
    seconds: int | None = None
    windows: int | None = None


@dataclass(frozen=True, slots=True)
class CallHistory:
    """Some of a person's calls.

    Attributes:
        calls: newest first.
        next: what to give as ``before`` for those before them; None: there are none.
    """

    calls: tuple[PastCall, ...]
    next: int | None


async def calls_of(
    trail: AuditTrail, name: str, *, before: int | None = None, limit: int = MOST_CALLS
) -> CallHistory:
    """A person's calls, as long as their entries are kept; also of one who was deleted.

    One that went on at other servers is one call, with the end that it came to there.

    Args:
        trail: where they are written.
        name: as the person is, or was, enrolled.
        before: number of an entry; only calls that began before it. None: the newest.
        limit: so many at most; a page may be short before the last.

    Raises:
        StoreError: the trail cannot be read, or does not hold.
    """
    wanted = min(max(limit, 1), MOST_CALLS)
    begun = await trail.about(
        name, Kind.CALL_STARTED, before=before, limit=wanted + 1, newest_first=True
    )
    more, begun = len(begun) > wanted, begun[:wanted]
    firsts = [entry for entry in begun if entry.fields["actor"]["scope"] != RESUMED]
    ends = await _ends(trail, name, firsts)
    calls = tuple(_call(entry, ends.get(_text(entry, "session"))) for entry in firsts)
    return CallHistory(calls, begun[-1].number if more else None)


async def pages_of(trail: AuditTrail, name: str) -> AsyncIterator[CallHistory]:
    """All of a person's calls, page by page; there is one page at least.

    Raises:
        StoreError: as for `calls_of`.
    """
    page = await calls_of(trail, name)
    yield page
    while page.next is not None:
        page = await calls_of(trail, name, before=page.next)
        yield page


async def _ends(trail: AuditTrail, name: str, begun: Iterable[Entry]) -> dict[str | None, Entry]:
    """The ends of calls, each of which is behind its beginning."""
    open_sessions = {_text(entry, "session") for entry in begun}
    after = min((entry.number for entry in begun), default=0)
    found: dict[str | None, Entry] = {}
    while open_sessions:
        page = await trail.about(name, Kind.CALL_ENDED, after=after, limit=_PAGE)
        for entry in page:
            session = _text(entry, "session")
            # What a server says that others have taken the call from is not how it ended.
            if session in open_sessions and _text(entry, "reason") != _MOVED:
                open_sessions.discard(session)
                found[session] = entry
        if len(page) < _PAGE:
            break
        after = page[-1].number
    return found


def _call(begun: Entry, ended: Entry | None) -> PastCall:
    call = PastCall(session=_text(begun, "session"), mode=_text(begun, "mode"), started_at=begun.at)
    if ended is None:
        return call
    return replace(
        call,
        ended_at=ended.at,
        end_reason=_text(ended, "reason"),
        verdict=_text(ended, "verdict"),
        because=tuple((_text(ended, "because") or "").split()),
        seconds=_number(ended, "seconds"),
        windows=_number(ended, "windows"),
    )


def _text(entry: Entry, name: str) -> str | None:
    detail = entry.fields["details"].get(name)
    return detail if isinstance(detail, str) else None


def _number(entry: Entry, name: str) -> int | None:
    detail = entry.fields["details"].get(name)
    return detail if isinstance(detail, int) else None
