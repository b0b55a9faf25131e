from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from stream_verifier.console.display import reading_progress
from stream_verifier.media.file import FileSource
from tests.support.recordings import recording


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_shows_how_far_a_file_has_been_read_on_a_terminal_only(
    tmp_path: Path, terminal: bool
) -> None:
    (tmp_path / "clip.mp4").write_bytes(recording("mp4"))
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=terminal, width=80)
    with reading_progress(console, FileSource(tmp_path / "clip.mp4")) as move_on:
        move_on()
    assert ("reading" in shown.getvalue()) is terminal


@pytest.mark.parametrize("kind", ["mp4", "mpegts"])
def test_reading_tells_how_far_it_has_come(tmp_path: Path, kind: str) -> None:
    (tmp_path / "clip").write_bytes(recording(kind, seconds=8.0))
    source = FileSource(tmp_path / "clip")
    assert (source.duration_s, source.fraction) == (None, 0.0)
    fractions = [source.fraction for _ in source]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0, abs=0.02)
    assert source.position_s == pytest.approx(8.0, abs=0.1)
    assert source.duration_s == (pytest.approx(8.0, abs=0.1) if kind == "mp4" else None)
