"""The composition root: an ASGI application that any host can mount."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from stream_verifier.errors import StreamVerifierError
from stream_verifier.services import Recogniser, open_store
from stream_verifier.sessions import Sessions
from stream_verifier.settings import Settings
from stream_verifier.verify.engine import Engine
from stream_verifier.web import api, ice, whip
from stream_verifier.web.call_socket import call_socket
from stream_verifier.web.headers import SecurityHeaders


def client_dir() -> Path:
    """Where the pages are: inside an installed package, beside it in a checkout."""
    packaged = Path(str(files("stream_verifier"))) / "web" / "client"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "web_client"


@contextlib.asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    app.state.store = store = await asyncio.to_thread(open_store, settings)
    recogniser = await asyncio.to_thread(Recogniser.load, settings)
    engine = Engine()
    sessions = Sessions(recogniser=recogniser, store=store, engine=engine, settings=settings)
    app.state.sessions = sessions
    engine.start()
    try:
        yield
    finally:
        await sessions.close()
        await asyncio.to_thread(engine.stop)
        await store.close()


def create_app(settings: Settings | None = None) -> Starlette:
    """Make the application; its lifespan loads the model and closes every call.

    Args:
        settings: default from the environment.
    """
    settings = settings or Settings()
    app = Starlette(
        routes=[
            Route("/api/v1/health", api.health),
            Route("/api/v1/identities", api.list_identities),
            Route("/api/v1/identities/{name}", api.show_identity, methods=["GET"]),
            Route("/api/v1/identities/{name}", api.delete_identity, methods=["DELETE"]),
            WebSocketRoute("/api/v1/call", call_socket),
            *whip.routes,
            *ice.routes,
            Mount("/", StaticFiles(directory=client_dir(), html=True)),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=list(settings.allowed_hosts)),
            Middleware(SecurityHeaders),
        ],
        exception_handlers={StreamVerifierError: api.on_error, HTTPException: api.on_error},
        lifespan=_lifespan,
    )
    app.state.settings = settings
    return app
