"""Kills processes that change a store at random moments.

In each round a process adds, replaces, deletes and renews people of the one store in the folder as
fast as it can, says what it has done, and is killed (kill -9) a random time after a few changes.
One process forks them all. After each round the store is looked at; the first thing wrong ends it
with an error.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from pathlib import Path

from stream_verifier.audit.chain import check
from stream_verifier.audit.deed import Actor, Deed, Kind
from stream_verifier.audit.entry import Entry
from stream_verifier.audit.seal import Sealer
from stream_verifier.identities.sqlite import SqliteIdentityStore
from tests.support.forking import fork
from tests.support.places import is_on_server
from tests.support.stores import AUDIT_KEY, CONSENT, made_reference, query, store_at

ACTOR = Actor("0123456789abcdef", "admin", "192.0.2.0/24")
NAMES = ("ada", "grace", "linus")
MOST_BEFORE = 3
LONGEST_S = 0.06
"""About two changes on an idle machine."""


def main(folder: Path, rounds: int, seed: int) -> None:
    rng = random.Random(seed)
    path = folder / "identities.db"
    said = 0
    for number in range(rounds):
        after, later_s = rng.randint(0, MOST_BEFORE), rng.uniform(0, LONGEST_S)
        said += _killed(path, after=after, later_s=later_s, seed=seed * 1000 + number)
        _look(path, at_least=said)
    asyncio.run(_reopened(path))
    print(f"{rounds} killed, {said} changes told, {len(_entries(path))} entries")


def _killed(path: Path, *, after: int, later_s: float, seed: int) -> int:
    """Fork one, kill it after so many changes and seconds; return how many it said it had made."""
    reading, writing = os.pipe()
    child = fork()
    if child == 0:
        try:
            asyncio.run(_work(path, random.Random(seed), writing))
        finally:
            os._exit(1)
    os.close(writing)
    said = -1  # of the one byte that says it begins
    while said < after:
        heard = os.read(reading, 1)
        assert heard, "it ended by itself"
        said += 1
    time.sleep(later_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, status
    while content := os.read(reading, 65536):
        said += len(content)
    os.close(reading)
    return said


async def _work(path: Path, rng: random.Random, told: int) -> None:
    store = store_at(path)
    os.write(told, b"!")
    reference = made_reference()
    while True:
        name = rng.choice(NAMES)
        enrolled = {one.name for one in await store.list()}
        action = rng.choice(("delete", "renew", "replace", "call")) if name in enrolled else "add"
        match action:
            case "add":
                await store.add(name, reference, CONSENT, actor=ACTOR)
            case "replace":
                await store.add(name, reference, CONSENT, replace=True, actor=ACTOR)
            case "delete":
                await store.delete(name, actor=ACTOR)
            case "renew":
                await store.renew_consent(name, CONSENT, actor=ACTOR)
            case "call":
                await store.note_use(name, Deed(Kind.CALL_STARTED, ACTOR, name))
        os.write(told, b".")


def _look(path: Path, *, at_least: int) -> None:
    """The chain is whole, each change has its entry, and each entry its change."""
    entries = _entries(path)
    assert len(entries) >= at_least, (len(entries), at_least)
    live: dict[str, str] = {}
    renewed: dict[str, int] = {}
    used = set()
    for entry in entries:
        whom, details = str(entry.fields["whom"]), entry.fields["details"]
        identity = str(details.get("identity"))
        match entry.fields["kind"]:
            case Kind.ENROLLED | Kind.REPLACED | Kind.CONSENT_RENEWED:
                live[whom] = identity
                renewed[identity] = int(details["consent_version"] or 0)
            case Kind.DELETED:
                assert live.pop(whom) == identity
            case Kind.CALL_STARTED:
                used.add(live[whom])
    rows = query(path, "SELECT id FROM identities")
    assert {row[0] for row in rows} == {*live.values()}
    assert {row[0] for row in query(path, "SELECT id FROM identity_last_used")} == used & {
        *live.values()
    }


def _entries(path: Path) -> list[Entry]:
    if not _is_made(path):
        return []
    lines = [row[0] for row in query(path, "SELECT line FROM audit_entries ORDER BY number")]
    head = [row[0] for row in query(path, "SELECT line FROM audit_head")]
    check([*lines, *(head or [Sealer(AUDIT_KEY).empty().line])], Sealer(AUDIT_KEY).public_key)
    return [Entry.parse(line) for line in lines]


def _is_made(path: Path) -> bool:
    if is_on_server(path):
        return bool(query(path, "SELECT to_regclass('audit_head')")[0][0])
    sql = "SELECT 1 FROM sqlite_master WHERE name = 'audit_head'"
    return path.exists() and bool(query(path, sql))


async def _reopened(path: Path) -> None:
    """Whoever opens it afterwards goes on."""
    store: SqliteIdentityStore = store_at(path)
    for one in await store.list():
        await store.delete(one.name, actor=ACTOR)
    assert await store.restore().refused() == []
    await store.close()
    _look(path, at_least=0)
