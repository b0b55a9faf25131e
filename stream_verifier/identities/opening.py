"""Opens the identity store that the settings name."""

from __future__ import annotations

from datetime import timedelta

from stream_verifier.identities.keys import load_or_create_key, parse_key
from stream_verifier.identities.retention import Rules
from stream_verifier.identities.sqlite import SqliteIdentityStore
from stream_verifier.settings import Settings


def open_store(settings: Settings) -> SqliteIdentityStore:
    """Open the identity store with the key from the settings or from its file.

    Raises:
        SettingsError: the key or its file cannot be used.
        StoreError: the store cannot be opened.
    """
    key = (
        load_or_create_key(settings.key_path)
        if settings.key is None
        else parse_key(settings.key.get_secret_value())
    )
    audit_key = (
        load_or_create_key(settings.audit_key_path, what="audit key")
        if settings.audit_key is None
        else parse_key(settings.audit_key.get_secret_value(), what="audit key")
    )
    return SqliteIdentityStore(
        settings.store_url, key, ledger=settings.ledger_path, audit_key=audit_key
    )


def rules_of(settings: Settings) -> Rules:
    """How long what is kept, as the settings say."""
    return Rules(unused=_days(settings.unused_days), audit=_days(settings.audit_days))


def longest_consent(settings: Settings) -> timedelta | None:
    """How long a consent counts at most; None: until it is withdrawn."""
    return _days(settings.consent_days)


def _days(days: int) -> timedelta | None:
    return timedelta(days=days) if days else None
