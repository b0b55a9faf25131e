"""A host's own FastAPI application with verification mounted under /verify.

    export STREAM_VERIFIER_TOKEN_KEY=$(stream-verifier key)
    uvicorn examples.mount_fastapi:app --port 8000

Then open http://127.0.0.1:8000/call/ada: the host's page asks its own back end for a token for the
one who is logged in, and starts the verification of that call with it.
"""

from __future__ import annotations

import html

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from stream_verifier.access.scopes import Scope
from stream_verifier.errors import SettingsError
from stream_verifier.mount import mount
from stream_verifier.web.state import state_of_app

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>A call of our own</title>
<h1>A call of our own</h1>
<script type="module" src="/verify/js/element.js"></script>
<stream-verifier server="/verify" identity="{name}" token="{token}"></stream-verifier>
"""

app = FastAPI(title="A host of our own")
verifier = mount(app, "/verify")
tokens = state_of_app(verifier).gate.tokens
if tokens is None:
    raise SettingsError("Set STREAM_VERIFIER_TOKEN_KEY first: make one with  stream-verifier key.")
issue = tokens.issue


@app.get("/call/{name}")
async def call_page(name: str) -> HTMLResponse:
    """A page with a badge; a real host would first see who is logged in."""
    token = issue([Scope.PUBLISH], identity=name, ttl_s=300)
    page = _PAGE.format(name=html.escape(name), token=token)
    return HTMLResponse(page, headers={"cache-control": "no-store"})
