from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.poor_faces import FAULTS, OTHERS, Fault, Looker, Row, pairs, spoilt, table
from model.runtime.comparator import load_comparator
from model.runtime.reference import make_reference
from model.runtime.weights import Weights
from model.types import VoiceQuality, VoiceSample
from stream_verifier.demo.people import DEMO_PEOPLE, portrait_frames
from tests.support.calls import SMALL

VOICE = VoiceSample(np.ones(192, np.float32), VoiceQuality(3.0, 20.0, -20.0))
DARKER = Fault("brightness", (0.0, 0.2), tuple(FAULTS["dark"].spoils[:3]))


@pytest.fixture(scope="module")
def rows() -> dict[int, Row]:
    """The first demo person in worse and worse light, compared with both."""
    weights = Weights.load()
    looker = Looker(weights)
    pictures = [
        next(iter(portrait_frames(one, seconds=1.0, fps=1, size=SMALL))) for one in DEMO_PEOPLE
    ]
    # Beside its own each picture meets others; where the pack is small, some of them twice.
    people = {f"{n}": pictures[min(n, 1)][..., ::-1] for n in range(OTHERS + 1)}
    references = {}
    for name, picture in people.items():
        face = looker.look(picture)
        assert face is not None
        references[name] = make_reference(weights.model_id, [face], [VOICE])
    probes = {"0": people["0"]}
    return spoilt(DARKER, probes, references, looker, load_comparator(weights))


def test_each_picture_is_in_the_row_of_what_was_measured(rows: dict[int, Row]) -> None:
    assert list(rows) == [1, 2]
    assert sum(len(row.own) for row in rows.values()) == 3
    assert all(len(row.others) == OTHERS * len(row.own) for row in rows.values())


def test_the_person_stands_out_from_others(rows: dict[int, Row]) -> None:
    assert all(min(row.own) > max(row.others) for row in rows.values())


def test_a_row_tells_how_surely_others_are_taken_for_the_person() -> None:
    row = Row(own=[6.0, 8.0], others=[-5.0, -5.0, 3.0, 5.0])
    *_, line = table(DARKER, {2: row})
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[:7] == ["0.2 and more", "2", "6.1", "7.0", "50.00", "50.00", "25.00"]
    least, loss = float(cells[8]), float(cells[7])
    assert least < loss


def test_people_with_one_picture_have_nothing_to_be_compared_with(tmp_path: Path) -> None:
    for name, count in (("ada", 2), ("bob", 1)):
        folder = tmp_path / "faces160" / "made" / name
        folder.mkdir(parents=True)
        for number in range(count):
            (folder / f"{number}.jpg").touch()
    assert list(pairs(tmp_path, 5)) == ["ada"]
