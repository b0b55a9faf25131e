"""Brings the server into a host's own FastAPI or Starlette application, under a prefix."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from stream_verifier.app import create_app
from stream_verifier.errors import SettingsError
from stream_verifier.media.source import SourceFactory
from stream_verifier.settings import Settings

_PREFIX = re.compile(r"(/[\w.~-]+)+", re.ASCII)


def mount(
    host_app: Starlette,
    prefix: str,
    settings: Settings | None = None,
    make_source: SourceFactory | None = None,
) -> FastAPI:
    """Serve the API, the SDK and the pages under a prefix of a host's application.

    Call it before the host starts. The host's lifespan runs around this one's: what the host opens
    is there while calls run. Security headers, allowed hosts and origins apply under the prefix
    only; addresses, ports and trusted proxies are the business of the host's server.

    Args:
        host_app: a FastAPI or Starlette application.
        prefix: where, such as "/verify".
        settings: default from the environment. Set ``token_key``: without one only clients on
            this machine are answered.
        make_source: makes what a call's media comes from; WebRTC by default.

    Returns:
        The mounted application.

    Raises:
        SettingsError: the prefix is none, or a route of the host already takes its paths.
    """
    if not _PREFIX.fullmatch(prefix):
        raise SettingsError(f"{prefix!r} is no prefix: write it like /verify, no slash at the end.")
    if taker := _taker(host_app, prefix):
        raise SettingsError(
            f"The host's route {taker!r} already takes what is under {prefix}: mount before adding "
            "it, or choose another prefix."
        )
    app = create_app(settings, make_source)
    host_app.mount(prefix, app)
    _nest_lifespan(host_app, app)
    return app


def _taker(host_app: Starlette, prefix: str) -> BaseRoute | None:
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "path": f"{prefix}/api/v1/health",
        "root_path": "",
        "headers": [],
    }
    routes = host_app.router.routes
    return next((route for route in routes if route.matches(scope)[0] is Match.FULL), None)


def _nest_lifespan(host_app: Starlette, app: FastAPI) -> None:
    """A mounted application's lifespan is not run by itself."""
    outer = host_app.router.lifespan_context

    @contextlib.asynccontextmanager
    async def both(host: Any) -> AsyncIterator[Any]:
        async with outer(host) as state, app.router.lifespan_context(app):
            yield state

    host_app.router.lifespan_context = both
