"""A call whose reference was moved from an older model says so."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from model.types import Reference
from stream_verifier.access.grant import ANYBODY
from stream_verifier.audit.deed import UNKNOWN
from stream_verifier.calls.challenges import ChallengeBook
from stream_verifier.calls.making import Beginning, SessionMaker
from stream_verifier.calls.places import Place
from stream_verifier.calls.terms import session_started
from stream_verifier.calls.tries import Tries
from stream_verifier.events.call_messages import Start
from stream_verifier.events.hub import Hub
from stream_verifier.events.stamper import Stamper
from tests.support.adapters import NEW, adapters, made_adapter
from tests.support.calls import make_settings
from tests.support.session_media import SilentSource, Verification
from tests.support.stores import MODEL, made_reference

START = Start(type="start", mode="verify", identity="ada", sdp="v=0")


class Store:
    """Gives what was enrolled with an older model, as the adapters have it."""

    async def reference(self, name: str, *, model_id: str, adapters: Any) -> Reference:
        assert (name, model_id) == ("ada", NEW)
        if adapters is None:
            return made_reference(0, NEW)
        return made_adapter().adapt(made_reference(0))


def recogniser(*, accepts: bool) -> Any:
    return SimpleNamespace(
        model_id=NEW,
        adapters=adapters() if accepts else None,
        comparator=SimpleNamespace(name="c"),
        described=lambda point: None,
        verify_pipeline=lambda *_, **__: Verification(),
    )


@pytest.mark.parametrize("accepts", [True, False])
async def test_the_first_event_tells_of_the_model_before(tmp_path: Path, accepts: bool) -> None:
    model = recogniser(accepts=accepts)
    source: Any = SilentSource()
    store: Any = Store()

    def make_source(request: object, inbox: object) -> Any:
        return source

    maker = SessionMaker(
        recogniser=model,
        store=store,
        hub=Hub(),
        make_source=make_source,
        settings=make_settings(tmp_path),
        tries=Tries(most=1, told=1),
        book=ChallengeBook(),
    )
    place = Place.of(ANYBODY, "ada")
    session = await maker.make(Beginning(start=START, place=place, actor=UNKNOWN, followed=False))
    assert session.adapted_from == ((MODEL,) if accepts else ())
    started = session_started(START, model, adapted_from=session.adapted_from)
    line = json.loads(Stamper("s").stamp(started).line)
    assert line["model"] == NEW
    assert line.get("adapted_from", "left out") == (MODEL if accepts else "left out")
