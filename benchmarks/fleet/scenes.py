"""What happens to the fleet, one thing after another, and what its calls saw of it."""

from __future__ import annotations

import asyncio
import signal
import statistics
import time
from collections.abc import Awaitable, Callable

import httpx

from benchmarks.fleet.caller import Absence, FleetCaller
from benchmarks.fleet.town import WorkerProcess
from benchmarks.fleet.watching import until
from benchmarks.postgres_server import PostgresServer
from benchmarks.redis_server import RedisServer

_AWAY_S = 3.0
_DATABASE_AWAY_S = 8.0
_SETTLE_S = 8.0
_VERIFIED_WITHIN_S = 30.0
"""The workers and those who call share the machine: where it has no time, windows come late."""


class Run:
    """One run of all scenes.

    Attributes:
        rows: figures of each scene.
        briefly: callers that were there for one scene only.
        wrong: what is not as it must be.
    """

    def __init__(
        self,
        workers: list[WorkerProcess],
        redis: RedisServer,
        postgres: PostgresServer,
        callers: list[FleetCaller],
        new_caller: Callable[[], FleetCaller],
    ) -> None:
        self.rows: list[tuple[str, str]] = []
        self.briefly: list[FleetCaller] = []
        self.wrong: list[str] = []
        self._workers, self._redis, self._postgres = workers, redis, postgres
        self._callers, self._new_caller = callers, new_caller

    async def scene(self, name: str, act: Callable[[], Awaitable[str]]) -> None:
        """Let something happen, wait until all calls are verified again, and note it."""
        before = [len(caller.absences) for caller in self._callers]
        more = await act()
        await asyncio.sleep(_SETTLE_S)
        await until(lambda: self._verified() == len(self._callers), within_s=_VERIFIED_WITHIN_S)
        verified = f"; then {self._verified()} of {len(self._callers)} were verified"
        away = [
            absence
            for caller, count in zip(self._callers, before, strict=True)
            for absence in caller.absences[count:]
        ]
        self.rows.append((name, f"{_told(away)}{more}{verified}"))
        print(f"{name}: {self.rows[-1][1]}", flush=True)

    def _verified(self) -> int:
        return sum(one.state == "verified" for one in self._callers)

    async def kill_a_worker(self) -> str:
        """Kill the fullest."""
        counts = [await worker.calls() for worker in self._workers]
        fullest = self._workers[counts.index(max(counts))]
        await fullest.stop(signal.SIGKILL)
        await asyncio.sleep(_SETTLE_S)
        await fullest.start()
        return f"; it had {max(counts)} calls"

    async def kill_redis(self) -> str:
        """Kill Redis and bring it back."""
        self._redis.kill()
        await asyncio.sleep(_AWAY_S)
        await asyncio.to_thread(self._redis.start)
        return f"; Redis was away for {_AWAY_S:g} s"

    async def kill_postgres(self) -> str:
        """Kill PostgreSQL, end a call and try to begin one meanwhile, and bring it back."""
        brief = await self._begun()
        self._postgres.kill()
        gone_s = time.monotonic()
        await brief.stop()
        ended = await until(lambda: brief.events[-1]["type"] == "session_ended")
        told = [await _ready(worker) for worker in self._workers]
        said = await asyncio.gather(*(self._new_caller().refused() for _ in range(3)))
        await asyncio.sleep(max(0.0, _DATABASE_AWAY_S - (time.monotonic() - gone_s)))
        await asyncio.to_thread(self._postgres.start)
        back_s = time.monotonic()
        while {await _ready(worker) for worker in self._workers} != {"200"}:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        ready_s = time.monotonic() - back_s
        again = await self._begun()
        await again.stop()
        if not ended or not all(one.startswith("503") for one in told):
            self.wrong.append(f"while PostgreSQL was away: {ended}, {told}")
        return (
            f"; PostgreSQL was away for {back_s - gone_s:.0f} s; meanwhile a call ended, `ready` "
            f"of the workers said {', '.join(sorted(set(told)))}, and three new calls were told "
            f"{', '.join(sorted(set(said)))}; all were ready {ready_s:.1f} s after it was back, "
            "and a new call was verified"
        )

    async def _begun(self) -> FleetCaller:
        """A call that is there for this scene only, once it is verified."""
        caller = self._new_caller()
        self.briefly.append(caller)
        caller.begin()
        if not await until(lambda: caller.state == "verified"):
            raise RuntimeError(f"a call did not come to be: {caller.failed}")
        return caller

    async def restart_all(self) -> str:
        """Restart all workers, one after another."""
        took = []
        for worker in self._workers:
            took.append(await worker.stop())
            await worker.start()
            await asyncio.sleep(_SETTLE_S)
        return f"; workers exited after {', '.join(f'{one:.0f}' for one in took)} s"


def _told(absences: list[Absence]) -> str:
    if not absences:
        return "no call was away"
    back = [one.back_s for one in absences if one.back_s is not None]
    verified = [one.verified_s for one in absences if one.verified_s is not None]
    lost = len(absences) - len(back)
    text = f"{len(absences)} times away"
    if back:
        text += f", {statistics.median(back):.1f} s in the middle, {max(back):.1f} s at most"
    if verified:
        text += (
            f"; verified after {statistics.median(verified):.1f} s, {max(verified):.1f} s at most"
        )
    return text + (f"; {lost} NEVER BACK" if lost else "")


async def _ready(worker: WorkerProcess) -> str:
    """What a worker says when it is asked whether it is ready."""
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            answer = await client.get(f"{worker.address}/api/v1/ready")
    except httpx.HTTPError as error:
        return type(error).__name__
    if answer.status_code == 200:
        return "200"
    return f"{answer.status_code} `{answer.json()['code']}`"
