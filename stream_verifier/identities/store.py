"""What the rest of the package knows of the place where references are kept."""

from __future__ import annotations

from typing import Protocol

from model.types import Reference
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.identity import Identity


class IdentityStore(Protocol):
    """Keeps references, encrypted, each under a name and with its consent.

    Every method may raise ``StoreError`` (the store cannot be used, the message says what to
    do), ``KeyMismatchError`` (it was written with another key) and, where it takes a name,
    ``IdentityError`` (no valid name). Safe to use from many tasks of one event loop.
    """

    async def add(
        self, name: str, reference: Reference, consent: Consent, *, replace: bool = False
    ) -> Identity:
        """Store a reference under a new name, or in place of an old one.

        Raises:
            ConsentError: ``consent`` is no consent record.
            IdentityExistsError: the name is taken and ``replace`` is false.
        """
        ...

    async def list(self) -> list[Identity]:
        """All identities, by name."""
        ...

    async def get(self, name: str) -> Identity:
        """One identity.

        Raises:
            UnknownIdentityError: no identity of that name is enrolled.
        """
        ...

    async def reference(self, name: str, *, model_id: str) -> Reference:
        """The stored reference, for the model in use.

        Raises:
            UnknownIdentityError: no identity of that name is enrolled.
            StaleReferenceError: it was made by another model.
        """
        ...

    async def delete(self, name: str) -> None:
        """Delete an identity with its reference and consent, beyond recovery.

        Raises:
            UnknownIdentityError: no identity of that name is enrolled.
        """
        ...

    async def close(self) -> None:
        """Give back connections and threads; harmless when called again."""
        ...
