"""What the doctor finds out about keys, store, audit trail and what servers share.

Nothing is made by looking: neither a store nor a key, which would hide that one was lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import SecretStr

from stream_verifier.console.operator import with_store
from stream_verifier.errors import AuditError, FleetError, SettingsError, StoreError
from stream_verifier.settings import Settings

if TYPE_CHECKING:
    from stream_verifier.identities.sqlite import SqliteIdentityStore

T = TypeVar("T")
_ON_FIRST_RUN = "will be made on the first run"


def key(settings: Settings) -> str:
    """Which master keys there are."""
    from stream_verifier.identities.opening import is_set_up, open_keys

    path = settings.key_path
    if path is not None and not path.exists() and not is_set_up(settings):
        return _ON_FIRST_RUN
    ring = open_keys(settings)
    where = str(path) if path is not None else "a device" if settings.hsm_key else "the settings"
    older = f", {len(ring.ids) - 1} more are valid" if len(ring.ids) > 1 else ""
    return f"{ring.first.key_id} from {where}{older}"


def store(settings: Settings) -> str:
    """How many are enrolled, if none is refused; of a store that is not made yet, its server."""
    from stream_verifier.identities.database import database_file
    from stream_verifier.identities.opening import is_set_up

    if is_set_up(settings):
        enrolled, refused = _asked(settings, _counts)
        if refused:
            raise StoreError(
                f"{enrolled} enrolled; {refused} records are refused, as after a copy was put back:"
                " see which and what to do with  stream-verifier identities refused"
            )
        return f"{enrolled} enrolled"
    if database_file(settings.store_url) is None:
        asyncio.run(_connect(settings.store_url))
    return _ON_FIRST_RUN


def audit_trail(settings: Settings) -> str:
    """How many entries there are, if the key is the one that they were signed with."""
    from stream_verifier.identities.opening import is_set_up

    if not is_set_up(settings):
        return _ON_FIRST_RUN
    try:
        head = _asked(settings, lambda store: store.audit.head())
    except AuditError as error:
        if _audit_key_is_there(settings):
            raise
        raise SettingsError(
            f"The key file {settings.audit_key_path} is missing, which the audit trail is signed "
            "with, and nothing is done without an entry in that: put it back. If it is lost, begin "
            "another trail with  stream-verifier audit restart FILE"
        ) from error
    return f"{head.number} entries, signed with this key"


def fleet(settings: Settings) -> str:
    """Whether what servers share can be reached."""
    from stream_verifier.fleet.joining import try_out

    try:
        shared = asyncio.run(try_out(settings))
    except FleetError as error:
        raise SettingsError(
            f"Redis cannot be used ({error.__cause__}): start it, or correct "
            "STREAM_VERIFIER_REDIS_URL."
        ) from error
    return "Redis answers" if shared else "one server alone"


def _audit_key_is_there(settings: Settings) -> bool:
    return settings.audit_key is not None or settings.audit_key_path.exists()


def _asked(settings: Settings, ask: Callable[[SqliteIdentityStore], Coroutine[Any, Any, T]]) -> T:
    from stream_verifier.identities.keys import new_key

    if not _audit_key_is_there(settings):  # one for this moment, which signs nothing
        settings = settings.model_copy(update={"audit_key": SecretStr(new_key())})
    return with_store(settings, ask)


async def _counts(store: SqliteIdentityStore) -> tuple[int, int]:
    """How many are enrolled, and how many records are refused."""
    return (await store.page(limit=1)).enrolled, len(await store.restore().refused())


async def _connect(url: str) -> None:
    from stream_verifier.identities.database import open_engine, store_errors

    engine = open_engine(url)
    try:
        with store_errors(engine.url):
            async with engine.connect():
                pass
    finally:
        await engine.dispose()
