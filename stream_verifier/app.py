"""The composition root: an ASGI application that any host can mount."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import replace
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect

from stream_verifier.access.gate import Gate
from stream_verifier.access.waiting import WaitingRoom
from stream_verifier.audit.deed import SYSTEM, Deed, Kind
from stream_verifier.audit.journal import Journal
from stream_verifier.calls.capacity import Capacity, Usage
from stream_verifier.calls.gauge import Gauge
from stream_verifier.calls.neighbours import Alone
from stream_verifier.calls.processors import available_cpus, inference_threads
from stream_verifier.calls.registry import SessionRegistry
from stream_verifier.calls.repeats import LocalRepeats
from stream_verifier.calls.uploads import Uploads
from stream_verifier.errors import StreamVerifierError
from stream_verifier.events.hub import Hub
from stream_verifier.events.kept.log import KeptEventLog, limits_for
from stream_verifier.events.log import EventLog
from stream_verifier.events.memory.log import MemoryEventLog
from stream_verifier.fleet.joining import Fleet, join
from stream_verifier.identities.opening import open_store, rules_of
from stream_verifier.identities.sqlite import SqliteIdentityStore
from stream_verifier.media.fed.factory import FedFactory
from stream_verifier.media.source import SourceFactory
from stream_verifier.media.ways import FactoryByWay
from stream_verifier.media.webrtc.factory import PeerFactory
from stream_verifier.media.webrtc.network import media_limits
from stream_verifier.rooms.livekit.following import followed_livekit
from stream_verifier.rooms.opening import open_desk
from stream_verifier.settings import Settings
from stream_verifier.verify.engine import Engine
from stream_verifier.verify.recogniser import Recogniser
from stream_verifier.verify.self_test import call_cost
from stream_verifier.web import api, recall_socket, whip
from stream_verifier.web.call_socket import call_socket, decoded_socket
from stream_verifier.web.feed_socket import feed_socket
from stream_verifier.web.guard import Guard
from stream_verifier.web.headers import EXPOSED, SecurityHeaders
from stream_verifier.web.identified import Identified
from stream_verifier.web.logs import quiet_libraries
from stream_verifier.web.pages import Pages
from stream_verifier.web.problems import on_error, on_failure, on_gone
from stream_verifier.web.provider_keys import follow_keys
from stream_verifier.web.signalling import DECODED, WEBRTC
from stream_verifier.web.state import ServerState, Services, set_state, state_of_app
from stream_verifier.webhooks.service import Posting, webhooks

_ASKED_AGAIN_S = 5.0
_logger = logging.getLogger(__name__)


def client_dir() -> Path:
    """Where the pages are: inside an installed package, beside it in a checkout."""
    packaged = Path(str(files("stream_verifier"))) / "web" / "client"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "web_client"


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state = state_of_app(app)
    settings = state.settings
    # A host may live on where this cannot start: what is open by then is closed.
    async with contextlib.AsyncExitStack() as opened:
        store = await asyncio.to_thread(open_store, settings)
        opened.push_async_callback(store.close)
        recogniser, engine, capacity = await asyncio.to_thread(_scoring, settings)
        fleet = join(settings)
        if fleet is not None:
            opened.push_async_callback(fleet.close)
        log = _event_log(settings, store) if fleet is None else fleet.log
        hub = Hub(log, max_subscribers=settings.max_subscribers)
        posting = Posting()
        services = _services(state, store, hub, fleet, recogniser, engine, capacity, posting)
        set_state(app, replace(state, services=services))
        opened.push_async_callback(asyncio.to_thread, engine.stop)
        engine.start()
        await log.start()
        opened.push_async_callback(log.close)
        _say_who_is_answered(state.gate)
        async with (
            contextlib.nullcontext() if fleet is None else fleet.serving(services.sessions),
            webhooks(
                settings,
                hub,
                posting=posting,
                lease=None if fleet is None else fleet.lane_lease,
            ),
            _running(*_chores(services, store, state)),
        ):
            if settings.keep_events_hours:
                await services.sessions.recall()
            try:
                yield
            finally:
                services.uploads.stop()
                await services.rooms.close()
                await services.sessions.close()
                await services.journal.close()


def _services(
    state: ServerState,
    store: SqliteIdentityStore,
    hub: Hub,
    fleet: Fleet | None,
    recogniser: Recogniser,
    engine: Engine,
    capacity: Capacity | None,
    posting: Posting,
) -> Services:
    """What requests are answered with; nothing of it runs yet."""
    settings = state.settings
    journal = Journal(store.audit)
    # No call begins before the trail has it; the store need not be there yet.
    journal.owe(Deed(Kind.SERVER_STARTED, SYSTEM))
    sessions = SessionRegistry(
        recogniser=recogniser,
        store=store,
        engine=engine,
        hub=hub,
        make_source=state.make_source,
        settings=settings,
        journal=journal,
        capacity=capacity,
        neighbours=None if fleet is None else fleet.member,
    )
    rooms = open_desk(sessions, state.make_source, settings, fleet)
    return Services(
        store=store,
        hub=hub,
        sessions=sessions,
        gauge=Gauge(capacity, calls=lambda: sessions.count, load=lambda: engine.load),
        stages=recogniser.stages,
        journal=journal,
        uploads=Uploads(
            store,
            settings,
            model_id=recogniser.model_id,
            adapters=recogniser.adapters,
            tries=sessions.admission.tries,
        ),
        rooms=rooms,
        livekit=followed_livekit(rooms, store.audit.append, settings),
        neighbours=Alone() if fleet is None else fleet.member,
        repeats=LocalRepeats() if fleet is None else fleet.repeats,
        posted=posting,
    )


def _chores(
    services: Services, store: SqliteIdentityStore, state: ServerState
) -> Iterator[Coroutine[Any, Any, None]]:
    """What runs as long as the server does, beside calls."""
    yield services.gauge.run()
    yield services.journal.run()
    yield store.retention(rules_of(state.settings)).run_for_ever()
    if (provider := state.gate.provider) is not None:
        yield follow_keys(provider)
    yield services.rooms.run()
    if services.livekit is not None:
        yield services.livekit.run()


def _scoring(settings: Settings) -> tuple[Recogniser, Engine, Capacity | None]:
    """What scores windows, and how many calls it has time for, where that is measured."""
    workers = settings.inference_threads or inference_threads(available_cpus())
    recogniser = Recogniser.load(settings, threads=workers)
    capacity = _try_out(recogniser, workers) if settings.measure_capacity else None
    return recogniser, Engine(workers=workers), capacity


def _event_log(settings: Settings, store: SqliteIdentityStore) -> EventLog:
    """Where events are: in memory, and in the store too where the settings want it."""
    hours = settings.keep_events_hours
    if not hours:
        return MemoryEventLog()
    place, limits = settings.event_log_path, limits_for(hours)
    return KeptEventLog(store, store.kept_events, place=place, limits=limits)


def _try_out(recogniser: Recogniser, workers: int) -> Capacity:
    """See how many calls this machine has time for; takes a fraction of a second."""
    cost = Usage.expected(call_cost(recogniser.workload))
    capacity = Capacity(expected=cost, limit=Usage.limit(available_cpus(), workers))
    _logger.info(
        "a call takes about %.0f ms a second of %d inference threads: %d calls fit",
        1000 * cost.worker_s,
        workers,
        capacity.most_calls,
    )
    return capacity


@contextlib.asynccontextmanager
async def _running(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        left = set(tasks)
        while left:
            for task in left:
                task.cancel()
            # Again if need be: a cancel that comes with what was waited for may get lost.
            _, left = await asyncio.wait(left, timeout=_ASKED_AGAIN_S)
        await asyncio.gather(*tasks, return_exceptions=True)


def _say_who_is_answered(gate: Gate) -> None:
    if gate.tokens is None:
        _logger.warning(
            "No key for tokens (STREAM_VERIFIER_TOKEN_KEY): only this machine is answered, and "
            "whoever is on it may do everything."
        )


def create_app(
    settings: Settings | None = None, make_source: SourceFactory | None = None
) -> FastAPI:
    """Make the application; its lifespan loads the model and closes every call.

    Args:
        settings: default from the environment.
        make_source: makes what a call's media comes from; WebRTC by default.

    Raises:
        SettingsError: the key for tokens is none.
    """
    settings = settings or Settings()
    quiet_libraries()
    app = FastAPI(
        title="Stream Verifier",
        version=version("stream-verifier"),
        description="Continuous face-and-voice verification for live video calls.",
        openapi_url=api.OPENAPI_URL,
        docs_url=None,
        redoc_url=None,
        middleware=_middleware(settings),
        exception_handlers={
            StreamVerifierError: on_error,
            HTTPException: on_error,
            RequestValidationError: on_error,
            ClientDisconnect: on_gone,
            Exception: on_failure,
        },
        lifespan=_lifespan,
    )
    state = ServerState(
        settings=settings,
        gate=Gate.of(settings),
        callers_room=WaitingRoom(),
        readers_room=WaitingRoom(),
        make_source=FactoryByWay(
            {
                "webrtc": make_source or PeerFactory(settings),
                "decoded": FedFactory(settings, limits=media_limits(settings)),
            }
        ),
    )
    set_state(app, state)
    api.add_routes(app)
    for signalling, socket in ((WEBRTC, call_socket), (DECODED, decoded_socket)):
        app.router.add_websocket_route(signalling.path, socket)
        app.router.add_websocket_route(f"{signalling.path}/{{session}}", socket)
    app.router.add_websocket_route(recall_socket.PATH, recall_socket.recall_socket)
    app.router.add_websocket_route("/api/v1/events", feed_socket)
    app.router.routes += whip.routes
    app.router.routes.append(Pages(client_dir()))
    return app


def _middleware(settings: Settings) -> list[Middleware]:
    """From the outermost to the innermost."""
    return [
        Middleware(SecurityHeaders),
        Middleware(
            CORSMiddleware,
            allow_origins=list(settings.allowed_origins),
            allow_methods=["GET", "POST", "PUT", "DELETE", "PATCH"],
            allow_headers=["authorization", "content-type", "idempotency-key", "if-match"],
            expose_headers=list(EXPOSED),
        ),
        Middleware(
            Guard, allowed_hosts=settings.allowed_hosts, allowed_origins=settings.allowed_origins
        ),
        Middleware(Identified),
    ]
