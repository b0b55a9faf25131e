"""What an operator's monitoring asks for, in Prometheus' text format: numbers, never names."""

from __future__ import annotations

import asyncio
import math
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import get_args

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from stream_verifier.access.scopes import Scope
from stream_verifier.calls.gauge import Gauge
from stream_verifier.calls.registry import SessionRegistry
from stream_verifier.errors import error_codes
from stream_verifier.events.schema import ChallengeKind, ChallengeOutcome, State, ToldEnd
from stream_verifier.events.tally import Tally
from stream_verifier.rooms.desk import RoomDesk
from stream_verifier.rooms.requests import PublisherState
from stream_verifier.web.access import Token, admit
from stream_verifier.web.state import ServerState, state_of

_PREFIX = "stream_verifier"


async def metrics(request: Request, token: Token) -> Response:
    """Counts and gauges of calls, lag, what was left out, and time by stage.

    A token bound to one identity or call does not allow this. Labels are of fixed sets: neither
    calls nor people make more series.
    """
    admit(request, token, Scope.READ)
    state = state_of(request)
    registry = CollectorRegistry(auto_describe=False)
    free_bytes = await asyncio.to_thread(_free_bytes, state.settings.data_dir)
    registry.register(_ServerCollector(state, free_bytes))
    # Memory, open files and their limit, under the names that every dashboard knows.
    ProcessCollector(registry=registry)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _free_bytes(folder: Path) -> float:
    """What the disk of a folder has left; not a number where that cannot be told."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return math.nan


class _ServerCollector(Collector):
    """Reads off what is counted anyway, at the moment it is asked."""

    def __init__(self, state: ServerState, free_bytes: float) -> None:
        self._state, self._free_bytes = state, free_bytes

    def collect(self) -> Iterator[Metric]:
        gauge = self._state.gauge
        yield _build(self._state)
        yield from _calls(self._state.sessions)
        yield from _told(self._state.hub.tally)
        yield from _trouble(self._state)
        yield _gauge("data_free_bytes", "Room left for the store.", self._free_bytes)
        yield from _shared(self._state)
        yield from _rooms(self._state.rooms)
        yield from _windows(gauge)
        yield _gauge("overloaded", "Whether windows went unscored of late.", float(gauge.behind))
        stages = self._state.stages
        seconds = _counter("stage_cpu_seconds", "The worker's processor time.", labels=["stage"])
        times = _counter("stage_runs", "Times that a stage was run.", labels=["stage"])
        for stage in stages.seconds:
            seconds.add_metric([stage], stages.seconds[stage])
            times.add_metric([stage], stages.times[stage])
        yield from (seconds, times)
        if (sample := gauge.newest) is not None:
            cpu = _counter("cpu_seconds", "Processor time.", labels=["of"])
            cpu.add_metric(["event_loop"], sample.loop_s)
            cpu.add_metric(["process"], sample.process_s)
            yield cpu


def _calls(sessions: SessionRegistry) -> Iterator[Metric]:
    yield _gauge("calls", "Calls that run.", sessions.count)
    yield _gauge("calls_most", "Calls that may run at once.", sessions.admission.most)
    yield _gauge("calls_spare", "More calls that may be opened now.", sessions.room)
    yield _gauge("draining", "Whether the server opens no more calls.", float(sessions.closing))
    yield _counter("calls_refused", "Calls that found no place.", sessions.admission.refused)
    states = _gauge_by("calls_in_state", "Calls that run, by their state.", "state")
    _add(states, (*State, "enrolling"), sessions.states())
    yield states
    ended = _counter("challenges", "Challenges by how they ended.", labels=["kind", "outcome"])
    for kind in get_args(ChallengeKind):
        for outcome in get_args(ChallengeOutcome):
            ended.add_metric([kind, outcome], sessions.challenges.counts[kind, outcome])
    yield ended


def _build(state: ServerState) -> Metric:
    labels = {"version": version("stream-verifier"), "model": state.sessions.model_id}
    build = GaugeMetricFamily(f"{_PREFIX}_build_info", "What runs here.", labels=list(labels))
    build.add_metric(list(labels.values()), 1.0)
    return build


def _told(tally: Tally) -> Iterator[Metric]:
    begun = _counter("sessions_begun", "Calls and enrolments that began.", labels=["mode"])
    _add(begun, ("verify", "enrol"), tally.begun)
    ended = _counter("sessions_ended", "Calls and enrolments by why they ended.", labels=["reason"])
    _add(ended, get_args(ToldEnd), tally.ended)
    became = _counter("verdicts", "Changes of a call's state, by what it became.", labels=["state"])
    _add(became, State, tally.states)
    failed = _counter("session_errors", "Errors that ended a session.", labels=["code"])
    _add(failed, sorted(error_codes()), tally.errors)
    yield from (begun, ended, became, failed)
    yield _counter("enrolled", "People whose reference a call gave.", tally.enrolled)
    yield _counter(
        "connections_lost", "Times that a call's connection was lost.", tally.connections_lost
    )


def _trouble(state: ServerState) -> Iterator[Metric]:
    refused = _counter("refused", "What clients were refused, by the error.", labels=["code"])
    _add(refused, sorted(error_codes()), state.refused)
    yield refused
    failing = float(state.journal.failing)
    yield _gauge("audit_failing", "Whether the audit trail takes nothing, nor any call.", failing)
    unkept = float(state.hub.log_failing)
    yield _gauge("kept_events_failing", "Whether events that are to be kept are not.", unkept)
    posted = state.posted
    yield _counter("webhooks_delivered", "Events that the receiver took.", posted.delivered)
    yield _counter("webhooks_lost", "Events that never reached it.", posted.lost)
    yield _counter("webhooks_dropped", "Scores left out as it was slow.", posted.dropped)
    yield _gauge("webhooks_retrying", "Messages that it did not take yet.", posted.retrying)
    yield _gauge("webhooks_stopped", "Whether no more are sent.", float(posted.stopped))


def _shared(state: ServerState) -> Iterator[Metric]:
    reachable = float(state.neighbours.reachable)
    yield _gauge("fleet_reachable", "Whether what servers share can be reached.", reachable)
    ahead_s = state.neighbours.clock_ahead_s
    yield _gauge("clock_ahead_seconds", "This machine's clock, less that of Redis.", ahead_s)
    hub = state.hub
    yield _gauge("events_unwritten", "Events that wait for a slow log.", hub.unwritten)
    yield _counter("events_lost", "Events that a slow log could not take.", hub.lost)
    yield _gauge("subscribers", "Followers of the event feed.", hub.subscribers)


def _rooms(rooms: RoomDesk) -> Iterator[Metric]:
    yield _gauge("rooms", "Rooms of other servers that are followed here.", rooms.here)
    told = GaugeMetricFamily(
        f"{_PREFIX}_room_publishers",
        "Publishers of those, by what became of them.",
        labels=["state"],
    )
    counts = rooms.publishers
    for state in get_args(PublisherState):
        told.add_metric([state], counts[state])
    yield told


def _windows(gauge: Gauge) -> Iterator[Metric]:
    load = gauge.load
    windows = _counter("windows", "Windows by what became of them.", labels=["outcome"])
    windows.add_metric(["scored"], load.scored - load.spared)
    windows.add_metric(["voice_spared"], load.spared)
    windows.add_metric(["overloaded"], load.skipped)
    yield windows
    worker = _counter("worker_seconds", "The worker's time; what is wanted scores every window.",
                      labels=["for"])  # fmt: skip
    worker.add_metric(["hearing"], load.hearing_s)
    worker.add_metric(["scoring"], load.scoring_s)
    worker.add_metric(["scoring_wanted"], load.wanted_s)
    yield worker
    turns = _counter("hearings", "Turns of taking media in.", labels=["came"])
    turns.add_metric(["in_time"], load.heard - load.late)
    turns.add_metric(["late"], load.late)
    yield turns
    yield _counter("unheard_seconds", "Sound dropped since the worker was behind.", load.unheard_s)
    yield HistogramMetricFamily(
        f"{_PREFIX}_lag_seconds",
        "From the arrival of a window's newest media to its score.",
        buckets=load.lags_up_to,
        sum_value=load.lag_total_s,
    )


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{_PREFIX}_{name}", text, value=value)


def _gauge_by(name: str, text: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{_PREFIX}_{name}", text, labels=[label])


def _add(
    family: CounterMetricFamily | GaugeMetricFamily, known: Iterable[str], counts: Counter[str]
) -> None:
    """A series for each of a fixed set, at 0 as well: what appears at 1 did not increase."""
    for one in known:
        family.add_metric([one], counts[one])


def _counter(
    name: str, text: str, value: float | None = None, labels: list[str] | None = None
) -> CounterMetricFamily:
    return CounterMetricFamily(f"{_PREFIX}_{name}", text, value=value, labels=labels)
