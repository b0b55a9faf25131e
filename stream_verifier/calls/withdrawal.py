"""Brings what becomes of an identity to the calls that are about it, within a second."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stream_verifier.calls.ending import EndReason
from stream_verifier.calls.session import Session
from stream_verifier.errors import UnknownIdentityError
from stream_verifier.identities.store import Change, IdentityStore

_logger = logging.getLogger(__name__)


class Withdrawals:
    """Ends calls whose reference was deleted or replaced, also those that are being opened.

    Args:
        store: tells of its changes, whichever process made them.
        running: gives the sessions that run.
        on_renewed: told of a call for whose person another consent was recorded, or none any more.
    """

    def __init__(
        self,
        store: IdentityStore,
        running: Callable[[], Iterator[Session]],
        on_renewed: Callable[[Session], None],
    ) -> None:
        self._store = store
        self._running = running
        self._on_renewed = on_renewed
        # While calls are being opened: what changed meanwhile.
        self._opening = 0
        self._changed: set[str] = set()
        self.stop = store.watch(self._on_change)

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Remember what changes while a call is being opened inside."""
        self._opening += 1
        try:
            yield
        finally:
            self._opening -= 1
            if not self._opening:
                self._changed.clear()

    def refuse_if_changed(self, name: str) -> None:
        """Turn a call away whose identity changed while it was being opened.

        Raises:
            UnknownIdentityError: it was deleted or replaced, or its consent is another.
        """
        if self._store.lookup(name) in self._changed:
            raise UnknownIdentityError("That identity has just changed. Start a new call.")

    def _on_change(self, change: Change) -> None:
        if self._opening:
            self._changed.add(change.lookup)
        reason: EndReason = "identity_deleted" if change.what == "deleted" else "identity_replaced"
        for session in self._running():
            if self._store.lookup(session.identity) != change.lookup:
                continue
            if change.what != "renewed":
                _logger.info("session %s: %s", session.id, reason)
                session.withdraw(reason)
            elif not session.enrols:
                self._on_renewed(session)
