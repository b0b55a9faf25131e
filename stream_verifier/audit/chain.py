"""Checks a whole trail: nothing edited, cut out, put elsewhere, doubled or missing; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from stream_verifier.audit.deed import Kind
from stream_verifier.audit.entry import NO_HASH, Entry
from stream_verifier.audit.seal import Head
from stream_verifier.errors import AuditError


@dataclass(frozen=True, slots=True)
class Checked:
    """What a whole trail holds.

    Attributes:
        first: number of its first entry; higher than 1 after the time of older ones was over.
        head: its signed end. Keep number and hash: no later export ends before it.
        restarts: numbers of the entries at which somebody went on with a changed trail.
    """

    first: int
    head: Head
    restarts: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """Entries in it."""
        return self.head.number - self.first + 1


def check(
    lines: Iterable[str], key: Ed25519PublicKey, *, at_least: int = 0, known: str | None = None
) -> Checked:
    """Check an exported trail: an entry a line, the signed head last.

    Args:
        lines: without their ends; read one after the other, so that none need be in memory.
        key: that must have signed the head.
        at_least: number of the newest head that was seen before.
        known: the hash of that head.

    Raises:
        AuditError: anything was changed; the message says where.
    """
    walk = _Walk(watched=at_least)
    waiting: str | None = None
    for line in lines:
        if waiting is not None:
            walk.take(waiting)
        waiting = line
    head = _head(waiting, key)
    walk.close(head)
    if head.number < at_least:
        raise AuditError(
            f"The trail ends at {head.number} and was seen to reach {at_least}: newer entries "
            "were cut off, or this is an older copy."
        )
    if known is not None and walk.watched_hash not in (None, known):
        raise AuditError(f"Entry {at_least} has another hash than was seen before.")
    return Checked(walk.first or head.number + 1, head, tuple(walk.restarts))


def _head(line: str | None, key: Ed25519PublicKey) -> Head:
    try:
        head = Head.parse(line or "")
        head.check(key)
    except AuditError as error:
        raise AuditError(f"The trail does not hold: {error}.") from error
    return head


class _Walk:
    """Goes along the chain, one entry after the other."""

    def __init__(self, *, watched: int) -> None:
        self.first: int | None = None
        self.restarts: list[int] = []
        self.watched_hash: str | None = NO_HASH if watched == 0 else None
        self._watched = watched
        self._before_first = NO_HASH
        self._last: Entry | None = None
        self._checkpoint: tuple[object, object] | None = None

    def take(self, line: str) -> None:
        """The next entry.

        Raises:
            AuditError: it does not follow.
        """
        try:
            entry = Entry.parse(line)
        except AuditError as error:
            raise AuditError(f"The line after {self._place()} does not hold: {error}.") from error
        if self._last is None:
            self.first, self._before_first = entry.number, entry.previous
        elif (entry.number, entry.previous) != (self._last.number + 1, self._last.hash):
            raise AuditError(
                f"Entry {entry.number} does not follow on {self._place()}: entries were cut out, "
                "doubled or put elsewhere."
            )
        details = entry.fields["details"]
        if entry.fields["kind"] in (Kind.CHECKPOINT, Kind.TRAIL_RESTARTED):
            self._checkpoint = details.get("up_to"), details.get("hash")
        if entry.fields["kind"] == Kind.TRAIL_RESTARTED:
            self.restarts.append(entry.number)
        if entry.number == self._watched:
            self.watched_hash = entry.hash
        self._last = entry

    def close(self, head: Head) -> None:
        """The end.

        Raises:
            AuditError: the head is another trail's, or the beginning is missing.
        """
        if self._last is None:
            whole = (head.number, head.hash) == (0, NO_HASH)
        else:
            whole = (head.number, head.hash) == (self._last.number, self._last.hash)
        if not whole:
            raise AuditError(
                f"The trail ends with {self._place()}, and its signed head with entry "
                f"{head.number}: entries were cut off or changed."
            )
        if self.first is None:
            return
        begun = (0, NO_HASH) if self._checkpoint is None else self._checkpoint
        if (self.first - 1, self._before_first) != begun:
            raise AuditError(
                f"The trail begins with entry {self.first}, and no checkpoint says so: its "
                "beginning was cut off."
            )

    def _place(self) -> str:
        return "the beginning" if self._last is None else f"entry {self._last.number}"
