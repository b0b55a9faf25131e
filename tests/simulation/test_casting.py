from __future__ import annotations

from pathlib import Path

import pytest

from model.data.packs import Pack, Sample
from stream_verifier.simulation.casting import More, cast_people, plan_takes, with_other_files

MORE: tuple[More, More] = ("kept", "added")
FACES = "source,identity,file,flag"
VOICES = "source,identity,file,seconds,flag"
CHIMERAS = "chimera,face_identity,voice_identity,enroll_faces,enroll_voices"


def write_pack(
    root: Path, pictures: dict[str, int], seconds: dict[str, list[float]], chimeras: list[str]
) -> Pack:
    """A pack of empty files; people are named source/name."""
    faces, voices = [FACES], [VOICES]
    for who, count in pictures.items():
        names = [f"{who.replace('/', '-')}-{number}.jpg" for number in range(count)]
        faces += [f"{who.replace('/', ',')},{name}," for name in names]
        _touch(root, names)
    for who, lengths in seconds.items():
        names = [f"{who.replace('/', '-')}-{number}.wav" for number in range(len(lengths))]
        rows = zip(names, lengths, strict=True)
        voices += [f"{who.replace('/', ',')},{name},{length}," for name, length in rows]
        _touch(root, names)
    (root / "faces.csv").write_text("\n".join(faces))
    (root / "voices.csv").write_text("\n".join(voices))
    if chimeras:
        (root / "chimeras.csv").write_text("\n".join([CHIMERAS, *chimeras]))
    return Pack(root)


def _touch(root: Path, names: list[str]) -> None:
    for name in names:
        (root / name).touch()


def files(*seconds: float) -> list[Sample]:
    return [Sample("s", "s/a", Path(f"{n}.wav"), length) for n, length in enumerate(seconds)]


def test_listed_people_show_and_say_what_did_not_enrol_them(tmp_path: Path) -> None:
    pack = write_pack(
        tmp_path,
        {"a/ada": 4, "a/bob": 5, "a/eve": 3},
        {"v/ada": [4.0] * 4, "v/bob": [4.0] * 5, "v/eve": [4.0] * 5},
        [
            f"{who},a/{who},v/{who},a-{who}-0.jpg;a-{who}-1.jpg,v-{who}-0.wav;v-{who}-1.wav"
            for who in ("ada", "bob", "eve")
        ],
    )
    ada, bob = cast_people(pack)
    assert (ada.name, bob.name) == ("ada", "bob")
    assert {path.name for path in ada.faces} == {"a-ada-2.jpg", "a-ada-3.jpg"}
    assert {path.name for path in ada.takes[0].files} == {"v-ada-2.wav", "v-ada-3.wav"}
    assert [path.name for path in ada.enrol_faces] == ["a-ada-0.jpg", "a-ada-1.jpg"]
    assert ada.face_source == "a"
    assert ada.voice_source == "v"
    assert pack.notes.left_out == {"eve": 4}


def test_people_are_made_up_where_none_are_listed(tmp_path: Path) -> None:
    pictures = {f"a/{number}": 4 + number % 3 for number in range(9)}
    seconds = {f"v/{number}": [3.5] * 6 for number in range(9)} | {"v/short": [3.0] * 4}
    pack = write_pack(tmp_path, pictures, seconds, [])
    cast = cast_people(pack, seed=1)
    assert cast == cast_people(pack, seed=1) != cast_people(pack, seed=2)
    assert len(cast) == 6  # as many as have 5 pictures
    assert len({role.face_identity for role in cast}) == len(cast)
    assert len({role.voice_identity for role in cast}) == len(cast)
    assert "v/short" not in {role.voice_identity for role in cast}
    for role in cast:
        assert len(role.enrol_faces) == 3
        assert len(role.enrol_voices) == 3
        assert not set(role.enrol_faces) & set(role.faces)
        said = {file for take in role.takes for file in take.files}
        assert not set(role.enrol_voices) & said


def test_another_draw_enrols_and_speaks_other_recordings_of_the_same_people(tmp_path: Path) -> None:
    pack = write_pack(
        tmp_path,
        {"a/ada": 4, "a/bob": 4},
        {"v/ada": [3.5] * 12, "v/bob": [30.0, 6.0]},
        [f"ada,a/ada,v/ada,a-ada-0.jpg,{';'.join(f'v-ada-{n}.wav' for n in range(3))}"]
        + ["bob,a/bob,v/bob,a-bob-0.jpg,v-bob-0.wav"],
    )
    cast = cast_people(pack)
    draws = [with_other_files(cast, pack, draw=draw) for draw in range(8)]
    assert draws[1] == with_other_files(cast, pack, draw=1)
    assert len({ada.enrol_voices for ada, _ in draws}) == len(draws)
    for ada, _ in draws:
        assert len(ada.enrol_voices) == 3
        assert not set(ada.enrol_voices) & {file for take in ada.takes for file in take.files}
        assert (ada.name, ada.faces, ada.enrol_faces) == ("ada", cast[0].faces, cast[0].enrol_faces)
    assert {bob.enrol_voices[0].name for _, bob in draws} == {"v-bob-0.wav", "v-bob-1.wav"}
    kept, added = (with_other_files(cast, pack, draw=1, more=more)[0] for more in MORE)
    assert kept.takes == added.takes
    assert kept.enrol_voices == draws[1][0].enrol_voices == added.enrol_voices[:3]
    spoken = {file for take in added.takes for file in take.files}
    assert len({*added.enrol_voices} | spoken) == 12
    assert len(spoken) == 6


def test_who_would_have_nothing_left_to_say_keeps_what_is_listed(tmp_path: Path) -> None:
    listed = ["ada,a/ada,v/ada,a-ada-0.jpg,v-ada-0.wav", "bob,a/bob,v/bob,a-bob-0.jpg,v-bob-0.wav"]
    pictures, seconds = {"a/ada": 4, "a/bob": 4}, {"v/ada": [3.0, 6.0], "v/bob": [3.0, 6.0]}
    cast = cast_people(pack := write_pack(tmp_path, pictures, seconds, listed))
    assert [with_other_files(cast, pack, draw=draw) for draw in range(8)] == [cast] * 8


def test_who_is_alone_in_a_source_is_left_out(tmp_path: Path) -> None:
    pictures = {f"a/{number}": 5 for number in range(3)}
    seconds = {f"v/{number}": [3.5] * 6 for number in range(2)} | {"w/0": [3.5] * 6}
    pack = write_pack(tmp_path, pictures, seconds, [])
    assert {role.voice_source for role in cast_people(pack)} == {"v"}
    assert len(pack.notes.left_out) == 1


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([], []),
        ([5.9], []),
        ([7.0], [("0",)]),
        ([3.1, 3.1], [("0", "1"), ("1", "0")]),
        ([3.5] * 4, [("0", "1"), ("2", "3")]),
        ([3.5] * 5, [("0", "1"), ("2", "3")]),
        ([7.0] * 9, [("0",), ("1",), ("2",), ("3",)]),
    ],
)
def test_takes_share_no_file_while_there_is_enough(
    seconds: list[float], expected: list[tuple[str, ...]]
) -> None:
    takes = plan_takes(files(*seconds))
    assert [tuple(path.stem for path in take.files) for take in takes] == expected


def test_a_take_is_as_long_as_its_files_and_pauses_but_never_too_long() -> None:
    assert plan_takes(files(3.3, 3.3))[0].seconds == pytest.approx(6.9)
    assert plan_takes(files(40.0))[0].seconds == 15.0
