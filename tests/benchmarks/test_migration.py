"""What the benchmark of a new model compares, without any media."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from benchmarks.migration.accuracy import AGAIN, mover, ways
from benchmarks.migration.network import network
from benchmarks.migration.older import has_network, older_weights
from model.adapt.fit import identity, unit
from tests.support.adapters import made_weights
from tests.support.stores import made_reference


def test_a_network_learns_what_no_affine_map_can() -> None:
    rng = np.random.default_rng(1)
    old = unit(rng.standard_normal((2000, 8)))
    new = unit(np.abs(old))
    flat = identity(8)
    before = float((flat(old) * new).sum(axis=1).mean())
    after = float((network(old, new, flat)(old) * new).sum(axis=1).mean())
    assert before < 0.2
    assert after > 0.9


def test_references_are_moved_by_the_maps_that_there_are() -> None:
    before = made_reference(0)
    after = mover({"face": lambda rows: -rows}, "towers-2")(before)
    np.testing.assert_array_equal(after.face, -before.face)
    np.testing.assert_array_equal(after.voice, before.voice)
    assert after.model_id == "towers-2"
    assert after.face.dtype == np.float32


def test_each_way_enrols_and_compares_with_a_model_of_its_own() -> None:
    named = {way.name: way for way in ways(2, {"affine": {}, "rotation": {}}, "towers-2")}
    assert (AGAIN.enrolled, AGAIN.probed) == (0, 0)
    assert (named["old model goes on"].enrolled, named["old model goes on"].probed) == (2, 2)
    assert {one.probed for one in named.values() if one.name.startswith("moved")} == {0}
    bare = named["moved: affine, no telephone's vector"]
    assert bare.move(made_reference(0)).telephone is None
    assert named["moved: affine"].move(made_reference(0)).telephone is not None


def test_weights_of_a_folder_are_taken_as_they_are(tmp_path: Path) -> None:
    made = made_weights(tmp_path / "old")
    before = json.loads((made.directory / "manifest.json").read_text())
    found = older_weights(str(made.directory), tmp_path / "cache")
    assert found.model_id == made.model_id
    assert not has_network(found)
    assert json.loads((made.directory / "manifest.json").read_text()) == before
