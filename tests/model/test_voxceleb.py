from __future__ import annotations

import csv
import shutil
from collections import Counter
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from matplotlib import cbook
from skimage import data

from model.__main__ import main
from model.data.align import TEMPLATE
from model.data.faces import FaceAligner
from model.data.media import Picture, join_voices, read_image, read_picture, read_voice
from model.data.packs import Pack
from model.data.voxceleb import ListedTrial, Person, VoxTree, read_trials
from model.data.voxceleb_command import make_pack
from model.data.voxceleb_pack import spread
from model.errors import PackError
from model.runtime.weights import Weights

META = """VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet
id10001\tGrace_Hopper\tf\tUSA\tdev
id10002\tEileen_Collins\tf\tUSA\ttest
"""


def write_tone(path: Path, hertz: float, seconds: float) -> None:
    time_s = np.arange(int(seconds * 16_000)) / 16_000
    samples = (0.2 * np.sin(2 * np.pi * hertz * time_s) * 32767).astype(np.int16)
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=16_000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def portraits() -> dict[str, Picture]:
    """Head and shoulders of two people, as face crops come: about 200 pixels wide."""
    grace = read_image(Path(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))))
    eileen = data.astronaut()
    return {
        "Grace_Hopper": cv2.resize(grace[40:440, 80:430], (210, 240)),
        "id10002": np.ascontiguousarray(eileen[20:240, 120:320]),
    }


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people with three videos of two utterances and two crops; one's crops lie by name."""
    root = tmp_path_factory.mktemp("vox")
    for number, (folder, portrait) in enumerate(portraits().items()):
        for video in range(3):
            for k in range(2):
                place = f"id1000{number + 1}/video{video}/0000{k + 1}.wav"
                write_tone(root / "wav" / place, 200 + 100 * number + 10 * video + k, 3.2 + 0.1 * k)
                crop = root / f"unzippedFaces/{folder}/1.6/video{video}/00{k}.jpg"
                crop.parent.mkdir(parents=True, exist_ok=True)
                shifted = portrait[3 * video :, 4 * k :, ::-1]
                cv2.imwrite(str(crop), shifted)
    (root / "vox1_meta.csv").write_text(META)
    return root


@pytest.fixture
def tree(grown: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(grown, tmp_path / "tree"))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_people_come_with_what_the_metadata_tells(grown: Path) -> None:
    tree = VoxTree(grown)
    grace, eileen = tree.people()
    assert grace == Person("id10001", "Grace_Hopper", "f", "USA", "dev")
    assert eileen.part == "test"
    assert [f.name for f in tree.crops(grace)["video1"]] == ["000.jpg", "001.jpg"]
    assert (
        set(tree.crops(eileen)) == set(tree.utterances(eileen)) == {f"video{k}" for k in range(3)}
    )


def test_the_second_data_set_s_metadata_is_read_too(tree: Path) -> None:
    (tree / "vox1_meta.csv").unlink()
    (tree / "vox2_meta.csv").write_text(
        "VoxCeleb2 ID ,VGGFace2 ID ,Gender ,Set \nid10001 ,n7 ,m ,dev \n"
    )
    assert VoxTree(tree).people() == [Person("id10001", "n7", "m", "", "dev"), Person("id10002")]


def test_a_spreadsheet_s_metadata_is_read_or_refused_in_words(tree: Path) -> None:
    (tree / "vox1_meta.csv").write_text(META.replace("\t", ";"), encoding="utf-8-sig")
    assert VoxTree(tree).people()[0] == Person("id10001", "Grace_Hopper", "f", "USA", "dev")
    (tree / "vox1_meta.csv").write_text(META.replace("Hopper", "Höpper"), encoding="latin1")
    with pytest.raises(PackError, match="not in UTF-8"):
        VoxTree(tree)


def test_a_pack_of_drawn_trials(grown: Path, tmp_path: Path) -> None:
    made = make_pack(grown, tmp_path / "pack")
    pack = Pack(tmp_path / "pack")
    assert (made.people, made.faces, made.voices) == (2, 12, 12)
    assert made.notes.lines() == []
    assert Counter(t.kind for t in pack.trials) == dict.fromkeys(
        ("genuine", "impostor_both", "impostor_voice", "impostor_face"), 8
    )
    for trial in pack.trials:
        own = trial.chimera.split("/")[1]
        face, voice = (
            own in str(path.relative_to(pack.root)) for path in (trial.face, trial.voices[0])
        )
        assert (face, voice) == {
            "genuine": (True, True),
            "impostor_both": (False, False),
            "impostor_voice": (True, False),
            "impostor_face": (False, True),
        }[trial.kind]
        assert "video0" not in f"{trial.face}{trial.voices}"
        assert trial.mated == (trial.kind == "genuine")
    assert all("video0" in str(path) for c in pack.chimeras.values() for path in c.voices + c.faces)
    assert len(read_voice(pack.voices[0].path)) == pytest.approx(16_000 * pack.voices[0].seconds)
    assert rows(pack.root / "faces.csv")[0]["nationality"] == "USA"
    assert rows(pack.root / "voices.csv")[0]["gender"] == "f"


