from __future__ import annotations

from stream_verifier.console.display import score_line
from stream_verifier.events.schema import Bar, ModalityScore, Score

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
