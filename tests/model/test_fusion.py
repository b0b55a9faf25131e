from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import WeightsError
from model.evaluation.metrics import cllr, min_cllr
from model.fusion import crossval, fit, material, rivals
from model.runtime.fusion import CalibratedFusion, Joint, load_comparator
from model.runtime.weights import Weights
from model.types import FaceQuality, FaceSample, Reference, VoiceQuality, VoiceSample

LLRS = st.floats(-5, 5)


@pytest.fixture(scope="module")
def shipped() -> CalibratedFusion:
    return load_comparator(Weights.load())


@pytest.fixture
def description() -> dict[str, Any]:
    path = Weights.load().path("fusion")
    return dict(json.loads(path.read_text()))


def direction(size: int, seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).standard_normal(size)
    return vector / np.linalg.norm(vector)


REFERENCE = Reference(
    model_id="test",
    face=direction(128, 1).astype(np.float32),
    voice=direction(192, 2).astype(np.float32),
    face_count=3,
    speech_s=9.0,
)


def at_cosine(reference: np.ndarray, cosine: float, norm: float) -> np.ndarray:
    other = direction(len(reference), 7)
    other -= (other @ reference) * reference
    other /= np.linalg.norm(other)
    vector = cosine * reference + np.sqrt(1 - cosine**2) * other
    return (norm * vector).astype(np.float32)


def face(cosine: float, *, norm: float = 12.0, sharpness: float = 200.0) -> FaceSample:
    quality = FaceQuality(100.0, sharpness, 0.0, 0.0, 0.5, 0.2, 0.9)
    return FaceSample(at_cosine(REFERENCE.face, cosine, norm), quality)


def voice(cosine: float, *, speech_s: float = 3.0, snr_db: float = 30.0) -> VoiceSample:
    vector = at_cosine(REFERENCE.voice, cosine, 7.5)
    return VoiceSample(vector, VoiceQuality(speech_s, snr_db, -25.0))


def test_all_four_kinds_come_out_right(shipped: CalibratedFusion) -> None:
    fused = {
        (f, v): shipped.compare(REFERENCE, face(f), voice(v)).llr_fused
        for f in (0.1, 0.75)
        for v in (0.1, 0.8)
    }
    assert fused[0.75, 0.8] > 2
    assert all(llr < -1.5 for pair, llr in fused.items() if pair != (0.75, 0.8))


def test_a_very_good_face_does_not_outvote_a_wrong_voice(shipped: CalibratedFusion) -> None:
    found = shipped.compare(REFERENCE, face(1.0), voice(0.05))
    assert found.llr_face > 4
    assert found.llr_fused < found.llr_voice + 2 < 0


def test_a_missing_modality_leaves_the_other_s_own_llr(shipped: CalibratedFusion) -> None:
    both = shipped.compare(REFERENCE, face(0.6), voice(0.6))
    only_face = shipped.compare(REFERENCE, face(0.6), None)
    only_voice = shipped.compare(REFERENCE, None, voice(0.6))
    nothing = shipped.compare(REFERENCE, None, None)
    assert only_face.llr_fused == only_face.llr_face == both.llr_face
    assert only_voice.llr_fused == only_voice.llr_voice == both.llr_voice
    assert only_face.voice_cosine is None and only_voice.face_cosine is None
    assert nothing.llr_fused is None


def test_cosines_are_those_of_the_vectors(shipped: CalibratedFusion) -> None:
    found = shipped.compare(REFERENCE, face(0.42), voice(0.31))
    assert found.face_cosine == pytest.approx(0.42, abs=1e-5)
    assert found.voice_cosine == pytest.approx(0.31, abs=1e-5)


@given(st.floats(-0.9, 0.9), st.floats(0.01, 0.5), st.floats(1, 30), st.floats(0, 3000))
def test_face_llr_never_falls_with_the_cosine(
    cosine: float, step: float, norm: float, sharpness: float
) -> None:
    comparator = load_comparator(Weights.load())
    low, high = (
        comparator.compare(REFERENCE, face(c, norm=norm, sharpness=sharpness), None).llr_face
        for c in (cosine, min(1.0, cosine + step))
    )
    assert low <= high + 1e-6


