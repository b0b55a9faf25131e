"""What a full identity store costs: pages of the list, an enrolment, a deletion, and the start.

    python -m benchmarks.identities [--people 1000 100000] [--markdown FILE.md]

Each store is of made-up people in a SQLite file. Pages are asked for over HTTP of the application
itself, with all that a request passes; an enrolment and a deletion are those of the store. Exit
code 0 only if a page takes less than 50 ms (95th percentile) at any size, and each person was
listed just once.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.keys import CONSENT, fill, made_reference
from stream_verifier.app import create_app
from stream_verifier.audit.deed import UNKNOWN, Deed, Kind
from stream_verifier.identities.opening import open_store
from stream_verifier.identities.sqlite import SqliteIdentityStore
from stream_verifier.settings import load_settings

LIMIT, PAGES, CHANGES, CALLS, STARTS = 100, 200, 12, 50, 5
MOST_MS = 50.0
_QUERIES = {
    "a page of 100": "",
    "a page of 100, searched by the first digit of the id": "&search=a",
    "one by the whole name": "&search=person%207",
    "a page filtered by consent, of which there is none": "&consent=withdrawn",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """What one store took: 95th percentiles but where said, in milliseconds.

    Attributes:
        people: enrolled.
        pages_ms: by what was asked for.
        enrol_ms: to enrol one more.
        delete_ms: to delete that one again.
        call_ms: what a call asks of the store before it begins, and has written.
        start_ms: until a new process's first look at one person is answered, median.
        listed: names listed from the first page to the last, and how many of them twice.
        whole_s: what that took.
    """

    people: int
    pages_ms: dict[str, float]
    enrol_ms: float
    delete_ms: float
    call_ms: tuple[float, float]
    start_ms: float
    listed: tuple[int, int]
    whole_s: float

    @property
    def right(self) -> bool:
        """Whether all was as it should be."""
        return max(self.pages_ms.values()) < MOST_MS and self.listed == (self.people, 0)


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[1000, 100_000])
    parser.add_argument("--markdown", type=Path, help="file for the table")
    options = parser.parse_args(argv)
    found = []
    for people in options.people:
        with tempfile.TemporaryDirectory() as folder:
            found.append(asyncio.run(measure(Path(folder), people)))
    text = page(found)
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    sys.exit(0 if all(one.right for one in found) else 1)


async def measure(folder: Path, people: int) -> Measured:
    """Fill a store, and take the times."""
    settings = load_settings(data_dir=folder, measure_capacity=False, max_calls=1)
    await fill(settings, people)
    start_ms = float(np.median([await _start(folder) for _ in range(STARTS)]))
    app = create_app(settings)
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as client,
    ):
        pages_ms = {what: await _pages(client, query) for what, query in _QUERIES.items()}
        began = time.monotonic()
        listed = await _all(client)
        whole_s = time.monotonic() - began
    store = open_store(settings)
    await store.page(limit=1)
    rng = np.random.default_rng(3)
    changes = range(CHANGES)
    enrol = [await _ms(store.add(f"new {n}", made_reference(rng), CONSENT)) for n in changes]
    delete = [await _ms(store.delete(f"new {n}")) for n in changes]
    model_id = (await store.get("person 7")).model_id
    calls = [await _ms(_begin(store, f"person {n}", model_id)) for n in range(1, CALLS + 1)]
    await store.close()
    return Measured(
        people=people,
        pages_ms=pages_ms,
        enrol_ms=_p95(enrol),
        delete_ms=_p95(delete),
        call_ms=(float(np.median(calls)), _p95(calls)),
        start_ms=start_ms,
        listed=listed,
        whole_s=whole_s,
    )


async def _begin(store: SqliteIdentityStore, name: str, model_id: str) -> None:
    """What the store does for a call that begins."""
    await store.get(name)
    await store.reference(name, model_id=model_id)
    await store.note_use(name, Deed(Kind.CALL_STARTED, UNKNOWN, name))


async def _start(folder: Path) -> float:
    settings = load_settings(data_dir=folder)
    store = open_store(settings)
    took = await _ms(store.get("person 7"))
    await store.close()
    return took


async def _pages(client: httpx.AsyncClient, query: str) -> float:
    """Pages one after the other, again from the beginning at the end."""
    took, cursor = [], ""
    for _ in range(PAGES):
        began = time.monotonic()
        answer = await client.get(f"/api/v1/identities?limit={LIMIT}{query}{cursor}")
        took.append((time.monotonic() - began) * 1000)
        following = answer.raise_for_status().json()["next"]
        cursor = "" if following is None else f"&cursor={following}"
    return _p95(took)


async def _all(client: httpx.AsyncClient) -> tuple[int, int]:
    names: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = f"&cursor={cursor}" if cursor else ""
        answer: Any = (await client.get(f"/api/v1/identities?limit=200{query}")).json()
        names += [one["name"] for one in answer["identities"]]
        cursor = answer["next"]
    return len(set(names)), len(names) - len(set(names))


async def _ms(work: Awaitable[object]) -> float:
    began = time.monotonic()
    await work
    return (time.monotonic() - began) * 1000


def _p95(took: Sequence[float]) -> float:
    return float(np.quantile(took, 0.95))


def _told(what: str, one: Measured) -> str:
    return f"{one.pages_ms[what]:.0f} ms"


def page(found: Sequence[Measured]) -> str:
    """The page of the docs."""
    rows: dict[str, Callable[[Measured], str]] = {
        **{what: partial(_told, what) for what in _QUERIES},
        "to enrol one more": lambda one: f"{one.enrol_ms:.0f} ms",
        "to delete one": lambda one: f"{one.delete_ms:.0f} ms",
        "to begin a call: consent, reference, entry (median, 95th percentile)": lambda one: (
            "{:.0f}, {:.0f} ms".format(*one.call_ms)
        ),
        "the first answer after a start (median)": lambda one: f"{one.start_ms:.0f} ms",
        "all of them, page by page (once)": lambda one: f"{one.whole_s:.1f} s",
        "listed, and of these twice": lambda one: f"{one.listed[0]}, {one.listed[1]}",
    }
    head = "".join(f" | {one.people} people" for one in found)
    lines = [f"| {what} | " + " | ".join(map(tell, found)) + " |" for what, tell in rows.items()]
    return (
        "# A full identity store\n\n"
        "Written by `python -m benchmarks.identities`: stores of made-up people in SQLite files. "
        f"Pages are asked for {PAGES} times over HTTP within one process, one after the other; "
        f"{CHANGES} people are enrolled and deleted, and {CALLS} calls begun. 95th percentiles "
        "but where said; times hold whatever else the machine did. "
        f"A page has to take less than {MOST_MS:.0f} ms.\n\n"
        f"|{head} |\n|---|{'---|' * len(found)}\n" + "\n".join(lines) + "\n\n"
        f"Python {platform.python_version()}, {os.cpu_count()} processors.\n"
    )


if __name__ == "__main__":
    main()