def test_the_same_seed_draws_the_same_trials(grown: Path, tmp_path: Path) -> None:
    lists = [make_pack(grown, tmp_path / "p", seed=seed).lists for seed in (3, 3)]
    assert lists[0] == lists[1]


def test_faces_are_aligned_on_the_template(grown: Path, tmp_path: Path) -> None:
    make_pack(grown, tmp_path / "pack")
    detector = cv2.FaceDetectorYN.create(str(Weights.load().path("face_detector")), "", (160, 160))
    for sample in Pack(tmp_path / "pack").faces[::3]:
        found = detector.detect(np.ascontiguousarray(read_picture(sample.path)[:, :, ::-1]))[1]
        away = np.abs(found[0][4:14].reshape(5, 2) - TEMPLATE)
        assert away.mean() < 4


def test_a_pack_of_a_trial_list(grown: Path, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(
        "1 id10001/video0/00001.wav id10001/video2/00002.wav\n"
        "0 id10001/video0/00001.wav id10002/video1/00001.wav\n"
        "1 id10002/video1/00002.wav id10002/video2/00001.wav\n"
    )
    made = make_pack(grown, tmp_path / "pack", trials=tmp_path / "list.txt")
    pack = Pack(tmp_path / "pack")
    assert [t.kind for t in pack.trials] == ["genuine", "impostor_both", "genuine"]
    assert list(pack.chimeras) == ["id10001/video0/00001", "id10002/video1/00002"]
    first = pack.chimeras["id10001/video0/00001"]
    assert [path.name for path in first.voices] == ["00001.wav"]
    assert {path.parent.name for path in first.faces} == {"video0"}
    assert pack.trials[1].face.parent.name == "video1"
    assert pack.trials[1].face.parent.parent.name == "id10002"
    heard = join_voices(pack.trials[0].voices)
    assert np.array_equal(heard, read_voice(grown / "wav/id10001/video2/00002.wav"))
    assert made.people == 2
    assert "video1" not in {row["session"] for row in rows(pack.root / "voices.csv")[:2]}


def test_bad_media_are_skipped_and_named(tree: Path, tmp_path: Path) -> None:
    (tree / "wav/id10001/video1/00001.wav").write_bytes(b"no sound")
    (tree / "unzippedFaces/id10002/1.6/video1/000.jpg").write_bytes(b"no picture")
    cv2.imwrite(
        str(tree / "unzippedFaces/id10002/1.6/video1/001.jpg"), np.full((90, 90, 3), 128, np.uint8)
    )
    notes = make_pack(tree, tmp_path / "pack").notes
    assert len(notes.skipped) == 3
    assert "files skipped: 3" in notes.lines()
    assert any("001.jpg: no face was found" in line for line in notes.lines())
    assert len(Pack(tmp_path / "pack").voices) == 11


def test_names_that_the_lists_could_not_tell_apart_are_skipped(tree: Path, tmp_path: Path) -> None:
    shutil.copytree(tree / "wav/id10001", tree / "wav/a;b")
    shutil.copytree(tree / "unzippedFaces/Grace_Hopper", tree / "unzippedFaces/a;b")
    (tree / "wav/id10001/video1").rename(tree / "wav/id10001/video+1")
    (tree / "unzippedFaces/id10002/1.6/video1").rename(tree / "unzippedFaces/id10002/1.6/video+1")
    notes = make_pack(tree, tmp_path / "pack").notes
    pack = Pack(tmp_path / "pack")
    assert list(pack.chimeras) == ["voxceleb/id10001", "voxceleb/id10002"]
    assert all(path.is_file() for trial in pack.trials for path in trial.voices)
    assert len(notes.skipped) == 6 + 6 + 2
    assert sum("video+1" in row["file"] for row in rows(pack.root / "faces.csv")) == 2
    assert any("a;b/video0/00001.wav" in line for line in notes.lines())


def test_a_listed_trial_without_a_face_is_left_out(tree: Path, tmp_path: Path) -> None:
    shutil.rmtree(tree / "unzippedFaces/id10002/1.6/video1")
    (tmp_path / "list.txt").write_text(
        "0 id10001/video0/00001.wav id10002/video1/00001.wav\n"
        "1 id10001/video0/00001.wav id10001/video1/00001.wav\n"
    )
    made = make_pack(tree, tmp_path / "pack", trials=tmp_path / "list.txt")
    assert made.lists.left_out == 1
    assert len(Pack(tmp_path / "pack").trials) == 1


def test_a_second_run_takes_the_faces_of_the_first(grown: Path, tmp_path: Path) -> None:
    make_pack(grown, tmp_path / "pack")
    faces = sorted((tmp_path / "pack/faces160").rglob("*.jpg"))
    times = [face.stat().st_mtime_ns for face in faces]
    make_pack(grown, tmp_path / "pack")
    assert [face.stat().st_mtime_ns for face in faces] == times


def test_one_video_is_halved(tree: Path, tmp_path: Path) -> None:
    for folder in ("wav/id10001", "unzippedFaces/Grace_Hopper/1.6"):
        for video in (1, 2):
            shutil.rmtree(tree / folder / f"video{video}")
    pack = make_pack(tree, tmp_path / "pack").lists
    own = [t for t in pack.trials if t["chimera"] == "voxceleb/id10001"]
    enrolled = pack.chimeras[0]["enroll_faces"] + pack.chimeras[0]["enroll_voices"]
    assert own[0]["kind"] == "genuine"
    assert own[0]["probe_face"] not in enrolled
    assert own[0]["probe_voice"] not in enrolled


def test_the_command_says_what_it_made(
    grown: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["voxceleb", "--root", str(grown), "--out", str(tmp_path / "pack")]) == 0
    assert "2 people, 12 faces, 12 recordings" in capsys.readouterr().out
    assert (
        main(["voxceleb", "--root", str(grown), "--out", str(tmp_path / "p"), "--set", "dev"]) == 1
    )
    assert "two people or more" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("1 id1/v/1.wav\n", "line 1"),
        ("1 a/b/c.wav a/b/d.wav\n\n2 a/b/c.wav a/b/d.wav\n", "line 3"),
        ("1 a/b.wav a/b/d.wav\n", "PERSON/VIDEO/UTTERANCE"),
    ],
)
def test_a_bad_trial_list_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(PackError, match=message):
        read_trials(tmp_path / "list.txt")


