"""What becomes of an identity reaches the calls that are about it."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stream_verifier.app import create_app
from stream_verifier.audit.chain import check
from stream_verifier.audit.seal import read_public_key
from stream_verifier.calls.session import Session
from stream_verifier.errors import (
    ConsentLapsedError,
    UnknownIdentityError,
    UnknownSessionError,
)
from stream_verifier.events.call_messages import Resume, Start
from stream_verifier.events.schema import Enrolled
from stream_verifier.identities.opening import open_store
from stream_verifier.media.file import FileSource
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.recorded import RecordedSource
from stream_verifier.media.source import SourceRequest
from stream_verifier.verify.channels.identity import IdentityChannel
from stream_verifier.verify.pipeline import VerifyPipeline
from stream_verifier.web.state import ServerState, state_of_app
from tests.support.calls import CONSENT, DemoCalls, make_settings

VERIFY = Start(type="start", mode="verify", identity="grace", sdp="")
ENROL = Start.model_validate({**VERIFY.model_dump(), "mode": "enrol", "consent": CONSENT})
PATIENCE_S = 60


@pytest.fixture
def folder(tmp_path: Path, enrolled_dir: Path) -> Path:
    """A data directory of this test's own in which Grace is enrolled."""
    return Path(shutil.copytree(enrolled_dir, tmp_path / "data"))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.02)


class Serving:
    """An application whose calls play a recording of Grace."""

    def __init__(self, folder: Path, media: Path) -> None:
        self.settings = make_settings(folder)
        self._media = media
        self.app = create_app(self.settings, self._make_source)

    def _make_source(self, request: SourceRequest, inbox: MediaInbox) -> RecordedSource:
        return RecordedSource(FileSource(self._media), inbox=inbox)

    @property
    def state(self) -> ServerState:
        return state_of_app(self.app)

    async def verified(self) -> Session:
        session, _ = await self.state.sessions.open(VERIFY)
        await until(lambda: session.summary.state == "verified")
        return session


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_deletion_ends_the_call_and_nothing_of_the_reference_stays(
    folder: Path, demo_calls: DemoCalls, elsewhere: bool
) -> None:
    serving = Serving(folder, demo_calls.get("grace", "grace", 25))
    async with serving.app.router.lifespan_context(serving.app):
        session = await serving.verified()
        # By this process, or by another one such as the command line.
        store = open_store(serving.settings) if elsewhere else serving.state.store
        await store.delete("grace")
        await until(lambda: session.summary.end_reason == "identity_deleted")
        pipeline = session._pipeline
        assert isinstance(pipeline, VerifyPipeline)
        compares = [one for one in pipeline._channels if isinstance(one, IdentityChannel)]
        assert [one._reference for one in compares] == [None]
        resume = Resume(type="resume", session=session.id, resume_key=session.resume_key, sdp="")
        with pytest.raises(UnknownSessionError):
            await serving.state.sessions.resume(resume)
        with pytest.raises(UnknownIdentityError):
            await serving.state.sessions.open(VERIFY)
        if elsewhere:
            await store.close()


