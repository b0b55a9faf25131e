"""Opens the identity store that the settings name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from stream_verifier.errors import SettingsError
from stream_verifier.identities.database import database_file
from stream_verifier.identities.keyring import KeyRing
from stream_verifier.identities.keys import load_or_create_key, load_or_create_keys, parse_key
from stream_verifier.identities.master import LocalKey, MasterKey
from stream_verifier.identities.retention import Rules
from stream_verifier.identities.sqlite import SqliteIdentityStore
from stream_verifier.settings import Settings


def open_store(settings: Settings) -> SqliteIdentityStore:
    """Open the identity store with the keys from the settings, a device or a file.

    Raises:
        SettingsError: the key or its file cannot be used.
        StoreError: the store cannot be opened.
    """
    keys = open_keys(settings)
    audit_key = (
        load_or_create_key(settings.audit_key_path, what="audit key")
        if settings.audit_key is None
        else parse_key(settings.audit_key.get_secret_value(), what="audit key")
    )
    return SqliteIdentityStore(
        settings.store_url, keys, ledger=settings.ledger_path, audit_key=audit_key
    )


def open_keys(settings: Settings) -> KeyRing:
    """All master keys, the one to use first: a device's, else the setting's, else the file's.

    Raises:
        SettingsError: one of them cannot be used.
    """
    in_device = _from_device(settings)
    own = [] if settings.key is None else [_from_text(settings.key)]
    old = [_from_text(one) for one in settings.old_keys]

    def read() -> list[MasterKey]:
        path = settings.key_path
        in_file = [] if path is None else _in_file(path, settings, alone=not (in_device or own))
        first = [in_device[settings.hsm_key]] if settings.hsm_key is not None else []
        return _unique([*first, *own, *in_file, *in_device.values(), *old])

    return KeyRing(read(), reload=None if settings.key_path is None else read)


def is_set_up(settings: Settings) -> bool:
    """Whether there is a store here, as far as files tell: its ledger, or its own file."""
    file = database_file(settings.store_url)
    return settings.ledger_path.exists() or (file is not None and file.exists())


def _in_file(path: Path, settings: Settings, *, alone: bool) -> list[MasterKey]:
    """The keys of a file, which is made for a new store that has no other key."""
    if not path.exists():
        if not alone:
            return []
        if is_set_up(settings):
            raise SettingsError(
                f"The key file {path} is missing, without which nothing in the store can be read: "
                "put it back. If it is lost, so are the references: move the store and its ledger "
                "away and enrol again."
            )
    return [LocalKey(key) for key in load_or_create_keys(path)]


def _from_device(settings: Settings) -> dict[str, MasterKey]:
    labels = [*filter(None, [settings.hsm_key]), *settings.hsm_old_keys]
    module, token, pin = settings.hsm_module, settings.hsm_token, settings.hsm_pin
    if not labels or module is None or token is None or pin is None:
        return {}
    from stream_verifier.identities.hsm import Device  # only here is its library needed

    device = Device(module, token=token, pin=pin.get_secret_value())
    return {label: device.key(label) for label in labels}


def _from_text(setting: SecretStr) -> LocalKey:
    return LocalKey(parse_key(setting.get_secret_value()))


def _unique(keys: list[MasterKey]) -> list[MasterKey]:
    found: dict[str, MasterKey] = {}
    for one in keys:
        found.setdefault(one.key_id, one)
    return list(found.values())


def rules_of(settings: Settings) -> Rules:
    """How long what is kept, as the settings say."""
    return Rules(
        unused=_days(settings.unused_days),
        audit=_days(settings.audit_days),
        events=timedelta(hours=settings.keep_events_hours),
    )


def longest_consent(settings: Settings) -> timedelta | None:
    """How long a consent counts at most; None: until it is withdrawn."""
    return _days(settings.consent_days)


def _days(days: int) -> timedelta | None:
    return timedelta(days=days) if days else None
