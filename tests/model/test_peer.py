from __future__ import annotations

import importlib.util
import json
import sys
import wave
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from model.__main__ import COMMANDS
from model.data.align import align
from model.data.media import Picture
from model.errors import MissingExtraError, ModelError, PackError, WeightsError
from model.evaluation.metrics import cllr, equal_error_rate
from model.evaluation.systems import SystemOptions
from model.peer import command, embedders, system
from model.peer.fit import (
    FACE,
    KINDS,
    UNDAMAGED_SHARE,
    VOICE,
    Joined,
    Piece,
    Trials,
    even_weights,
    fit,
    join,
    make_trials,
    trial_weights,
)
from model.peer.fusion import (
    PeerFusion,
    face_distance,
    face_reference,
    voice_cosine,
    voice_reference,
)
from model.peer.system import Peer
from model.runtime.weights import WEIGHTS_DIR
from stream_verifier.demo.people import DEMO_PEOPLE, DemoPerson, portrait_frames, speech
from stream_verifier.windows.faces import FaceDetector

FUSION = PeerFusion(face=(-20.0, 10.0), voice=(30.0, -24.0), joint=(-1.0, 40.0, -30.0, -20.0))
PACKAGES = ("dlib", "face_recognition_models", "resemblyzer", "torch")


def normal(mated: float, other: float, *, count: int = 3_000, seed: int = 1) -> Trials:
    """Normal scores of two made-up sources, whose best LLR is known: a line."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2 == 0
    values = np.where(labels, mated, other) + 0.1 * rng.standard_normal(count)
    number = np.arange(count)
    return Trials(values, labels, number % 4 > 1, np.where(number < count / 2, "a", "b"))


@pytest.fixture(scope="module")
def fitted() -> tuple[PeerFusion, Trials, Trials, Joined]:
    face, voice = normal(0.3, 0.7), normal(0.8, 0.6, seed=2)
    joined = join(face, voice, per_kind=1_000)
    return fit(face, voice, joined), face, voice, joined


def pieces(people: int, units: int, *, spread: float, source: str = "s") -> list[Piece]:
    rng = np.random.default_rng(7)
    found = []
    for who in range(people):
        own = rng.standard_normal(16)
        for number in range(units):
            for clean in (True, False):
                vector = own + spread * (1 if clean else 2) * rng.standard_normal(16)
                found.append(Piece(f"{source}/{who}", number, clean, not clean, vector))
    return found


def test_llrs_are_lines_in_distance_cosine_and_their_product() -> None:
    distance, cosine = np.array([0.5, 0.25]), np.array([0.9, 0.8])
    assert FUSION.face_llr(distance) == pytest.approx([0.0, 5.0])
    assert FUSION.voice_llr(cosine) == pytest.approx([3.0, 0.0])
    assert FUSION.joint_llr(distance, cosine) == pytest.approx(
        [-0.5 + 36 - 13.5 - 20, -0.25 + 32 - 6 - 20]
    )


def test_faces_are_averaged_as_they_are_and_voices_to_unit_length() -> None:
    vectors = np.array([[3.0, 0.0], [0.0, 4.0]])
    assert face_reference(vectors).tolist() == [1.5, 2.0]
    assert voice_reference(vectors) == pytest.approx([0.6, 0.8])
    assert face_distance(np.array([1.5, 2.0]), np.zeros(2)) == 2.5
    assert voice_cosine(np.array([0.6, 0.8]), np.array([0.0, 5.0])) == pytest.approx(0.8)


def test_one_modality_is_fitted_to_the_line_that_made_it(
    fitted: tuple[PeerFusion, Trials, Trials, Joined],
) -> None:
    fusion, face, _, _ = fitted
    slope, offset = fusion.face
    # Normals of standard deviation 0.1 at 0.3 and 0.7: slope 0.4 / 0.01, zero half-way.
    assert slope == pytest.approx(-40, rel=0.15)
    assert -offset / slope == pytest.approx(0.5, abs=0.01)
    best = -40 * (face.score - 0.5)
    assert cllr(fusion.face_llr(face.score), face.mated) <= cllr(best, face.mated) + 1e-3


def test_both_together_beat_each_alone_on_all_kinds(
    fitted: tuple[PeerFusion, Trials, Trials, Joined],
) -> None:
    fusion, _, _, joined = fitted
    llr = fusion.joint_llr(joined.face, joined.voice)
    together = equal_error_rate(llr, joined.mated)
    assert together < 0.6 * equal_error_rate(-joined.face, joined.mated)
    assert together < 0.6 * equal_error_rate(joined.voice, joined.mated)
    assert cllr(llr, joined.mated) < 0.7
    assert set(joined.kind) == set(range(len(KINDS)))


def test_weights_count_groups_alike_and_labels_half_each() -> None:
    mated = np.array([True, True, True, False, False])
    weight = even_weights(mated, np.array(["a", "a", "b", "a", "a"]))
    assert weight == pytest.approx([0.125, 0.125, 0.25, 0.25, 0.25])


def test_undamaged_trials_get_their_share_of_the_weight() -> None:
    mated = np.array([True, False, True, False, False])
    damaged = np.array([False, False, True, True, True])
    weight = trial_weights(mated, damaged, np.full(5, "a"))
    assert weight[:2].sum() == pytest.approx(UNDAMAGED_SHARE)
    assert weight.sum() == pytest.approx(1)
    assert weight[mated].sum() == pytest.approx(0.5)


def test_no_probe_meets_a_reference_of_its_own_unit() -> None:
    # One person's two units are at right angles: only the other unit gives a cosine of 0.
    own = [Piece("s/a", number, True, False, np.eye(4)[number]) for number in (0, 1)]
    other = [Piece("s/b", number, True, False, np.eye(4)[2]) for number in (0, 1)]
    found = make_trials([*own, *other], VOICE)
    assert found.score[found.mated].tolist() == pytest.approx([0, 0, 1, 1])
    assert found.mated.sum() == 4
    assert (~found.mated).sum() == 4


def test_impostors_come_from_the_same_source() -> None:
    found = make_trials(
        [*pieces(4, 2, spread=0.3), *pieces(1, 2, spread=0.3, source="t")], FACE, impostors=2
    )
    assert (found.source == "t").sum() == 4  # nobody else is of that source: mated trials only
    assert (~found.mated).sum() == 4 * 4 * 2
    assert equal_error_rate(-found.score, found.mated) < 0.2


def test_the_file_holds_the_numbers_and_how_they_were_made(tmp_path: Path) -> None:
    path = tmp_path / "fusion.json"
    FUSION.write(path, {"seed": 3})
    assert PeerFusion.read(path) == FUSION
    assert json.loads(path.read_text())["made_by"] == {"seed": 3}


@pytest.mark.parametrize(
    "text", [None, "{", "[]", '{"format": 1}', '{"format":1,"face":[1],"voice":[1],"joint":[1]}']
)
def test_a_missing_or_garbled_file_says_how_to_make_it(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "fusion.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(WeightsError, match="fit-peer"):
        PeerFusion.read(path)


def test_the_committed_fusion_wants_near_faces_and_alike_voices() -> None:
    fusion = PeerFusion.read()
    near, far = np.array(0.35), np.array(0.8)
    alike, unlike = np.array(0.9), np.array(0.55)
    assert fusion.face_llr(near) > 0 > fusion.face_llr(far)
    assert fusion.voice_llr(alike) > 0 > fusion.voice_llr(unlike)
    assert fusion.joint_llr(near, alike) > 0
    assert max(fusion.joint_llr(far, alike), fusion.joint_llr(near, unlike)) < 0


def fake() -> Peer:
    """Stands for the networks: a picture's and a sound's first values are their vectors."""
    return Peer(
        face=lambda picture: picture[0, :3, 0].astype(np.float32),
        voice=lambda samples: samples[:3],
        fusion=FUSION,
    )


def picture_of(*values: int) -> Picture:
    picture = np.zeros((160, 160, 3), np.uint8)
    picture[0, : len(values), 0] = values
    return picture


def test_the_system_compares_distances_and_directions() -> None:
    peer = fake()
    faces = [peer.face(picture_of(1, 0, 0)), peer.face(picture_of(0, 2, 0))]
    voices = [peer.voice(np.array([1.0, 0, 0, 0], np.float32))]
    reference = peer.reference(faces, voices)  # type: ignore[arg-type]
    voice = peer.voice(np.array([0.8, 0.6, 0, 0], np.float32))
    found = peer.compare(reference, peer.face(picture_of(0, 1, 0)), voice)
    assert found.face == pytest.approx(-20 * 0.5 + 10)
    assert found.voice == pytest.approx(0.0, abs=1e-5)
    assert found.fused == pytest.approx(-0.5 + 40 * 0.8 - 30 * 0.4 - 20, abs=1e-5)


def test_enrolled_speech_is_embedded_in_one_piece() -> None:
    heard: list[int] = []

    def embed(samples: Any) -> Any:
        heard.append(len(samples))
        return np.array([len(samples), 1.0], np.float32)

    peer = Peer(face=lambda picture: picture[0, 0], voice=embed, fusion=FUSION)
    short = [peer.voice(np.ones(count, np.float32)) for count in (3, 4)]
    reference = peer.reference([], short)  # type: ignore[arg-type]
    assert heard == [3, 4, 7]
    assert reference.voice == pytest.approx(np.array([7, 1]) / np.sqrt(50))


def test_a_missing_modality_leaves_the_others_own_llr() -> None:
    peer = fake()
    sound = np.array([0.5, 0.5, 0, 0], np.float32)
    picture = peer.face(picture_of(1, 0, 0))
    reference = peer.reference([peer.face(picture_of(1, 1, 0))], [peer.voice(sound)])  # type: ignore[list-item]
    silence = peer.voice(np.zeros(16_000, np.float32))
    assert silence is None
    face_only = peer.compare(reference, picture, silence)
    assert face_only.voice is None
    assert face_only.fused == face_only.face is not None
    voice_only = peer.compare(reference, None, peer.voice(sound))
    assert voice_only.face is None
    assert voice_only.fused == voice_only.voice is not None
    assert peer.compare(reference, None, None) == (None, None, None)
    assert peer.compare(peer.reference([], []), picture, peer.voice(sound)).fused is None


def test_vectors_are_remembered_in_the_folder(tmp_path: Path) -> None:
    calls: list[int] = []

    class Counting:
        name, size = "counting", 3

        def __call__(self, media: Any, /) -> Any:
            calls.append(1)
            return np.array([1, 2, media[0]], np.float32)

    for _ in range(2):
        embed = system.remembered(Counting(), tmp_path)
        assert embed(np.array([4], np.float32)).tolist() == [1, 2, 4]
    assert len(calls) == 1
    assert (tmp_path / "counting.bin").is_file()
    system.remembered(Counting(), None)(np.array([4], np.float32))
    assert len(calls) == 2


@pytest.mark.parametrize("package", ["dlib", "face_recognition_models", "resemblyzer"])
def test_a_missing_package_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, package: str
) -> None:
    def find(name: str) -> Any:
        found = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
        return None if name == package else found

    monkeypatch.setattr(embedders.importlib.util, "find_spec", find)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "dlib", None)
    monkeypatch.setitem(sys.modules, "resemblyzer", None)
    embedder = embedders.ResemblyzerVoice if package == "resemblyzer" else embedders.DlibFace
    hint = r"pip install 'stream-verifier\[peer\]'.*docs/peer\.md"
    with pytest.raises(MissingExtraError, match=hint):
        embedder()


def test_the_peer_has_no_variant() -> None:
    with pytest.raises(ModelError, match="--system peer"):
        system.load(SystemOptions(variant="tiny"))


def outline(picture: Picture) -> Any:
    """A stand-in for a face network: the picture at 8x8 pixels, its mean taken off."""
    small = cv2.resize(picture, (8, 8), interpolation=cv2.INTER_AREA)[:, :, 0].astype(np.float32)
    return (small - small.mean()).ravel() / 1_000


def spectrum(samples: Any) -> Any:
    """A stand-in for a voice network: level in 24 bands, their mean taken off."""
    power = np.abs(np.fft.rfft(samples, 16_000))[200:1400].reshape(24, 50) ** 2
    levels = np.log(power.mean(axis=1) + 1e-6)
    return (levels - levels.mean()).astype(np.float32)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three made-up people of one source: four blotches and four tones with noise each."""
    root, rng = tmp_path_factory.mktemp("pack"), np.random.default_rng(5)
    faces, voices = ["source,identity,file,flag"], ["source,identity,file,flag,seconds"]
    time_s = np.arange(int(1.6 * 16_000)) / 16_000
    for who in range(3):
        own = rng.integers(60, 200, (8, 8))
        for k in range(4):
            small = np.clip(own + rng.normal(0, 8, (8, 8)), 0, 255).astype(np.uint8)
            large = cv2.resize(small, (160, 160), interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(root / f"{who}{k}.png"), np.dstack([large] * 3))
            faces.append(f"lfw,p{who},{who}{k}.png,")
            tone = 0.3 * np.sin(2 * np.pi * (350 + 300 * who) * time_s)
            noisy = tone + 0.01 * rng.standard_normal(len(time_s))
            write_wav(root / f"{who}{k}.wav", noisy)
            voices.append(f"tones,p{who},{who}{k}.wav,,1.6")
    (root / "faces.csv").write_text("\n".join(faces) + "\n")
    (root / "voices.csv").write_text("\n".join(voices) + "\n")
    return root


