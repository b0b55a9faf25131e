"""A call is one wherever its media comes from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from stream_verifier.app import create_app
from stream_verifier.errors import MediaError
from stream_verifier.events.call_messages import Resume, Start
from stream_verifier.media.file import FileSource
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.recorded import RecordedSource
from stream_verifier.media.source import SourceRequest
from stream_verifier.web.state import state_of_app
from tests.support.calls import TIMEOUT_S, DemoCalls, make_settings
from tests.support.frames_source import FramesFactory

GRACE = Start(type="start", mode="verify", identity="grace", sdp="")


async def until(reached: Callable[[], bool]) -> None:
    while not reached():  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def test_a_recording_is_verified_and_resumed_as_a_live_call_is(
    enrolled_dir: Path, demo_calls: DemoCalls
) -> None:
    asked: list[SourceRequest] = []

    def make_source(request: SourceRequest, inbox: MediaInbox) -> RecordedSource:
        asked.append(request)
        media = demo_calls.get("grace", "eileen" if len(asked) > 1 else "grace")
        return RecordedSource(FileSource(media), inbox=inbox)

    app = create_app(make_settings(enrolled_dir), make_source)
    async with asyncio.timeout(TIMEOUT_S), app.router.lifespan_context(app):
        state = state_of_app(app)
        session, told = await state.sessions.open(GRACE)
        assert told == ""
        await until(lambda: session.summary.state == "verified")
        resume = Resume(
            type="resume", session=session.id, resume_key=session.resume_key, sdp="", after=1
        )
        await state.sessions.resume(resume)
        await until(lambda: session.summary.state == "rejected")
        await state.sessions.end(session.id)
        await state.hub.flush()
        types = [event.type for event in await state.hub.history(session.id)]
    assert asked == [SourceRequest(session=session.id, offer="")] * 2
    assert types.index("connection_lost") < types.index("connection_resumed")
    assert types[-1] == "session_ended"


async def test_a_source_that_cannot_start_opens_no_call(enrolled_dir: Path) -> None:
    def make_source(request: SourceRequest, inbox: MediaInbox) -> RecordedSource:
        assert not request.followed
        return RecordedSource([], inbox=inbox)

    app = create_app(make_settings(enrolled_dir), make_source)
    async with app.router.lifespan_context(app):
        with pytest.raises(MediaError, match="nothing in this recording"):
            await state_of_app(app).sessions.open(GRACE, socket=False)
        assert state_of_app(app).sessions.count == 0


async def test_a_call_whose_media_ends_ends_with_it(
    enrolled_dir: Path, demo_calls: DemoCalls
) -> None:
    frames = [
        item
        for item in await asyncio.to_thread(list, FileSource(demo_calls.get("grace", "grace")))
        if item.kind == "video"
    ]
    make_source = FramesFactory(frames[:4])  # type: ignore[arg-type]
    app = create_app(make_settings(enrolled_dir), make_source)
    async with asyncio.timeout(TIMEOUT_S), app.router.lifespan_context(app):
        session, _ = await state_of_app(app).sessions.open(GRACE, socket=False)
        await until(lambda: state_of_app(app).sessions.count == 0)
    assert session.summary.end_reason == "peer_closed"
