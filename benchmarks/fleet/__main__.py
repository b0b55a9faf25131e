"""Kills parts of a small fleet in the middle of calls, and counts what is lost.

    python -m benchmarks.fleet [--calls 9] [--out FILE.md]

Three workers, HAProxy with the shipped configuration, Redis with an append-only file and
PostgreSQL, all on this machine; real calls of a made-up person, who comes back as the SDK does; one
follower of the feed through the proxy, and a webhook. In turn: the fullest worker is killed
(SIGKILL), Redis is killed and comes back after 3 s, PostgreSQL likewise, and all workers are
restarted one after another (SIGTERM, draining). Needs Debian's redis-server, postgresql and
haproxy, and the extras "fleet" and "demo". Exit code 0 only if every call went on to its end,
follower and webhook got every event once, and the audit trail has the end of each call once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.fleet.caller import FleetCaller
from benchmarks.fleet.hook import SECRET, Hook, receiving
from benchmarks.fleet.people import WHO, enrol, make_folders, settings_of, write_media
from benchmarks.fleet.scenes import Run
from benchmarks.fleet.town import WorkerProcess, proxy
from benchmarks.fleet.watching import PATIENCE_S, Follower, faults, hook_faults, until
from benchmarks.postgres_server import postgres_server
from benchmarks.redis_server import redis_server
from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import Tokens
from stream_verifier.audit.chain import check
from stream_verifier.audit.seal import read_public_key
from stream_verifier.identities.keys import new_key, parse_key
from stream_verifier.identities.opening import open_store
from stream_verifier.settings import load_settings

_TRAIL_S = 15.0
HEADER = """# A fleet of which parts are killed

Made by `python -m benchmarks.fleet`: three workers, HAProxy with the shipped configuration, Redis
(`appendonly yes`) and PostgreSQL on one machine, real calls of a made-up person who comes back as
the SDK does, one follower of the feed, all through the proxy, and a webhook that all workers are
set to post to. *Away* is from the end of the old connection until the server said
`connection_resumed`; *verified* until it was so again, since trust begins anew. *Killed* is
`kill -9`; the fullest worker is, whether it posts to the webhook or not.
"""


async def trail_faults(folder: Path, database_url: str, callers: list[FleetCaller]) -> list[str]:
    """What the audit trail has not as it must be: that each call was stopped, once."""
    store = open_store(load_settings(data_dir=folder, database_url=database_url))
    lines = [line async for line in store.audit.export()]
    public_key = read_public_key(store.audit.public_pem().encode())
    await store.close()
    check(lines, public_key)
    entries = [json.loads(line) for line in lines[:-1]]
    ended = Counter(
        one["details"]["session"]
        for one in entries
        if one["kind"] == "call_ended" and one["details"]["reason"] == "stopped"
    )
    return [
        f"{one.session[:6]}: {ended[one.session]} entries of its end"
        for one in callers
        if ended[one.session] != 1
    ]


async def settled_trail_faults(
    folder: Path, database_url: str, callers: list[FleetCaller]
) -> list[str]:
    """What is still amiss once the workers have had time to write what they owe."""
    until_s = time.monotonic() + _TRAIL_S
    found = await trail_faults(folder, database_url, callers)
    while found and time.monotonic() < until_s:
        await asyncio.sleep(1)
        found = await trail_faults(folder, database_url, callers)
    return found


async def measure(
    options: argparse.Namespace, folder: Path
) -> tuple[list[tuple[str, str]], list[str]]:
    """All scenes; return their figures, and what is not as it must be."""
    media, key = folder / "call.webm", new_key()
    await write_media(media)
    make_folders(folder)
    tokens = Tokens(parse_key(key))
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(redis_server(folder / "redis"))
        postgres = stack.enter_context(postgres_server(durable=True))
        database_url = postgres.new_place()
        await enrol(folder / "data", database_url, media)
        hook = Hook()
        hook_url = await stack.enter_async_context(receiving(hook))
        shared = settings_of(folder / "data", redis, database_url, key)
        shared |= {"WEBHOOK_URL": hook_url, "WEBHOOK_SECRET": SECRET}
        workers = [WorkerProcess(shared, folder / f"worker{n}.log") for n in range(3)]
        for worker in workers:
            stack.push_async_callback(worker.stop, signal.SIGKILL)
            await worker.start()
        address = await stack.enter_async_context(proxy(folder, workers))
        follower = Follower(address, tokens.issue([Scope.READ], ttl_s=3600))
        following = asyncio.create_task(follower.run())
        url = address.replace("http", "ws", 1) + "/api/v1/call"
        token = tokens.issue([Scope.PUBLISH], ttl_s=3600)
        callers = [FleetCaller(url, media, WHO, token) for _ in range(options.calls)]
        tasks = [caller.begin() for caller in callers]
        if not await until(lambda: all(one.state == "verified" for one in callers)):
            raise RuntimeError("not all calls were verified at the start")
        run = Run(workers, redis, postgres, callers, lambda: FleetCaller(url, media, WHO, token))
        await run.scene("a worker is killed", run.kill_a_worker)
        await run.scene("Redis is killed", run.kill_redis)
        await run.scene("PostgreSQL is killed", run.kill_postgres)
        await run.scene("all workers are restarted in turn", run.restart_all)
        for caller in callers:
            await caller.stop()
        await asyncio.wait(tasks, timeout=PATIENCE_S)
        everybody = [*callers, *run.briefly]
        await until(lambda: not hook_faults(everybody, hook))
        following.cancel()
        run.wrong += faults(everybody, follower)
        run.wrong += [f"webhook: {one}" for one in hook_faults(everybody, hook)]
        run.wrong += await settled_trail_faults(folder / "data", database_url, everybody)
        run.rows.append(("events that the follower got", _followed(follower, len(everybody))))
        run.rows.append(("events that the webhook was posted", _posted(hook)))
        wrong = "; ".join(run.wrong) or "none"
        run.rows.append(("events and audit entries missing or doubled", wrong))
    return run.rows, run.wrong


def _followed(follower: Follower, calls: int) -> str:
    counted = sum(map(len, follower.events.values()))
    return (
        f"{counted} of {calls} calls; it connected anew {follower.reconnections} times; "
        f"told as lost: {follower.lost} times"
    )


def _posted(hook: Hook) -> str:
    counted = sum(map(len, hook.events.values()))
    return f"{counted}; {hook.again} came again under the same id; told as lost: {hook.lost} times"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--calls", type=int, default=9)
    parser.add_argument("--logs", type=Path, help="folder to keep the workers' logs in")
    parser.add_argument("--out", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fleet-") as name:
        folder = options.logs or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        rows, wrong = asyncio.run(measure(options, folder))
    load = f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    rows.append(("load of the machine at the end", load))
    lines = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
    verdict = "NOT AS IT MUST BE." if wrong else "All as it must be."
    text = f"{options.calls} calls.\n\n" + "\n".join(lines) + f"\n\n{verdict}"
    print(text)
    if options.out:
        options.out.write_text(f"{HEADER}\n{text}\n", encoding="utf-8")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