def test_llrs_stay_within_what_the_data_supports(
    shipped: CalibratedFusion, description: dict[str, Any]
) -> None:
    for quality in (-1e6, 0.0, 1e6):
        for cosine in (-1.0, 1.0):
            sample = voice(cosine, speech_s=max(0.0, quality), snr_db=quality)
            found = shipped.compare(REFERENCE, face(cosine, sharpness=abs(quality)), sample)
            assert abs(found.llr_face) <= description["face"]["limit"]
            assert abs(found.llr_voice) <= description["voice"]["limit"]
            assert abs(found.llr_fused) <= description["joint"]["limit"]


def test_an_empty_vector_is_no_evidence_of_identity(shipped: CalibratedFusion) -> None:
    silent = VoiceSample(np.zeros(192, np.float32), VoiceQuality(0.0, 0.0, -90.0))
    assert shipped.compare(REFERENCE, None, silent).llr_voice < 0


def test_operating_points_are_in_order_and_can_be_reached(shipped: CalibratedFusion) -> None:
    points = shipped.operating_points
    assert set(points) == {"fmr_1e-2", "fmr_1e-3", "balanced"}
    assert points["fmr_1e-2"] <= points["fmr_1e-3"]
    best = shipped.compare(REFERENCE, face(1.0), voice(1.0)).llr_fused
    assert best > points["fmr_1e-3"]


def test_the_file_says_what_made_it(description: dict[str, Any]) -> None:
    made_by = description["made_by"]
    assert made_by["towers"] == Weights.load().model_id
    assert made_by["voice_people"] > 100
    assert 0 < made_by["held_out"]["joint"]["eer"] < 0.1


@pytest.mark.parametrize("field", ["face", "voice", "flattening", "joint", "points", "format"])
def test_garbled_weights_are_refused(description: dict[str, Any], field: str) -> None:
    for wrong in ({k: v for k, v in description.items() if k != field}, {**description, field: 7}):
        with pytest.raises(WeightsError):
            CalibratedFusion(wrong)


def test_weights_without_a_fusion_are_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"format": 1, "space": "none", "parts": {}}')
    with pytest.raises(WeightsError, match="fusion"):
        load_comparator(Weights.load(tmp_path))


JOINT = Joint((1 / 3, 1 / 3, 1 / 3), 1.0, 0.0, 20.0)


@given(LLRS, LLRS, st.floats(0, 3))
def test_the_joint_llr_rises_in_both_and_is_symmetric(f: float, v: float, step: float) -> None:
    assert JOINT.llr(f, v) == pytest.approx(float(JOINT.llr(v, f)))
    assert JOINT.llr(f + step, v) >= JOINT.llr(f, v) - 1e-12
    assert JOINT.llr(f, v) <= min(f, v) + np.log(3) + 1e-9


@given(LLRS, LLRS)
def test_the_joint_llr_is_the_likelihood_ratio_of_the_mixture(f: float, v: float) -> None:
    mixture = (np.exp(-f - v) + np.exp(-f) + np.exp(-v)) / 3
    assert float(JOINT.llr(f, v)) == pytest.approx(-np.log(mixture))


def made_up_probes(people: int = 60, size: int = 24) -> material.Probes:
    """People of two sources; every vector is the person's plus noise, which one source has more."""
    rng = np.random.default_rng(5)
    rows: dict[str, list[Any]] = {"v": [], "q": [], "p": [], "u": [], "c": []}
    for person in range(people):
        mean = 1.5 * rng.standard_normal(size)
        for unit in range(4):
            for copy in range(3):
                spread = (0.3, 0.8, 2.0)[copy]
                rows["v"].append(mean + spread * rng.standard_normal(size))
                rows["q"].append([-np.log(spread), rng.standard_normal()])
                rows["p"].append(person)
                rows["u"].append(unit)
                rows["c"].append(copy == 0)
    return material.Probes(
        vectors=np.array(rows["v"]),
        qualities=np.array(rows["q"]),
        person=np.array(rows["p"]),
        unit=np.array(rows["u"]),
        clean=np.array(rows["c"]),
        noise_db=np.zeros(len(rows["c"])),
        names=tuple(f"{'ab'[k % 2]}/{k:03d}" for k in range(people)),
    )


