from __future__ import annotations

from pathlib import Path

from model.card.packs import packs, split_recordings
from model.data.packs import Pack


def write_pack(root: Path, *, originals: bool) -> Path:
    """Two made-up people, one of them enrolled and probed with pieces of one recording."""
    root.mkdir()
    extra = ",original" if originals else ""
    voices = [f"source,identity,file,seconds,flag{extra}"]
    for who, parts in (("a", ["r1", "r1", "r2"]), ("b", ["r3", "r4", ""])):
        for number, part in enumerate(parts):
            name = f"{who}{number}.flac"
            (root / name).touch()
            voices.append(f"told,{who},{name},30,{',' + part if originals else ''}")
    (root / "rain.flac").touch()
    voices.append("rain_noise,rain,rain.flac,60," + ("," if originals else ""))
    (root / "voices.csv").write_text("\n".join(voices))
    for who in "ab":
        (root / f"{who}.jpg").touch()
    faces = [f"drawn,{who},{who}.jpg," for who in "ab"]
    (root / "faces.csv").write_text("\n".join(["source,identity,file,flag", *faces]))
    chimeras = ["chimera,face_identity,voice_identity,enroll_faces,enroll_voices"]
    trials = ["chimera,kind,label,probe_face,probe_voice"]
    for who in "ab":
        chimeras.append(f"{who},drawn/{who},told/{who},{who}.jpg,{who}0.flac")
        trials.append(f"{who},genuine,1,{who}.jpg,{who}1.flac+{who}2.flac")
    trials.append("b,impostor_voice,0,b.jpg,a1.flac")
    (root / "chimeras.csv").write_text("\n".join(chimeras))
    (root / "trials.csv").write_text("\n".join(trials))
    return root


def test_packs_are_counted(tmp_path: Path) -> None:
    told = packs([write_pack(tmp_path / "one", originals=True)])
    assert "| one, drawn | faces | 2 | 2 | - |" in told
    assert "| one, told | speech | 2 | 6 | 3.0 |" in told
    assert "| one, rain_noise | noise | - | 1 | 1.0 |" in told
    assert "2 made-up people in 3 trials; 1 of them are enrolled and probed with" in told


def test_packs_that_do_not_tell_recordings_apart_say_so(tmp_path: Path) -> None:
    roots = [write_pack(tmp_path / name, originals=False) for name in ("one", "two")]
    assert split_recordings(Pack(roots[0])) is None
    told = packs(roots)
    assert "do not say which pieces of speech are of one recording" in told
    assert "In both `one` and `two`: 2 faces' people and 2 voices' people." in told


def test_dev_people_who_split_a_recording_are_counted(data_dir: Path) -> None:
    pack = Pack(data_dir / "dev")
    split = split_recordings(pack)
    assert split is not None
    assert 0 < split < len(pack.chimeras)
