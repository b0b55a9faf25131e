from __future__ import annotations

import pytest

from model import speed


def test_times_each_tower(capsys: pytest.CaptureFixture[str]) -> None:
    assert speed.main(["--repeats", "2"]) == 0
    rows = capsys.readouterr().out.splitlines()[2:]
    assert len(rows) == 1 + len(speed.FRAME_COUNTS)
    for row in rows:
        assert all(float(cell) > 0 for cell in row.split("|")[2:5])
