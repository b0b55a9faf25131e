from __future__ import annotations

import errno
from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stream_verifier.console.plot import check_path, draw, write_plot
from stream_verifier.console.timeline import STATES
from stream_verifier.errors import SettingsError
from tests.support.timeline_media import Event, change, ended, failed, minute, read, score, started


def hour() -> list[Event]:
    """A state that changes twice a minute."""
    events = [started()]
    for at_s in range(1, 3601):
        events.append(score(float(at_s), 9.0, 9.0 if at_s % 30 < 25 else -9.0))
        if at_s % 30 == 25:
            events.append(change(float(at_s), "rejected", "voice_mismatch"))
        if at_s % 30 == 0:
            events.append(change(float(at_s), "verified"))
    return events


def drawn(events: list[Event]) -> Figure:
    return draw(read(events), title="call.mp4: is it ada?")


def words(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def ticks(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_xticklabels()]


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf", ".PNG"])
def test_a_file_is_written_in_the_format_of_its_name(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"timeline{suffix}"
    check_path(path)
    assert not path.exists()
    write_plot(read(minute()), path, title="call.mp4: is it ada?")
    assert path.stat().st_size > 5000
    if suffix == ".png":
        assert np.asarray(cv2.imread(str(path))).shape == (600, 1200, 3)
        assert b"0:23 to 0:31 Rejected: wrong voice" in path.read_bytes()


def test_thresholds_states_and_reasons_are_there_in_words() -> None:
    above, band, below = drawn(minute()).axes
    assert words(above) == ["verified\nfrom +2 up", "rejected\nfrom −3 down"]
    assert words(band) == ["Verified", "Rejected", "Absent", "Waiting", "Verified"]
    lanes = [label.get_text() for label in below.get_yticklabels()]
    assert lanes[:2] == ["Wrong voice", "No face"]
    assert lanes[-2:] == ["Face compared", "Voice compared"]
    assert ticks(below)[:2] == ["0:00", "0:05"]


def test_a_state_too_short_for_its_word_is_in_the_legend() -> None:
    figure = drawn(minute())
    _, marks = figure.legends
    assert [text.get_text() for text in marks.get_texts()] == [
        "Media missing",
        "Uncertain",
        "Waiting",
    ]


def test_over_an_hour_labels_are_thinned() -> None:
    figure = drawn(hour())
    _, band, below = figure.axes
    assert words(band) == []
    assert 5 < len(ticks(below)) <= 13
    assert ticks(below)[:2] == ["0:00", "5:00"]
    named = [text.get_text() for text in figure.legends[1].get_texts()]
    assert named == [STATES["verified"], STATES["waiting"], STATES["rejected"]]


def test_a_title_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "timeline.png"
    write_plot(read(minute()), path, title=r"\$x_{$ 視頻.mp4: is it a$da?")
    assert path.stat().st_size > 5000


def test_no_evidence_is_said() -> None:
    above = drawn([started(), change(4.0, "absent", "no_face", "no_speech"), ended(20.0)]).axes[0]
    assert "No evidence: nothing was compared" in words(above)
    assert len(drawn([]).axes) == 3


def test_where_a_file_broke_off_is_said() -> None:
    figure = drawn([*minute()[:20], failed(20.0, "call.mp4 breaks off. " * 20)])
    title, failure = (text.get_text() for text in figure.texts)
    assert title == "call.mp4: is it ada?"
    assert failure.startswith("Broke off at 0:20: call.mp4 breaks off.")
    assert failure.endswith("…")


def test_states_and_reasons_not_known_yet_are_drawn_as_they_are_spelt() -> None:
    events = [started(), change(1.0, "new_state", "new_reason"), ended(9.0)]
    _, band, below = drawn(events).axes
    assert "new_state" in words(band)
    assert "New reason" in [label.get_text() for label in below.get_yticklabels()]


@pytest.mark.parametrize("name", ["timeline.gif", "timeline", ".png"])
def test_an_unknown_suffix_is_refused_with_the_known_ones(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"\.png, \.svg, \.pdf"):
        check_path(tmp_path / name)


def test_a_path_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    for path in (tmp_path / "missing" / "timeline.png", tmp_path / "folder.png"):
        with pytest.raises(SettingsError, match="cannot be written"):
            check_path(path)
        with pytest.raises(SettingsError, match="cannot be written"):
            write_plot(read(minute()), path)


def test_a_picture_already_there_is_kept_until_the_new_one_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "timeline.png"
    path.write_bytes(b"old")
    check_path(path)
    assert path.read_bytes() == b"old"


def test_a_picture_that_a_full_disk_took_half_of_is_not_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, write = tmp_path / "timeline.png", Path.write_bytes

    def half(self: Path, content: bytes) -> int:
        write(self, bytes(content)[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(SettingsError, match="No space left"):
        write_plot(read(minute()), path)
    assert not path.exists()
