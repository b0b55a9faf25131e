"""LiveKit's webhooks over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.support.livekit_news import KEYS, Followed, now_s, posted, signed
from tests.support.rest_app import ADMIN, client_of, make_app, stand_in

HOOK = "/api/v1/rooms/livekit/webhook"


def headers(token: str) -> dict[str, str]:
    return {"authorization": token, "content-type": "application/webhook+json"}


async def test_a_webhook_that_livekit_signed_is_taken_and_another_is_not(tmp_path: Path) -> None:
    app, followed = make_app(tmp_path), Followed()
    stand_in(app, livekit=followed.livekit)
    body = posted()
    async with client_of(app) as client:
        for more, status in (
            ({"content": body, "headers": headers(signed(body))}, 204),
            ({"content": body + b" ", "headers": headers(signed(body))}, 401),
            ({"content": body, "headers": headers("")}, 401),
            ({"content": b"{}", "headers": headers(signed(b"{}"))}, 400),
            ({"content": bytes(2_000_000), "headers": headers(signed(body))}, 413),
        ):
            arguments: dict[str, Any] = more
            assert (await client.post(HOOK, **arguments)).status_code == status
    async with followed.running():
        pass
    assert followed.desk.done == ["+meeting"]


async def test_what_livekit_may_not_have_sent_is_not_read(tmp_path: Path) -> None:
    app, followed = make_app(tmp_path), Followed()
    stand_in(app, livekit=followed.livekit)
    read: list[bytes] = []

    async def body() -> AsyncIterator[bytes]:
        read.append(posted())
        yield read[-1]

    joining = KEYS.entry("meeting", "somebody", tells=False, now_s=now_s())
    async with client_of(app) as client:
        for token in ("", "nonsense", joining, ADMIN["authorization"]):
            answer = await client.post(HOOK, content=body(), headers=headers(token))
            assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert read == []


async def test_a_server_that_follows_none_has_no_such_place(tmp_path: Path) -> None:
    body = posted()
    async with client_of(make_app(tmp_path)) as client:
        for token, status in ((signed(body), 401), (ADMIN["authorization"], 404)):
            answer = await client.post(HOOK, content=body, headers=headers(token))
            assert answer.status_code == status


async def test_livekits_token_opens_nothing_else(tmp_path: Path) -> None:
    app, body = make_app(tmp_path), posted()
    stand_in(app, livekit=Followed().livekit)
    async with client_of(app) as client:
        for path in ("/api/v1/rooms", "/api/v1/tokens"):
            answer = await client.post(path, content=body, headers=headers(signed(body)))
            assert answer.status_code == 401
