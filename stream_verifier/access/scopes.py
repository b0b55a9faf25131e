"""What a token may allow."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """One thing that a token allows; part of the wire contract."""

    PUBLISH = "call:publish"
    """Send a call's media to have it verified."""

    ENROL = "identity:enrol"
    """Send media to enrol a person."""

    UPLOAD = "identity:upload"
    """Enrol a person from files, which nobody was seen giving: for back ends, not for pages."""

    REPLACE = "identity:replace"
    """Enrol a person anew who is enrolled already; beside a scope to enrol."""

    READ = "events:read"
    """Follow what is said about calls."""

    EVIDENCE = "evidence:read"
    """See evidence in numbers, rounded; beside the scope to read, and not with one for calls."""

    ROOMS = "rooms:attach"
    """Attach rooms of other servers, and so have those in them verified: for back ends."""

    AUDIT = "audit:read"
    """Read the audit trail, which names nobody."""

    ADMIN = "admin"
    """Everything, and alone: identities, other people's calls, tokens."""


ALL_SCOPES = frozenset(Scope)