def test_references_never_hold_the_probe() -> None:
    probes = made_up_probes()
    lone = material.Probes(
        **{
            **{f: getattr(probes, f) for f in ("qualities", "person", "unit", "clean")},
            "vectors": np.eye(len(probes.person))[:, : len(probes.person)],
            "noise_db": probes.noise_db,
            "names": probes.names,
        }
    )
    trials = material.make_trials(lone)
    assert trials.cosine[trials.mated].max() == 0


def test_impostors_are_others_of_the_same_source() -> None:
    probes = made_up_probes()
    trials = material.make_trials(probes, impostors=5)
    assert trials.mated.sum() == len(probes.person)
    assert (~trials.mated).sum() == 5 * len(probes.person)
    assert trials.weight[trials.mated].sum() == pytest.approx(0.5)
    assert trials.weight.sum() == pytest.approx(1.0)


def test_quality_makes_the_calibration_careful_with_poor_probes() -> None:
    probes = made_up_probes()
    trials = material.make_trials(probes)
    aware = fit.fit_calibration(trials, fit.Options(qualities=(0,)), limit=10)
    blind = fit.fit_calibration(trials, fit.Options(qualities=()), limit=10)
    costs = [cllr(m.llr(trials.cosine, trials.qualities), trials.mated) for m in (aware, blind)]
    assert costs[0] < 0.9 * costs[1]
    good, poor = (aware.llr(0.8, np.array([q, 0.0])) for q in (-np.log(0.3), -np.log(2.0)))
    assert good > poor or aware.llr(0.1, np.array([-np.log(0.3), 0.0])) < aware.llr(
        0.1, np.array([-np.log(2.0), 0.0])
    )
    assert aware.slope[2] == blind.slope[1] == 0


def test_flattening_damps_what_varies_within_people() -> None:
    probes = made_up_probes()
    shaken = probes.vectors.copy()
    shaken[:, 0] += 6 * np.random.default_rng(1).standard_normal(len(shaken))
    noisy = material.Probes(
        shaken, probes.qualities, probes.person, probes.unit, probes.clean, probes.noise_db,
        probes.names,
    )  # fmt: skip
    everybody = np.ones(len(probes.names), bool)
    flattening = fit.fit_flattening(noisy, everybody, fit.Options(directions=3, centring=0.0))
    assert abs(flattening.directions[0, 0]) > 0.95
    assert flattening.gains[0] < 0.6
    plain, flat = material.make_trials(noisy), material.make_trials(noisy, flattening.apply)
    assert min_cllr(flat.cosine, flat.mated) < min_cllr(plain.cosine, plain.mated)


def test_held_out_scores_join_into_calibrated_trials_of_all_kinds() -> None:
    probes = made_up_probes()
    options = fit.Options(directions=3, qualities=(0,))
    scored = crossval.held_out_voice(probes, options)
    joined = crossval.join(crossval.held_out_face(probes, options), scored, per_kind=2000)
    assert np.bincount(joined.kind).tolist() == [4000] * 4
    assert joined.weight[joined.mated].sum() == pytest.approx(0.5)
    joint = fit.fit_joint(joined.face, joined.voice, joined.mated, joined.weight, limit=9)
    llr = joint.llr(joined.face, joined.voice)
    assert cllr(llr, joined.mated) < 1.2 * min_cllr(llr, joined.mated)


def test_rivals_are_measured_on_what_they_did_not_see() -> None:
    probes = made_up_probes()
    options = fit.Options(directions=3, qualities=(0,))
    voice_scores = crossval.held_out_voice(probes, options)
    joined = crossval.join(crossval.held_out_face(probes, options), voice_scores, per_kind=500)
    costs = {
        name: cllr(rivals.left_out(joined, rival), joined.mated)
        for name, rival in rivals.RIVALS.items()
    }
    assert costs["joint"] < costs["linear"]
    assert max(costs.values()) < 0.2