def test_a_trial_list_of_an_editor_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("1 a/b/c.wav a/b/d.wav\n", encoding="utf-8-sig")
    assert read_trials(tmp_path / "list.txt")[0].mated
    (tmp_path / "list.txt").write_text("1 ä/b/c.wav a/b/d.wav\n", encoding="latin1")
    with pytest.raises(PackError, match="not in UTF-8"):
        read_trials(tmp_path / "list.txt")


def test_a_trial_list_may_name_another_suffix(grown: Path, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("0 id10001/video0/00001.m4a id10002/video1/00001.m4a\n")
    listed = read_trials(tmp_path / "list.txt")
    VoxTree(grown).check(listed)
    side = ("id10001", "video0", "00001")
    assert listed == [ListedTrial(False, side, ("id10002", "video1", "00001"))]


def test_an_utterance_that_is_not_there_is_named(grown: Path) -> None:
    missing = ListedTrial(True, ("id10001", "video0", "00001"), ("id10001", "video9", "00001"))
    with pytest.raises(PackError, match="id10001/video9/00001"):
        VoxTree(grown).check([missing])


def test_another_layout_is_refused(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(PackError, match="no folder wav or aac"):
        VoxTree(tmp_path)
    (tree / "vox1_meta.csv").write_text(META + "id10003\tShort\n")
    with pytest.raises(PackError, match="row of 2 columns, not 5: id10003"):
        VoxTree(tree)


def test_a_pack_is_not_mixed_of_two_trees(grown: Path, tree: Path, tmp_path: Path) -> None:
    make_pack(grown, tmp_path / "pack")
    with pytest.raises(PackError, match="another folder"):
        make_pack(tree, tmp_path / "pack")


def test_a_large_picture_is_searched_small_and_aligned_whole() -> None:
    aligner = FaceAligner(Weights.load())
    image = data.astronaut()
    large = cv2.resize(image, (1536, 1536), interpolation=cv2.INTER_CUBIC)
    whole, shrunk = aligner.aligned(large), aligner.aligned(image)
    assert np.abs(whole.astype(float) - shrunk)[24:136, 24:136].mean() < 12
    with pytest.raises(PackError, match="no face"):
        aligner.aligned(np.zeros((100, 100, 3), np.uint8))


def test_pictures_are_taken_from_all_over() -> None:
    files = [Path(f"{k:03}.jpg") for k in range(90)]
    chosen = [int(path.stem) for path in spread(files, 9)]
    assert len(set(chosen)) == 9
    assert chosen[:3] == sorted(chosen[:3])
    assert chosen[1] - chosen[0] == chosen[2] - chosen[1] == 30
    assert sorted(spread(files[:4], 9)) == files[:4]
