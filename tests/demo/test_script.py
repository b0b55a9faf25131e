from __future__ import annotations

import io
import os
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

from stream_verifier.demo import script
from stream_verifier.demo.people import DEMO_PEOPLE
from stream_verifier.demo.recorded_call import write_call
from stream_verifier.demo.script import Outcome, run_demo, scenes
from stream_verifier.identities.keys import new_key
from tests.support.calls import ENROLMENT_S, SMALL, make_settings


async def test_the_script_brings_each_verdict_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "_ENROL_S", ENROLMENT_S)
    monkeypatch.setattr(script, "_CALL_S", 5.0)  # verdicts come within two seconds
    monkeypatch.setattr(script, "_SPARE_S", 3.0)
    monkeypatch.setattr(script, "write_call", partial(write_call, size=SMALL))
    told = io.StringIO()
    console = Console(file=told, width=100)
    settings = make_settings(tmp_path, token_key=new_key())
    assert await run_demo(settings, once=True, console=console), told.getvalue()
    assert "Enrolled" in told.getvalue()
    assert told.getvalue().count("as it must be") == 3
    assert "WRONG" not in told.getvalue()
    assert "pictures that talk" in told.getvalue()
    assert os.listdir(tmp_path) == []


def test_an_outcome_is_right_only_with_the_right_state_and_reasons() -> None:
    genuine, _, voice_swap = scenes(*DEMO_PEOPLE)
    assert Outcome(genuine, "verified", ()).right
    assert Outcome(genuine, "verified", ("lips_do_not_match", "speaker_not_on_camera")).right
    assert Outcome(genuine, "verified", ("overloaded",)).right
    assert not Outcome(genuine, "uncertain", ()).right
    assert not Outcome(genuine, "verified", ("no_face", "speaker_not_on_camera")).right
    assert Outcome(voice_swap, "rejected", ("voice_mismatch",)).right
    assert not Outcome(voice_swap, "rejected", ("face_mismatch", "voice_mismatch")).right
    assert not Outcome(voice_swap, "verified", ()).right
