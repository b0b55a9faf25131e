"""Times of towers side by side, and what they cost in error."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.__main__ import main
from model.compress import timing, trade
from model.compress.timing import time_towers, work
from model.compress.trade import compare, equal_error_rates
from model.convert.manifest import update_part
from model.data.packs import Pack
from model.evaluation.metrics import equal_error_rate
from model.evaluation.systems import Llrs
from model.runtime.weights import MANIFEST, Weights
from model.types import FaceSample, Vector, VoiceSample
from tests.support.siamese_media import PatternEmbedder, write_list, write_pack

PEOPLE = 4


class Patterns:
    """Stands for the default system; one from a folder named "blind" sees no faces."""

    embedded = 0

    def __init__(self, folder: Path, cache: Path | None) -> None:
        self._embedder, self._blind = PatternEmbedder(), folder.name == "blind"
        self.model_id = folder.name

    def face(self, picture: Any) -> FaceSample:
        Patterns.embedded += 1
        return self._embedder.face(picture)

    def voice(self, samples: Any) -> VoiceSample | None:
        return self._embedder.voice(samples)

    def reference(
        self, faces: Sequence[FaceSample], voices: Sequence[VoiceSample]
    ) -> tuple[Vector, Vector]:
        return faces[0].vector, voices[0].vector

    def compare(self, reference: Any, face: FaceSample, voice: VoiceSample) -> Llrs:
        pairs = zip((face.vector, voice.vector), reference, strict=True)
        cosines = [float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) for a, b in pairs]
        return Llrs(*cosines, cosines[1] if self._blind else min(cosines))  # type: ignore[call-arg]


KINDS = ("genuine", "impostor_voice", "impostor_face", "impostor_both")


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every person against every other, face and voice apart."""
    root = write_pack(tmp_path_factory.mktemp("pack"), people=PEOPLE)
    chimeras = [(f"p{n}", f"{n}", f"{n}", f"{n}_0.png", f"{n}_0.wav") for n in range(PEOPLE)]
    columns = ("chimera", "face_identity", "voice_identity", "enroll_faces", "enroll_voices")
    write_list(root / "chimeras.csv", columns, chimeras)
    trials = [
        (f"p{who}", KINDS[2 * (who != f) + (who != v)], str(int(who == f == v)),
         f"{f}_1.png", f"{v}_1.wav")
        for who in range(PEOPLE)
        for f in range(PEOPLE)
        for v in range(PEOPLE)
    ]  # fmt: skip
    columns = ("chimera", "kind", "label", "probe_face", "probe_voice")
    write_list(root / "trials.csv", columns, trials)
    return root


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The package's weights, and the same with another face tower's bytes."""
    root, served = tmp_path_factory.mktemp("weights"), Weights.load()
    found = {name: root / name for name in ("served", "blind")}
    for folder in found.values():
        folder.mkdir()
        for part in served.manifest["parts"]:
            shutil.copyfile(served.path(part), folder / served.path(part).name)
        shutil.copyfile(served.directory / MANIFEST, folder / MANIFEST)
    face = found["blind"] / served.path("face_tower").name
    face.write_bytes(face.read_bytes() + bytes(16))  # behind the end, where nobody reads
    update_part("face_tower", face.name, directory=found["blind"])
    return found


def test_a_tower_of_two_folders_is_timed_once(folders: dict[str, Path]) -> None:
    weights = {name: Weights.load(folder) for name, folder in folders.items()}
    steps: list[None] = []
    found = time_towers(weights, [60], 3, advance=lambda: steps.append(None))
    assert len(steps) == work(weights, [60], 3) == 3 * (2 + 1)
    assert list(found["blind"]) == [timing.FACE, "voice 0.62 s"]
    assert found["blind"]["voice 0.62 s"] == found["served"]["voice 0.62 s"]
    assert found["served"]["face"]["ratio"] == found["blind"]["voice 0.62 s"]["ratio"] == 1.0
    for times in found["blind"].values():
        assert all(np.isfinite(value) and value >= 0 for value in times.values())


def test_the_command_times_weighs_and_judges(
    folders: dict[str, Path],
    pack: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(trade, "Default", Patterns)
    names = ",".join(str(folder) for folder in folders.values())
    arguments = ["speed", "--weights", names, "--repeats", "2", "--frames", "48"]
    arguments += ["--pack", str(pack), "--condition", "clean,lowres", "--rounds", "20"]
    arguments += ["--json", str(tmp_path / "a" / "trade.json"), "--cache", str(tmp_path)]
    assert main([*arguments, "--markdown", str(tmp_path / "trade.md")]) == 0
    lines = (tmp_path / "trade.md").read_text().splitlines()
    assert "\n".join(lines) in capsys.readouterr().out
    assert lines[2].startswith("| served |")
    assert lines[2].endswith("| yes |")
    assert lines[3].startswith("| blind |")
    assert lines[3].endswith("| no |")
    assert len({line.count("|") for line in lines}) == 1
    found = json.loads((tmp_path / "a" / "trade.json").read_text())["folders"]
    served = Weights.load()
    assert found["blind"]["face_bytes"] == served.path("face_tower").stat().st_size + 16
    assert found["served"]["model_id"] == served.model_id != found["blind"]["model_id"]
    assert list(found["blind"]["eer"]) == ["clean", "lowres"]


def test_judges_on_the_same_probes_each_embedded_once_a_tower(
    folders: dict[str, Path], pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trade, "Default", Patterns)
    monkeypatch.setattr(Patterns, "embedded", 0)
    rows = equal_error_rates(Pack(pack), folders, ["clean"], rounds=50, cache=None)
    served, blind = rows["served"]["clean"], rows["blind"]["clean"]
    assert (served["trials"], served["people"]) == (PEOPLE**3, PEOPLE)
    assert served["eer"] == 0
    assert served["accepted"]
    assert served["ratio"] is None
    assert blind["eer"] > 0
    assert not blind["accepted"]
    assert Patterns.embedded == 2 * 2 * PEOPLE  # two towers, a reference and a probe each


def scores(count: int, apart: float, *, seed: int) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    mated, person = rng.random(count) < 0.4, rng.integers(0, 12, count)
    return np.where(mated, apart, -apart) + rng.standard_normal(count), mated, person


def test_is_accepted_where_the_error_is_hardly_higher() -> None:
    llr, mated, person = scores(2000, 1.0, seed=1)
    worse, better = llr - 1.5 * mated * (person < 4), llr + mated * (person < 4)
    first, same, bad, good = compare(
        np.stack([llr, 3 * llr - 1, worse, better]), mated, person, rounds=200
    )
    assert first["eer"] == pytest.approx(equal_error_rate(llr, mated))
    assert same == first
    assert first["ratio"] == 1.0
    assert first["ratio_interval"] == [1.0, 1.0]
    assert [row["accepted"] for row in (first, same, bad, good)] == [True, True, False, True]
    for row in (first, bad, good):
        assert row["interval"][0] < row["eer"] < row["interval"][1]
    # On the same draws of people, the ratio is surer than two intervals that overlap.
    assert 1 < bad["ratio_interval"][0] < bad["ratio"] < bad["ratio_interval"][1]
    assert good["ratio_interval"][1] < 1


def test_a_trial_that_one_system_could_not_score_counts_for_none() -> None:
    llr, mated, person = scores(400, 1.0, seed=2)
    gone = np.arange(400) % 5 == 0
    holey = np.where(gone, np.nan, llr)
    first, second = compare(np.stack([llr, holey]), mated, person, rounds=0)
    assert first == second
    assert first["trials"] == 320
    assert first["eer"] == pytest.approx(equal_error_rate(llr[~gone], mated[~gone]))
    assert first["interval"] is None


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(["--frames", "3s"], "whole numbers"), (["--weights", "a,a"], "once")],
)
def test_says_what_is_wrong(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["speed", *arguments]) == 1
    assert complaint in capsys.readouterr().err
