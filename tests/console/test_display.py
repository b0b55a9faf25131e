from __future__ import annotations

import io
from typing import Literal

from rich.console import Console

from stream_verifier.console.display import EventPrinter, score_line
from stream_verifier.events.schema import (
    Bar,
    ModalityScore,
    Payload,
    Score,
    SessionEnded,
    SessionStarted,
    State,
    StateChanged,
    Totals,
)
from stream_verifier.events.stamper import Stamper

SCORE = Score(
    media_s=2.0, start_s=1.0, end_s=2.0, scored=["face", "voice"],
    face=None, voice=None, fused=None, speech_s=1.0, faces=[], notes=[], evidence=None,
    bar=Bar(face=1, voice=1, both=1), age_s=0.1,
)  # fmt: skip


def test_what_a_window_says_is_drawn_only_where_it_is_told() -> None:
    kept_back = score_line(SCORE)
    assert "compared: face and voice" in kept_back
    assert "fused" not in kept_back
    told = score_line(SCORE.model_copy(update={"face": ModalityScore(llr=5.0)}))
    assert "compared" not in told
    assert "█" in told


def test_a_window_of_which_nothing_was_compared_says_so() -> None:
    assert "compared: nothing" in score_line(SCORE.model_copy(update={"scored": []}))


def printed(*payloads: Payload) -> str:
    console = Console(file=io.StringIO(), width=120)
    show, stamper = EventPrinter(console), Stamper("s")
    for payload in payloads:
        show(stamper.stamp(payload))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def started(mode: Literal["verify", "enrol"]) -> SessionStarted:
    return SessionStarted(
        media_s=0.0, mode=mode, identity="ada", model="m", comparator="c", operating_point=None
    )


ENDED = SessionEnded(media_s=2.0, reason="complete", totals=Totals(windows=1))


def test_the_last_line_says_the_last_verdict_with_its_reasons() -> None:
    turned = StateChanged(
        media_s=1.0, state=State.UNCERTAIN, previous=State.WAITING, reasons=["no_face"], llr=None
    )
    said = "1 windows scored, last verdict uncertain (no_face)\n"
    assert printed(started("verify"), turned, ENDED).endswith(said)
    assert printed(started("verify"), ENDED).endswith("last verdict waiting\n")
    assert "verdict" not in printed(started("enrol"), ENDED)
