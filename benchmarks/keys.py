"""Changes the master key of a full store while people are enrolled, looked up and deleted.

    python -m benchmarks.keys [--people 10000] [--markdown docs/measurements/keys.md]

The command `stream-verifier keys rotate` runs in a process of its own; this process stands for the
server, started before the new key was made. What it does is paced alike before and meanwhile.
Exit code 0 only if nothing failed and the old key opens nothing afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import itertools
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import create_engine, insert, select

from model.types import Reference, Vector
from stream_verifier.errors import KeyMismatchError, StreamVerifierError
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.keyring import KeyRing
from stream_verifier.identities.keys import load_or_create_key, load_or_create_keys
from stream_verifier.identities.ledger import Ledger
from stream_verifier.identities.ledger_file import LedgerFile
from stream_verifier.identities.master import LocalKey
from stream_verifier.identities.opening import open_keys, open_store
from stream_verifier.identities.record import seal
from stream_verifier.identities.shards import Shards
from stream_verifier.identities.sqlite import SqliteIdentityStore
from stream_verifier.identities.tables import identities
from stream_verifier.identities.vault import Vault
from stream_verifier.settings import Settings, load_settings

LOOK_UP_EVERY_S, CHANGE_EVERY_S, ALONE_S = 0.05, 0.5, 15.0
_MODEL = "made-up"
CONSENT = Consent("somebody", datetime(2026, 1, 2, tzinfo=UTC), "a benchmark", "I agree.")


@dataclass(slots=True)
class Done:
    """What a kind of action took, in seconds, and what it failed with."""

    took_s: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--markdown", type=Path, help="file for the table")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        text, right = asyncio.run(measure(Path(folder), options.people))
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    sys.exit(0 if right else 1)


async def measure(folder: Path, people: int) -> tuple[str, bool]:
    """Fill a store, change its key, and tell how it went, and whether all was right."""
    settings = load_settings(data_dir=folder)
    await fill(settings, people)
    (old,) = load_or_create_keys(folder / "store.key")
    wrapped = await asyncio.to_thread(_wrapped_keys, settings)
    server = open_store(settings)
    await server.list()
    alone = await _busy(server, people, until=asyncio.create_task(asyncio.sleep(ALONE_S)))
    began = time.monotonic()
    rotating = asyncio.create_task(_rotate(folder))
    beside = await _busy(server, people, until=rotating)
    took_s = time.monotonic() - began
    backup = folder / "all.backup"
    began = time.monotonic()
    written = await server.backup().write(backup)
    backup_s = time.monotonic() - began
    await server.close()
    useless = await _is_useless(settings, LocalKey(old), wrapped)
    failures = [failure for done in (*alone, *beside) for failure in done.failures]
    size_mib = backup.stat().st_size / 2**20
    text = _page(people, alone, beside, took_s, (written, backup_s, size_mib), failures, useless)
    return text, not failures and useless and rotating.result() == 0


async def fill(settings: Settings, people: int, *, model_id: str = _MODEL) -> None:
    """Write the rows as a store would, but the ledger once and not with each of them."""
    store = open_store(settings)
    await store.list()
    await store.close()
    vault = Vault(open_keys(settings))
    place = LedgerFile(settings.ledger_path, vault)
    place.read()
    rng = np.random.default_rng(1)
    records = [
        seal(vault, _identity(number, model_id), made_reference(rng, model_id))
        for number in range(1, people + 1)
    ]
    engine = create_engine(f"sqlite:///{settings.data_dir / 'identities.db'}")
    with engine.begin() as connection:
        connection.execute(insert(identities), [one.columns() for one in records])
    engine.dispose()
    live = {one.name_lookup.hex(): one.entry for one in records}
    place.write(Ledger(counter=people, live=Shards.of(live)))


def _identity(number: int, model_id: str) -> Identity:
    return Identity(
        id=hashlib.blake2b(name_of(number).encode(), digest_size=16).hexdigest(),
        name=name_of(number),
        created_at=datetime.now(UTC),
        consent=CONSENT,
        model_id=model_id,
        face_count=5,
        speech_s=12.0,
        version=number,
    )


def name_of(number: int) -> str:
    """Of a made-up person."""
    return f"person {number}"


def made_reference(rng: np.random.Generator, model_id: str = _MODEL) -> Reference:
    """Vectors of nobody."""
    return Reference(model_id, _unit(rng, 128), _unit(rng, 192), face_count=5, speech_s=12.0)


def _unit(rng: np.random.Generator, size: int) -> Vector:
    vector = rng.standard_normal(size).astype(np.float32)
    unit: Vector = vector / np.linalg.norm(vector)
    return unit


async def _busy(
    store: SqliteIdentityStore, people: int, *, until: asyncio.Task[Any]
) -> tuple[Done, Done]:
    """Look people up and change who is enrolled until something is over."""
    look_ups, changes = Done(), Done()
    rng, drawn = np.random.default_rng(2), random.Random(2)
    rounds = itertools.count()

    async def look_up() -> None:
        await store.reference(name_of(drawn.randint(1, people)), model_id=_MODEL)

    async def change() -> None:
        name = f"new {next(rounds)}"
        await store.add(name, made_reference(rng), CONSENT)
        await store.add(name, made_reference(rng), CONSENT, replace=True)
        await store.delete(name)

    await asyncio.gather(
        paced(look_up, LOOK_UP_EVERY_S, look_ups, until),
        paced(change, CHANGE_EVERY_S, changes, until),
    )
    return look_ups, changes


async def paced(
    action: Callable[[], Coroutine[Any, Any, None]],
    every_s: float,
    done: Done,
    until: asyncio.Task[Any],
) -> None:
    """Do something over and over until something is over, and note what it took."""
    while not until.done():
        began = time.monotonic()
        try:
            await action()
        except StreamVerifierError as error:
            done.failures.append(f"{type(error).__name__}: {error}")
        done.took_s.append(time.monotonic() - began)
        await asyncio.sleep(max(0.0, every_s - done.took_s[-1]))


async def _rotate(folder: Path) -> int:
    command = [sys.executable, "-m", "stream_verifier", "keys", "rotate"]
    environment = {**os.environ, "STREAM_VERIFIER_DATA_DIR": str(folder)}
    for name in ("STREAM_VERIFIER_KEY", "STREAM_VERIFIER_KEY_FILE", "STREAM_VERIFIER_OLD_KEYS"):
        environment.pop(name, None)
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    return await process.wait()


def _wrapped_keys(settings: Settings) -> list[bytes]:
    engine = create_engine(f"sqlite:///{settings.data_dir / 'identities.db'}")
    with engine.connect() as connection:
        found = list(connection.scalars(select(identities.c.wrapped_key)))
    engine.dispose()
    return found


async def _is_useless(settings: Settings, old: LocalKey, wrapped: Sequence[bytes]) -> bool:
    """Whether the old key opens nothing, and nothing that it wrapped lies in any file."""
    audit_key = load_or_create_key(settings.audit_key_path, what="audit key")
    store = SqliteIdentityStore(
        settings.store_url, KeyRing([old]), ledger=settings.ledger_path, audit_key=audit_key
    )
    try:
        await store.list()
    except KeyMismatchError:
        pass
    else:
        return False
    finally:
        await store.close()
    found = await asyncio.to_thread(_wrapped_keys, settings)
    if set(found) & set(wrapped):
        return False
    content = await asyncio.to_thread((settings.data_dir / "identities.db").read_bytes)
    return not any(one[:16] in content for one in wrapped[:: max(1, len(wrapped) // 500)])


def _page(
    people: int,
    alone: tuple[Done, Done],
    beside: tuple[Done, Done],
    took_s: float,
    backup: tuple[int, float, float],
    failures: Sequence[str],
    useless: bool,
) -> str:
    names = ("a look-up", "an enrolment, its replacement and its deletion")
    rows = [
        f"| {name} | {len(one.took_s)} | {p95_ms(one):.0f} ms | {len(other.took_s)} | "
        f"{p95_ms(other):.0f} ms |"
        for name, one, other in zip(names, alone, beside, strict=True)
    ]
    written, backup_s, size_mib = backup
    said = "none" if not failures else f"{len(failures)}: {failures[0]}"
    return (
        "# Another master key, and a backup, while a server works\n\n"
        "Written by `python -m benchmarks.keys`. `stream-verifier keys rotate` changes the key of "
        f"a store of {people} made-up people in SQLite while another process, which was started "
        f"before the new key was made, looks somebody up each {LOOK_UP_EVERY_S * 1000:.0f} ms "
        f"and enrols, replaces and deletes somebody each {CHANGE_EVERY_S * 1000:.0f} ms, one "
        "after the other. Times hold whatever else the machine did.\n\n"
        "| | alone | p95 | beside the rotation | p95 |\n|---|---|---|---|---|\n"
        + "\n".join(rows)
        + f"\n\n| | |\n|---|---|\n| the rotation took | {took_s:.1f} s |\n"
        f"| actions that failed | {said} |\n"
        f"| the old key opens nothing afterwards | {'yes' if useless else '**no**'} |\n"
        f"| a backup of {written} records took | {backup_s:.1f} s, {size_mib:.1f} MiB |\n"
        f"| Python {platform.python_version()}, processors | {os.cpu_count()} |\n"
    )


def p95_ms(done: Done) -> float:
    """95th percentile of what it took."""
    return float(np.quantile(done.took_s, 0.95)) * 1000


if __name__ == "__main__":
    main()
