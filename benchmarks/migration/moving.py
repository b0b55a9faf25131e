"""How long it takes to move a full store, and what whoever uses it meanwhile notices.

    python -m benchmarks.migration.moving [--people 10000] [--markdown docs/measurements/moving.md]

The command `stream-verifier identities migrate` runs in a process of its own; this one stands for
the server. Exit code 0 only if everybody was moved, each with an entry, and nothing failed.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.keys import CONSENT, Done, fill, made_reference, name_of, p95_ms, paced
from model.runtime.adapter import Adapters
from model.runtime.weights import Weights
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
    made = _whole(alone[1])
    began = time.monotonic()
    moving = asyncio.create_task(_migrate(folder))
    beside = await _busy(server, people, adapters, until=moving)
    took_s = time.monotonic() - began
    made += _whole(beside[1])
    # An enrolment, its replacement and its deletion are three entries.
    entries = (await server.audit.head()).number - before - 3 * made
    left = await server.moving(adapters).run(dry_run=True)
    await server.close()
    took = Took(people, took_s, alone, beside, _adapt_us(adapters, source), entries, True)
    whole = moving.result() == 0 and left.present == people and not left.left
    return replace(took, right=whole and entries == people and not took.failures)


async def _busy(
    store: SqliteIdentityStore, people: int, adapters: Adapters, *, until: asyncio.Task[Any]
) -> tuple[Done, Done]:
    look_ups, changes = Done(), Done()
    rng, drawn = np.random.default_rng(2), random.Random(2)
    rounds = itertools.count()

    async def look_up() -> None:
        name = name_of(drawn.randint(1, people))
        await store.reference(name, model_id=adapters.target, adapters=adapters)

    async def change() -> None:
        made = made_reference(rng, adapters.target)
        name = f"new {next(rounds)}"
        await store.add(name, made, CONSENT)
        await store.add(name, made, CONSENT, replace=True)
        await store.delete(name)

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


def _whole(changes: Done) -> int:
    return len(changes.took_s) - len(changes.failures)


def _adapt_us(adapters: Adapters, source: str) -> float:
    rng, adapter = np.random.default_rng(3), adapters.by_source[source]
    times = []
    for _ in range(_ADAPTED):
        reference = made_reference(rng, source)
        began = time.perf_counter()
        adapter.adapt(reference)
        times.append((time.perf_counter() - began) * 1e6)
    return median(times)


def page(took: Took, source: str, target: str) -> str:
    """What it took, as a page."""
    names = ("a look-up", "an enrolment, its replacement and its deletion")
    rows = [
        f"| {name} | {len(one.took_s)} | {p95_ms(one):.0f} ms | {len(other.took_s)} | "
        f"{p95_ms(other):.0f} ms |"
        for name, one, other in zip(names, took.alone, took.beside, strict=True)
    ]
    said = "none" if not took.failures else f"{len(took.failures)}: {took.failures[0]}"
    whole = "yes" if took.right else "**no**"
    return (
        "# Moving a full store to a new model while a server works\n\n"
        "Written by `python -m benchmarks.migration.moving`. `stream-verifier identities migrate` "
        f"moves {took.people} made-up people in SQLite from `{source}` to `{target}` while another "
        f"process looks somebody up each {LOOK_UP_EVERY_S * 1000:.0f} ms, moved or not, and "
        f"enrols, replaces and deletes somebody each {CHANGE_EVERY_S * 1000:.0f} ms, one after the "
        "other. Times hold whatever else the machine did.\n\n"
        "| | alone | p95 | beside the migration | p95 |\n|---|---|---|---|---|\n"
        + "\n".join(rows)
        + f"\n\n| | |\n|---|---|\n| the migration took | {took.took_s:.0f} s |\n"
        f"| entries of the audit trail about it | {took.entries} |\n"
        f"| actions that failed | {said} |\n"
        f"| everybody moved, each with an entry | {whole} |\n"
        f"| to move one reference as a call reads it | {took.adapt_us:.0f} µs |\n"
        f"| Python {platform.python_version()}, processors | {os.cpu_count()} |\n"
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.migration.moving")
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="where the store is made")
    parser.add_argument("--markdown", type=Path, help="file for the page")
    options = parser.parse_args(argv)
    adapters = Adapters.load(Weights.load())
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        took = asyncio.run(measure(Path(folder), options.people, adapters))
    text = page(took, next(iter(adapters.by_source)), adapters.target)
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    sys.exit(0 if took.right else 1)


if __name__ == "__main__":
    main()
