"""Adapters as they are kept, checked and used."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.adapt.command import write
from model.errors import ModelError, WeightsError
from model.runtime.adapter import Adapter, Adapters, AffineMap
from model.runtime.reference_format import reference_from_bytes, reference_to_bytes
from model.runtime.weights import Weights
from tests.support.adapters import made_adapter, made_weights
from tests.support.stores import made_reference


@pytest.fixture
def old(tmp_path: Path) -> Weights:
    return made_weights(tmp_path / "old", face=b"old face")


@pytest.fixture
def new(tmp_path: Path) -> Weights:
    return made_weights(tmp_path / "new")


def fitted(old: Weights, new: Weights) -> Adapter:
    return made_adapter(old.model_id, new.model_id)


def test_a_reference_is_moved_and_tells_where_from() -> None:
    adapter = made_adapter()
    for seed in (0, 1):  # with the telephone's vector and without
        before = made_reference(seed)
        after = adapter.adapt(before)
        for name in ("face", "voice", "telephone"):
            one, other = getattr(before, name), getattr(after, name)
            if one is None:
                assert other is None
                continue
            expected = adapter.maps[name].matrix @ one + adapter.maps[name].offset
            np.testing.assert_allclose(other, expected / np.linalg.norm(expected), atol=1e-6)
            assert other.dtype == np.float32
        assert (after.model_id, after.adapted_from) == ("towers-2", ("towers-1",))
        assert (after.face_count, after.speech_s, after.wide) == (5, 9.5, before.wide)


def test_a_second_move_tells_of_both() -> None:
    once = made_adapter().adapt(made_reference())
    twice = made_adapter("towers-2", "towers-3").adapt(once)
    assert twice.adapted_from == ("towers-1", "towers-2")


def test_what_one_tower_makes_in_both_spaces_stays() -> None:
    adapter = replace(made_adapter(), maps={"face": made_adapter().maps["face"]})
    before = made_reference()
    after = adapter.adapt(before)
    assert after.voice is before.voice
    assert after.telephone is before.telephone
    assert not np.array_equal(after.face, before.face)


def test_a_reference_of_another_space_is_refused() -> None:
    with pytest.raises(ModelError, match="towers-9 is not for an adapter from towers-1"):
        made_adapter().adapt(made_reference(model_id="towers-9"))


def test_a_vector_that_vanishes_is_refused() -> None:
    nothing = AffineMap(np.zeros((128, 128), np.float32), np.zeros(128, np.float32))
    with pytest.raises(ModelError, match="enrol again"):
        replace(made_adapter(), maps={"face": nothing}).adapt(made_reference())


def test_a_moved_reference_is_read_as_it_was_written() -> None:
    for seed in (0, 1):
        moved = made_adapter().adapt(made_reference(seed))
        data = reference_to_bytes(moved)
        assert data[:4] == b"SVR3"
        again = reference_from_bytes(data)
        assert again.adapted_from == ("towers-1",)
        assert (again.telephone is None) == (seed == 1)
        assert reference_to_bytes(again) == data
    assert reference_to_bytes(made_reference(0))[:4] == b"SVR2"
    assert reference_to_bytes(made_reference(1))[:4] == b"SVR1"


@pytest.mark.parametrize("value", ["[]", "[7]", '["a",null]', '"towers-1"'])
def test_a_garbled_origin_is_refused(value: str) -> None:
    data = reference_to_bytes(made_adapter().adapt(made_reference(1)))
    size = int.from_bytes(data[4:8], "little")
    header = data[8 : 8 + size].replace(b'["towers-1"]', value.encode())
    garbled = data[:4] + len(header).to_bytes(4, "little") + header + data[8 + size :]
    with pytest.raises(ModelError, match="not a readable reference"):
        reference_from_bytes(garbled)


def test_weights_bring_their_adapters(old: Weights, new: Weights) -> None:
    made = fitted(old, new)
    write(made, old, new)
    found = Adapters.load(Weights.load(new.directory))
    assert found.target == new.model_id != old.model_id
    one = found.find(old.model_id)
    assert one is not None
    assert one.to_bytes() == made.to_bytes()
    assert found.find("made-up-00000000") is None
    assert Adapters.load(old).by_source == {}


def test_a_tampered_adapter_is_refused_by_its_hash(old: Weights, new: Weights) -> None:
    write(fitted(old, new), old, new)
    (path,) = new.directory.glob("adapter-*.npz")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="sha256 differs"):
        Weights.load(new.directory)


def test_an_adapter_to_other_weights_is_refused(old: Weights, new: Weights, tmp_path: Path) -> None:
    other = made_weights(tmp_path / "other", voice=b"other voice")
    with pytest.raises(WeightsError, match=r"leads to .*python -m model adapt"):
        write(fitted(old, other), old, new)


def test_an_adapter_to_other_towers_of_that_name_is_refused(old: Weights, new: Weights) -> None:
    """The name of a space is short; the manifest has whole hashes of both its towers."""
    write(fitted(old, new), old, new)
    path = new.directory / "manifest.json"
    manifest = json.loads(path.read_text())
    (entry,) = (part for part in manifest["parts"].values() if "to_towers" in part)
    entry["to_towers"]["face_tower"] = "0" * 64
    path.write_text(json.dumps(manifest))
    with pytest.raises(WeightsError, match="or to other towers of it"):
        Adapters.load(Weights.load(new.directory))


def test_an_adapter_from_other_towers_than_it_says_is_refused(
    old: Weights, new: Weights, tmp_path: Path
) -> None:
    other = made_weights(tmp_path / "other", face=b"third face")
    with pytest.raises(WeightsError, match="is not spanned by the towers"):
        write(fitted(old, new), other, new)


def test_two_adapters_that_were_exchanged_are_refused(
    old: Weights, new: Weights, tmp_path: Path
) -> None:
    """Each with the hash of what lies there: the files themselves say where they lead."""
    other = made_weights(tmp_path / "other", face=b"third face")
    write(fitted(old, new), old, new)
    write(fitted(other, new), other, new)
    path = new.directory / "manifest.json"
    manifest = json.loads(path.read_text())
    one, two = (part for part in manifest["parts"].values() if "from" in part)
    for key in ("file", "sha256", "bytes"):
        one[key], two[key] = two[key], one[key]
    path.write_text(json.dumps(manifest))
    with pytest.raises(WeightsError, match="says otherwise"):
        Adapters.load(Weights.load(new.directory))


@pytest.mark.parametrize("garble", ["text", "cut", "size", "nan"])
def test_a_garbled_adapter_is_refused(garble: str, tmp_path: Path) -> None:
    made, path = made_adapter(), tmp_path / "adapter.npz"
    face = made.maps["face"]
    broken = {
        "size": AffineMap(face.matrix[:, :7], face.offset),
        "nan": AffineMap(face.matrix * np.float32(np.nan), face.offset),
    }
    if garble in broken:
        made = replace(made, maps={**made.maps, "face": broken[garble]})
    data = made.to_bytes()
    path.write_bytes({"text": b"hello", "cut": data[: len(data) // 2]}.get(garble, data))
    with pytest.raises(WeightsError, match=r"adapter\.npz is no adapter"):
        Adapter.read(path)


def test_the_shipped_adapters_lead_to_the_shipped_towers() -> None:
    shipped = Adapters.load(Weights.load())
    assert shipped.by_source
    for source, adapter in shipped.by_source.items():
        assert adapter.source == source != shipped.target == adapter.target
        assert adapter.about["fits"]["face"]["cosine_left_out"] > 0.98