async def test_a_call_that_was_being_opened_meanwhile_is_refused(
    folder: Path, demo_calls: DemoCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving = Serving(folder, demo_calls.get("grace", "grace", 25))
    async with serving.app.router.lifespan_context(serving.app):
        sessions, store = serving.state.sessions, serving.state.store
        prepare = sessions._maker.make

        async def deleted_meanwhile(*arguments: object, **more: object) -> Session:
            session = await prepare(*arguments, **more)  # type: ignore[arg-type]
            await store.delete("grace")
            return session

        monkeypatch.setattr(sessions._maker, "make", deleted_meanwhile)
        with pytest.raises(UnknownIdentityError, match="just changed"):
            await sessions.open(VERIFY)
        await until(lambda: sessions.count == 0)


async def test_an_enrolment_that_replaces_says_so_and_ends_the_calls_of_the_old(
    folder: Path, demo_calls: DemoCalls
) -> None:
    serving = Serving(folder, demo_calls.get("grace", "grace", 25))
    async with serving.app.router.lifespan_context(serving.app):
        call = await serving.verified()
        replacing = ENROL.model_copy(update={"replace": True})
        enrolment, _ = await serving.state.sessions.open(replacing)
        await until(lambda: enrolment.summary.end_reason is not None)
        await serving.state.hub.flush()
        events = await serving.state.hub.history(enrolment.id)
        (enrolled,) = [e.payload for e in events if isinstance(e.payload, Enrolled)]
        assert enrolled.replaced
        assert enrolled.resembles_replaced is True
        assert enrolment.summary.end_reason == "complete"
        await until(lambda: call.summary.end_reason == "identity_replaced")
        identity = await serving.state.store.get("grace")
        assert identity.origin is not None
        assert identity.origin.way == "call"
        assert identity.origin.by == "anybody"
        assert (identity.origin.replaced_similarity or 0) > 0


async def test_an_enrolment_that_adds_leaves_calls_and_identity_as_they_are(
    folder: Path, demo_calls: DemoCalls
) -> None:
    serving = Serving(folder, demo_calls.get("grace", "grace", 25))
    async with serving.app.router.lifespan_context(serving.app):
        call = await serving.verified()
        store = serving.state.store
        old = await store.get("grace")
        adding = ENROL.model_copy(update={"add": True})
        enrolment, _ = await serving.state.sessions.open(adding)
        await until(lambda: enrolment.summary.end_reason is not None)
        await serving.state.hub.flush()
        events = await serving.state.hub.history(enrolment.id)
        (enrolled,) = [e.payload for e in events if isinstance(e.payload, Enrolled)]
        assert (enrolled.added, enrolled.replaced, enrolled.id) == (True, False, old.id)
        assert enrolled.speech_s > old.speech_s
        assert enrolled.faces > old.face_count
        assert not call.ending
        with pytest.raises(UnknownIdentityError):
            await serving.state.sessions.open(adding.model_copy(update={"identity": "hedy"}))


async def test_an_enrolment_of_somebody_who_is_deleted_meanwhile_stores_nothing(
    folder: Path, demo_calls: DemoCalls
) -> None:
    serving = Serving(folder, demo_calls.get("grace", "grace", 25))
    async with serving.app.router.lifespan_context(serving.app):
        replacing = ENROL.model_copy(update={"replace": True})
        enrolment, _ = await serving.state.sessions.open(replacing)
        await serving.state.store.delete("grace")
        await until(lambda: enrolment.summary.end_reason == "identity_deleted")
        names = [identity.name for identity in await serving.state.store.list()]
        assert "grace" not in names


async def test_a_call_outlives_a_renewal_of_its_consent_and_ends_with_its_withdrawal(
    folder: Path, demo_calls: DemoCalls
) -> None:
    serving = Serving(folder, demo_calls.get("grace", "grace", 25))
    async with serving.app.router.lifespan_context(serving.app):
        session = await serving.verified()
        store = serving.state.store
        old = (await store.get("grace")).consent
        await store.renew_consent("grace", old)
        assert not session.ending
        await store.withdraw_consent("grace")
        await until(lambda: session.summary.end_reason is not None)
        assert session.summary.end_reason == "consent_withdrawn"
        with pytest.raises(ConsentLapsedError, match="was withdrawn"):
            await serving.state.sessions.open(VERIFY)
        await store.renew_consent("grace", old)
        again = await serving.verified()
        await serving.state.sessions.end(again.id)
    told = await _entries(serving)
    kinds = [one["kind"] for one in told]
    # An end is written within a second or before the next call begins, whichever comes first.
    assert [kind for kind in kinds if kind.startswith("call")] == ["call_started", "call_ended"] * 2
    assert [kind.removeprefix("consent_") for kind in kinds if kind.startswith("consent")] == [
        *("renewed", "withdrawn", "renewed"),
    ]
    ended = [one["details"] for one in told if one["kind"] == "call_ended"]
    assert [one["reason"] for one in ended] == ["consent_withdrawn", "ended_by_admin"]
    assert ended[1]["verdict"] == "verified"
    assert "grace" not in str(told)


async def _entries(serving: Serving) -> list[dict[str, Any]]:
    """What the trail tells since the server started; others may have used the store before."""
    store = open_store(serving.settings)
    lines = [line async for line in store.audit.export()]
    key = read_public_key(store.audit.public_pem().encode())
    told = [json.loads(line) for line in lines]
    entries = [one for one in told if "kind" in one]
    assert check(lines, key).count == len(entries)
    await store.close()
    starts = [at for at, one in enumerate(entries) if one["kind"] == "server_started"]
    return entries[starts[-1] :]
