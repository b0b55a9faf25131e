"""How long it takes to move a full store, and what whoever uses it meanwhile notices."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.keys import CONSENT, Done, fill, made_reference, name_of, p95_ms, paced
from model.runtime.adapter import Adapters
from stream_verifier.identities.opening import open_store
from stream_verifier.identities.sqlite import SqliteIdentityStore
from stream_verifier.settings import load_settings

LOOK_UP_EVERY_S, CHANGE_EVERY_S, ALONE_S = 0.05, 0.5, 15.0
_ADAPTED = 500


@dataclass(frozen=True)
class Took:
    """What a migration of a full store took.

    Attributes:
        people: made-up people in the store.
        took_s: seconds that the command took.
        alone, beside: look-ups, and enrolments with their replacement and deletion, before and
            during it.
        adapt_us: microseconds that moving one reference takes, as a call of an unmoved person does.
        entries: of the audit trail that tell of a moved reference.
        right: whether the command was content, nothing failed and all was moved.
    """

    people: int
    took_s: float
    alone: tuple[Done, Done]
    beside: tuple[Done, Done]
    adapt_us: float
    entries: int
    right: bool

    @property
    def failures(self) -> list[str]:
        """What failed."""
        return [one for done in (*self.alone, *self.beside) for one in done.failures]


async def measure(folder: Path, people: int, adapters: Adapters) -> Took:
    """Fill a store with references of an older model, and move them beside a busy server."""
    source = next(iter(adapters.by_source))
    settings = load_settings(data_dir=folder)
    await fill(settings, people, model_id=source)
    server = open_store(settings)
    await server.list()
    before = (await server.audit.head()).number
    waiting = asyncio.create_task(asyncio.sleep(ALONE_S))
    alone = await _busy(server, people, adapters, until=waiting)
    changes = sum(len(done.took_s) for done in alone[1:])
    began = time.monotonic()
    moving = asyncio.create_task(_migrate(folder))
    beside = await _busy(server, people, adapters, until=moving)
    took_s = time.monotonic() - began
    changes += sum(len(done.took_s) for done in beside[1:])
    # An enrolment, its replacement and its deletion are three entries.
    entries = (await server.audit.head()).number - before - 3 * changes
    left = await server.moving(adapters).run(dry_run=True)
    await server.close()
    took = Took(people, took_s, alone, beside, _adapt_us(adapters, source), entries, True)
    whole = moving.result() == 0 and left.present == people and not left.left
    return Took(**{**_fields(took), "right": whole and entries == people and not took.failures})


def _fields(took: Took) -> dict[str, Any]:
    return {name: getattr(took, name) for name in took.__dataclass_fields__}


async def _busy(
    store: SqliteIdentityStore, people: int, adapters: Adapters, *, until: asyncio.Task[Any]
) -> tuple[Done, Done]:
    look_ups, changes = Done(), Done()
    rng, drawn = np.random.default_rng(2), random.Random(2)

    async def look_up() -> None:
        name = name_of(drawn.randint(1, people))
        await store.reference(name, model_id=adapters.target, adapters=adapters)

    async def change() -> None:
        made = made_reference(rng, adapters.target)
        await store.add("somebody new", made, CONSENT)
        await store.add("somebody new", made, CONSENT, replace=True)
        await store.delete("somebody new")

    await asyncio.gather(
        paced(look_up, LOOK_UP_EVERY_S, look_ups, until),
        paced(change, CHANGE_EVERY_S, changes, until),
    )
    return look_ups, changes


async def _migrate(folder: Path) -> int:
    command = [sys.executable, "-m", "stream_verifier", "identities", "migrate"]
    environment = {**os.environ, "STREAM_VERIFIER_DATA_DIR": str(folder)}
    for name in ("STREAM_VERIFIER_KEY", "STREAM_VERIFIER_KEY_FILE", "STREAM_VERIFIER_OLD_KEYS"):
        environment.pop(name, None)
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    return await process.wait()


def _adapt_us(adapters: Adapters, source: str) -> float:
    rng, adapter = np.random.default_rng(3), adapters.by_source[source]
    times = []
    for _ in range(_ADAPTED):
        reference = made_reference(rng, source)
        began = time.perf_counter()
        adapter.adapt(reference)
        times.append((time.perf_counter() - began) * 1e6)
    return median(times)


def rows(took: Took) -> list[str]:
    """Lines of the page's tables."""
    names = ("a look-up", "an enrolment, its replacement and its deletion")
    each = [
        f"| {name} | {len(one.took_s)} | {p95_ms(one):.0f} ms | {len(other.took_s)} | "
        f"{p95_ms(other):.0f} ms |"
        for name, one, other in zip(names, took.alone, took.beside, strict=True)
    ]
    said = "none" if not took.failures else f"{len(took.failures)}: {took.failures[0]}"
    return [
        "| | alone | p95 | beside the migration | p95 |",
        "|---|---|---|---|---|",
        *each,
        "",
        "| | |",
        "|---|---|",
        f"| the migration of {took.people} took | {took.took_s:.0f} s |",
        f"| entries of the audit trail about it | {took.entries} |",
        f"| actions that failed | {said} |",
        f"| to move one reference as a call reads it | {took.adapt_us:.0f} µs |",
    ]
