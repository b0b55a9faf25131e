"""Opens the identity store that the settings name."""

from __future__ import annotations

from stream_verifier.identities.keys import load_or_create_key, parse_key
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
    return SqliteIdentityStore(settings.store_url, key, ledger=settings.ledger_path)