def write_wav(path: Path, samples: Any) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((samples * 32_767).astype("<i2").tobytes())


def test_the_fit_is_one_command(
    pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "embedders", lambda cache: (outline, spectrum))
    assert COMMANDS["fit-peer"][0] == command.__name__
    out = tmp_path / "fusion.json"
    assert command.main(["--pack", str(pack), "--out", str(out)]) == 0
    about = json.loads(out.read_text())["made_by"]
    assert about["pictures"] == 3 * 4 * 2
    assert about["pieces_of_speech"] == 3 * 2 * 7
    assert about["face_people"] == about["voice_people"] == 3
    assert max(about["eer_on_these"]["fused"]) < 0.3
    assert '"fused"' in capsys.readouterr().out
    fusion = PeerFusion.read(out)
    assert fusion.face[0] < 0 < fusion.voice[0]


def test_a_pack_with_too_few_people_is_refused(
    pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "embedders", lambda cache: (outline, spectrum))
    for arguments in (["--face-source", "none"], ["--face-people", "1"]):
        with pytest.raises(PackError, match="--face-source"):
            command.main(["--pack", str(pack), "--out", str(tmp_path / "f.json"), *arguments])


@pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in PACKAGES),
    reason="needs the extra peer and resemblyzer (docs/peer.md)",
)
def test_the_real_networks_tell_the_demo_people_apart() -> None:
    peer = system.load(SystemOptions(cache=None))
    people = [(portraits(person), utterances(person)) for person in DEMO_PEOPLE]
    embedded = [([peer.face(p) for p in f], [peer.voice(s) for s in v]) for f, v in people]
    references = [peer.reference(faces[:2], voices[:1]) for faces, voices in embedded]  # type: ignore[arg-type]
    for number, (faces, voices) in enumerate(embedded):
        own = peer.compare(references[number], faces[2], voices[1])
        other = peer.compare(references[1 - number], faces[2], voices[1])
        assert own.face > 0 > other.face  # type: ignore[operator]
        assert own.voice > other.voice  # type: ignore[operator]
        assert own.fused > 0 > other.fused  # type: ignore[operator]


def portraits(person: DemoPerson) -> list[Picture]:
    detector = FaceDetector(WEIGHTS_DIR / "yunet.onnx")
    frames = islice(portrait_frames(person, seconds=3, fps=1.0), 3)
    found = [align(frame, detector.detect(frame)[0].landmarks) for frame in frames]
    return [np.ascontiguousarray(picture[:, :, ::-1]) for picture in found]


def utterances(person: DemoPerson) -> list[Any]:
    return [np.float32(speech(person, seconds=4, seed=seed) / 32_768) for seed in (0, 1)]
