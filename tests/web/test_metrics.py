from __future__ import annotations

import math
from importlib.metadata import version
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from stream_verifier.access.scopes import Scope
from stream_verifier.calls.gauge import Gauge, Sample
from stream_verifier.events.hub import Hub
from stream_verifier.events.memory.log import MemoryEventLog
from stream_verifier.events.schema import State
from stream_verifier.verify.load import Load, LoadMeter
from stream_verifier.verify.stages import StageTimes
from stream_verifier.web.state import NothingPosted
from tests.support.feed_media import Call, changed, ended
from tests.support.rest_app import ADMIN, TOKENS, client_of, make_app, stand_in

Values = dict[tuple[str, ...], float]


def worked() -> Load:
    meter = LoadMeter()
    meter.heard(0.3)
    meter.heard(0.2, unheard_s=1.25, late=True)
    for lag_s in (0.05, 0.3, 0.31, 9.0):
        meter.scored(0.25, lag_s=lag_s, spared=lag_s > 1)
    meter.skipped(2)
    return meter.load


def headers(**bound: str) -> dict[str, str]:
    token = TOKENS.issue([Scope.READ], ttl_s=60, **bound)
    return {"authorization": f"Bearer {token}"}


async def read(folder: Path) -> Values:
    app = make_app(folder)
    load, stages = worked(), StageTimes(clock=iter((1.0, 1.5)).__next__)
    gauge = Gauge(None, calls=lambda: 1, load=lambda: load)
    gauge.take(Sample(at_s=1.0, calls=1, load=Load(), loop_s=3.0, process_s=9.0))
    gauge.take(Sample(at_s=2.0, calls=1, load=load, loop_s=3.5, process_s=9.5))
    with stages.timed("voice"):
        pass
    stand_in(app, gauge=gauge, stages=stages)
    async with client_of(app) as client:
        answer = await client.get("/api/v1/metrics", headers=headers())
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return values_of(answer.text)


def values_of(text: str) -> Values:
    return {
        (sample.name.removeprefix("stream_verifier_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_they_tell_calls_lag_drops_and_time_by_stage(tmp_path: Path) -> None:
    values = await read(tmp_path)
    assert {name: values[name,] for name in ("calls", "calls_most", "calls_spare")} == {
        "calls": 1, "calls_most": 8, "calls_spare": 7
    }  # fmt: skip
    assert values["windows_total", "scored"] == 3
    assert values["windows_total", "voice_spared"] == 1
    assert values["windows_total", "overloaded"] == 2
    assert values["overloaded",] == 1
    assert values["unheard_seconds_total",] == 1.25
    assert (values["hearings_total", "in_time"], values["hearings_total", "late"]) == (1, 1)
    assert values["worker_seconds_total", "hearing"] == 0.5
    assert values["worker_seconds_total", "scoring"] == 1.0
    assert values["worker_seconds_total", "scoring_wanted"] > 1.0
    assert values["stage_cpu_seconds_total", "voice"] == 0.5
    assert values["stage_runs_total", "voice"] == 1
    assert values["cpu_seconds_total", "event_loop"] == 3.5


async def test_they_tell_what_calls_came_to_and_what_was_refused(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    log = MemoryEventLog()
    log.failing = True
    hub = Hub(log)
    Call(hub, "s1").say(changed(State.REJECTED), ended())
    posted = NothingPosted(delivered=5, lost=2, dropped=1, retrying=1, stopped=True)
    stand_in(app, hub=hub, posted=posted)
    async with client_of(app) as client:
        assert (await client.get("/api/v1/metrics")).status_code == 401
        assert (await client.get("/api/v1/identities/nobody", headers=ADMIN)).status_code == 404
        values = values_of((await client.get("/api/v1/metrics", headers=ADMIN)).text)
    assert values["calls_in_state", "verified"] == 1
    assert values["calls_in_state", "enrolling"] == 0
    assert values["sessions_begun_total", "verify"] == 1
    assert values["verdicts_total", "rejected"] == 1
    assert values["verdicts_total", "verified"] == 0
    assert values["sessions_ended_total", "stopped"] == 1
    assert values["refused_total", "missing_token"] == 1
    assert values["refused_total", "unknown_identity"] == 1
    assert values["refused_total", "store_failed"] == 0
    assert [values[f"webhooks_{name}",] for name in ("retrying", "stopped")] == [1, 1]
    assert values["webhooks_lost_total",] == 2
    assert values["audit_failing",] == 0
    assert values["kept_events_failing",] == 1
    assert values["data_free_bytes",] > 0
    assert values["build_info", "the-model", version("stream-verifier")] == 1
    assert values["process_resident_memory_bytes",] > 1e6
    await hub.close()


async def test_a_folder_that_is_not_there_has_no_room_that_could_be_told(tmp_path: Path) -> None:
    app = make_app(tmp_path / "gone")
    async with client_of(app) as client:
        values = values_of((await client.get("/api/v1/metrics", headers=ADMIN)).text)
    assert math.isnan(values["data_free_bytes",])


async def test_lags_are_counted_up_to_each_bound(tmp_path: Path) -> None:
    values = await read(tmp_path)
    found = [values["lag_seconds_bucket", bound] for bound in ("0.1", "0.3", "0.5", "5.0", "+Inf")]
    assert found == [1, 2, 3, 3, 4]
    assert values["lag_seconds_count",] == 4
    assert values["lag_seconds_sum",] == pytest.approx(9.66)


async def test_neither_strangers_nor_one_persons_token_may_read_them(tmp_path: Path) -> None:
    async with client_of(make_app(tmp_path)) as client:
        assert (await client.get("/api/v1/metrics")).status_code == 401
        bound = await client.get("/api/v1/metrics", headers=headers(identity="ada"))
        assert bound.status_code == 403
