from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from model.convert.manifest import update_part
from model.convert.sources import CAMPPLUS, MINIFASNET_V1_SE, MINIFASNET_V2, SFACE, YUNET
from model.errors import CheckpointError, WeightsError
from model.runtime.face import FaceTower
from model.runtime.weights import WEIGHTS_DIR, Weights, sha256_of
from tests.support.tower_media import ROOT


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A weights directory that a test may damage."""
    directory = tmp_path / "weights"
    directory.mkdir()
    for path in WEIGHTS_DIR.iterdir():
        if path.is_file():
            shutil.copy(path, directory / path.name)
    return directory


def _rewrite(directory: Path, **changes: Any) -> None:
    path = directory / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_committed_weights_are_what_the_manifest_says() -> None:
    weights = Weights.load()
    for part, source in (
        ("face_detector", YUNET),
        ("face_tower", SFACE),
        ("voice_tower", CAMPPLUS),
        ("presentation_near", MINIFASNET_V2),
        ("presentation_wide", MINIFASNET_V1_SE),
    ):
        entry = weights.manifest["parts"][part]
        assert weights.has(part)
        assert sha256_of(weights.path(part)) == entry["sha256"]
        assert weights.path(part).stat().st_size == entry["bytes"]
        assert entry["source"]["sha256"] == source.sha256
        assert entry["licence"] == source.licence
        assert list((WEIGHTS_DIR / "licences").glob(f"{source.licence}*"))


def test_names_the_embedding_space() -> None:
    name, _, digest = Weights.load().model_id.rpartition("-")
    assert name == "sface-campplus"
    assert len(digest) == 8


@pytest.mark.parametrize("file", ["yunet.onnx", "sface.tflite", "campplus.tflite"])
@pytest.mark.parametrize("offset", [0, 1234, -1])
def test_one_changed_byte_is_refused(copy: Path, file: str, offset: int) -> None:
    data = bytearray((copy / file).read_bytes())
    data[offset] ^= 1
    (copy / file).write_bytes(data)
    with pytest.raises(WeightsError, match=rf"{file} is not the one.*make weights"):
        Weights.load(copy)


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "campplus.tflite").unlink()
    with pytest.raises(WeightsError, match=r"campplus\.tflite is missing.*make weights"):
        Weights.load(copy)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"manifest\.json .*: name a folder of weights"):
        Weights.load(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"format": 2, "space": "x", "parts": {}}',
        '{"format": 1, "space": "x", "parts": []}',
        '{"format": 1, "space": "x", "parts": {"a": {"file": "f"}}}',
        '{"format": 1, "space": "x", "parts": {"a": {"file": "../f", "sha256": "0"}}}',
    ],
)
def test_a_broken_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(WeightsError, match=r"manifest\.json"):
        Weights.load(tmp_path)


def test_a_part_that_is_not_listed_is_named(copy: Path) -> None:
    _rewrite(copy, parts={})
    weights = Weights.load(copy)
    assert not weights.has("face_tower")
    with pytest.raises(WeightsError, match="no part 'face_tower'"):
        FaceTower(weights)


def test_what_is_no_model_is_refused(copy: Path) -> None:
    (copy / "sface.tflite").write_bytes(b"not a model")
    update_part("face_tower", "sface.tflite", directory=copy)
    with pytest.raises(WeightsError, match=r"cannot load sface\.tflite"):
        FaceTower(Weights.load(copy))


def test_a_part_that_finds_no_room_leaves_the_old_one_whole(copy: Path) -> None:
    resource = pytest.importorskip("resource")
    update_part("extra", "extra.json", data=b"{}", directory=copy)
    before = {path: path.read_bytes() for path in copy.iterdir() if path.suffix == ".json"}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Room for the part, and none for the manifest that vouches for it.
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(CheckpointError, match=r"disk is full, .*manifest\.json"):
            update_part("extra", "extra.json", data=b"[]", directory=copy)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    Weights.load(copy)
    assert {path: path.read_bytes() for path in before} == before
    assert not list(copy.glob("*.part"))


def test_a_further_part_is_checked_and_leaves_the_space_alone(copy: Path) -> None:
    space = Weights.load(copy).model_id
    (copy / "extra.json").write_text("{}")
    entry = update_part("extra", "extra.json", directory=copy, made_by="a test")
    assert entry["bytes"] == 2
    weights = Weights.load(copy)
    assert weights.model_id == space
    assert weights.manifest["parts"]["extra"]["made_by"] == "a test"
    (copy / "extra.json").write_text("[]")
    with pytest.raises(WeightsError, match=r"extra\.json"):
        Weights.load(copy)


def test_another_tower_is_another_space(copy: Path) -> None:
    space = Weights.load(copy).model_id
    with (copy / "sface.tflite").open("ab") as file:
        file.write(b"\0")
    update_part("face_tower", "sface.tflite", directory=copy)
    assert Weights.load(copy).model_id != space


def test_a_tower_that_spans_anothers_space_keeps_its_name(copy: Path) -> None:
    before = Weights.load(copy)
    tower = before.path("voice_tower")
    tower.write_bytes(tower.read_bytes() + bytes(16))
    update_part("voice_tower", tower.name, directory=copy, spans=before.towers["voice_tower"])
    after = Weights.load(copy)
    assert after.digest("voice_tower") != before.digest("voice_tower")
    assert after.model_id == before.model_id
    update_part("voice_tower", tower.name, directory=copy, spans=7)
    with pytest.raises(WeightsError):
        Weights.load(copy)


def test_update_part_starts_a_manifest_and_wants_the_file_first(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="write the file before"):
        update_part("fusion", "fusion.json", directory=tmp_path)
    (tmp_path / "fusion.json").write_text("{}")
    update_part("fusion", "fusion.json", directory=tmp_path)
    assert Weights.load(tmp_path).path("fusion") == tmp_path / "fusion.json"


def test_serving_imports_no_tensorflow() -> None:
    code = """
import sys
import numpy as np
from model.runtime import face, reference, voice, weights
loaded = weights.Weights.load()
assert face.FaceTower(loaded).embed(np.zeros((1, 112, 112, 3), np.uint8)).shape == (1, 128)
assert voice.VoiceTower(loaded).embed(np.zeros((60, 80), np.float32)).shape == (192,)
print([name for name in ("tensorflow", "keras", "torch", "librosa") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
