"""What an operator's monitoring asks for, in Prometheus' text format: numbers, never names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
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
from stream_verifier.events.schema import ChallengeKind, ChallengeOutcome
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
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_ServerCollector(state_of(request)))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _ServerCollector(Collector):
    """Reads off what is counted anyway, at the moment it is asked."""

    def __init__(self, state: ServerState) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        gauge = self._state.gauge
        yield from _calls(self._state.sessions)
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
    ended = _counter("challenges", "Challenges by how they ended.", labels=["kind", "outcome"])
    for kind in get_args(ChallengeKind):
        for outcome in get_args(ChallengeOutcome):
            ended.add_metric([kind, outcome], sessions.challenges.counts[kind, outcome])
    yield ended


def _shared(state: ServerState) -> Iterator[Metric]:
    reachable = float(state.neighbours.reachable)
    yield _gauge("fleet_reachable", "Whether what servers share can be reached.", reachable)
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


def _counter(
    name: str, text: str, value: float | None = None, labels: list[str] | None = None
) -> CounterMetricFamily:
    return CounterMetricFamily(f"{_PREFIX}_{name}", text, value=value, labels=labels)
