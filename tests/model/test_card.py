from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.__main__ import main as run_command
from model.card import making, results
from model.card.files import read_evaluation, read_evaluations
from model.card.markdown import boldest
from model.card.packs import packs, split_recordings
from model.card.trade import compressed
from model.convert.manifest import update_part
from model.data.packs import Pack
from model.evaluation import report
from model.evaluation.figures import FIGURES
from model.evaluation.figures_file import folded, write_figures
from model.evaluation.scoring import Scores
from model.runtime.comparator import Calibration, CalibrationSet
from model.runtime.weights import Weights

NUMBER = re.compile(r"(?<![\w.:-])-?\d+(?:\.\d+)?(?![\w:]|\.\d|-\d)")
BLOCKS: tuple[str, ...] = (
    *("by_condition", "by_kind", "by_source", "by_group", "alone", "one_missing", "systems"),
    *("calibration", "times", "bounds", "not_scored", "appendix"),
)
KINDS = ["genuine", "impostor_both", "impostor_face", "impostor_voice"]
TEMPLATE = files("model.card").joinpath("template.md").read_text(encoding="utf-8")


def made_up_scores(seed: int, *, missing: str | None = None, grouped: bool = False) -> Scores:
    rng = np.random.default_rng(seed)
    kind = np.tile(KINDS, 50)
    mated = kind == "genuine"
    face, voice = (4 * mated - 2 + 2 * rng.standard_normal((2, 200))).astype(np.float64)
    fused = voice if missing == "face" else np.minimum(face, voice)
    return Scores(
        face=np.full(200, np.nan) if missing == "face" else face,
        voice=voice,
        fused=fused,
        mated=mated,
        kind=kind,
        source=np.repeat(["near", "far"], 100),
        chimera=np.repeat([f"p{n:02}" for n in range(20)], 10),
        groups={"voice language": np.repeat(["Twi", "Thai"], 100)} if grouped else {},
        missing=missing,
    )


def system(model: str | None, **conditions: Scores) -> dict[str, Any]:
    return {
        "name": "default",
        "model": model,
        "comparator": "made-1",
        "conditions": {
            name.replace("_", "-"): report.summary(scores, rounds=10)
            for name, scores in conditions.items()
        },
    }


@pytest.fixture(scope="module")
def weights_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a few bytes, without calibration."""
    return write_weights(tmp_path_factory.mktemp("weights"))


def write_weights(folder: Path) -> Path:
    parts = {}
    for part in ("face_tower", "voice_tower"):
        (folder / part).write_bytes(part.encode())
        digest = hashlib.sha256(part.encode()).hexdigest()
        source = {"origin": "a kind stranger", "package": "stranger", "version": "1.2"}
        parts[part] = {"file": part, "sha256": digest, "bytes": 7_000_000, "source": source}
    parts["voice_tower"]["fine_tuned_by"] = "python -m model train"
    parts["voice_tower"]["rounded_by"] = "python -m model round"
    put(folder / "manifest.json", {"format": 1, "space": "made", "parts": parts})
    return folder


@pytest.fixture(scope="module")
def default(weights_folder: Path) -> dict[str, Any]:
    return system(
        Weights.load(weights_folder).model_id, clean=made_up_scores(1), call=made_up_scores(2)
    )


@pytest.fixture
def evaluation(default: dict[str, Any]) -> dict[str, Any]:
    found = {
        "format": report.FORMAT,
        "pack": "mine",
        "trials": 200,
        "people": 20,
        "rounds": 10,
        "systems": {"default": default},
    }
    copy: dict[str, Any] = json.loads(json.dumps(found))
    return copy


def put(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def make(tmp_path: Path, weights_folder: Path) -> Callable[..., str]:
    """Runs the command; returns the card, or fails with what it printed."""

    def run(found: dict[str, Any] | list[dict[str, Any]], *more: str | Path) -> str:
        each = found if isinstance(found, list) else [found]
        paths = [tmp_path / f"eval{n}.json" for n in range(len(each))]
        for path, one in zip(paths, each, strict=True):
            write_figures(path, one)
        out = tmp_path / "docs" / "card.md"
        options = ["card", "--evaluation", *paths, "--weights", weights_folder, "--out", out, *more]
        assert run_command([str(option) for option in options]) == 0
        return out.read_text(encoding="utf-8")

    return run


@pytest.fixture
def refused(make: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs the command, which must refuse; returns what it said."""

    def run(*arguments: Any) -> str:
        with pytest.raises(AssertionError):
            make(*arguments)
        said = capsys.readouterr().err
        assert said.startswith("error: ")
        return said

    return run


def others(folder: Path) -> dict[str, Any]:
    """What the other commands write, with numbers of their own."""
    known = {"pairs": 97, "mated": 43, "accuracy": 0.1234, "precision": 0.2345, "recall": 0.3456}
    held_out = {"eer": 0.04321, "cllr": 0.1357, "min_cllr": 0.0975, "trials": 7654}
    history = {"fusion": [{"loss": 0.6789}, {"loss": 0.5432}]}
    times = {"cpu_ms": 12.34, "wall_ms": 13.5, "ratio": 0.876}
    errors = {"eer": 0.0246, "interval": [0.0135, 0.0357], "ratio": 1.0246, "accepted": True}
    return {
        "--known": put(folder / "known.json", {"both": {**known, "eer": 0.4567}}),
        "--validation": put(
            folder / "validation.json",
            {"command": "train", "pack": "theirs", "held_out": {"fused": held_out}},
        ),
        "--training": put(folder / "run" / "config.json", {"system": "default", "seed": 31}).parent,
        "history": put(folder / "run" / "history.json", history),
        "--speed": put(
            folder / "speed.json",
            {
                "repeats": 17,
                "pack": "mine",
                "folders": {
                    "int8": {
                        "face_bytes": 1_230_000,
                        "voice_bytes": 4_560_000,
                        "times": {"face": times},
                        "eer": {"clean": errors},
                        "accepted": True,
                    }
                },
            },
        ),
    }


def given(paths: dict[str, Any]) -> list[str | Path]:
    return [part for name, path in paths.items() if name[0] == "-" for part in (name, path)]


def numbers(found: Any) -> Iterator[float]:
    """All numbers in a JSON value."""
    if isinstance(found, (dict, list)):
        for value in found.values() if isinstance(found, dict) else found:
            yield from numbers(value)
    elif isinstance(found, (int, float)):
        yield found


def as_printed(found: Any) -> set[str]:
    """How a card may print the numbers of its inputs."""
    digits = [
        f"{scale * value:.{n}f}"
        for value in numbers(found)
        for scale in (1, 100)
        for n in (1, 2, 3)
    ]
    megabytes = [f"{value / 1e6:.2f}" for value in numbers(found)]
    return {*digits, *megabytes, *(str(value) for value in numbers(found))}


def figures_in(card: str) -> set[str]:
    """Numbers in the rows of tables that are not the template's."""
    own = set(TEMPLATE.splitlines())
    rows = [line for line in card.splitlines() if line.startswith("|") and line not in own]
    return {number for row in rows for number in NUMBER.findall(row)}


def test_every_figure_comes_from_a_file(
    make: Callable[..., str], evaluation: dict[str, Any], tmp_path: Path, weights_folder: Path
) -> None:
    part = {"median": 3.21, "low_quartile": 2.75, "high_quartile": 4.56}
    parts = ("face_ms", "voice_ms", "compare_ms", "total_ms")
    evaluation["time"] = {
        "windows": 5,
        "window_s": 3.0,
        "environment": {"OMP_NUM_THREADS": "1"},
        "systems": {"default": {**dict.fromkeys(parts, part), "ratio": 1.0}},
    }
    paths = others(tmp_path)
    card = make(evaluation, *given(paths))
    inputs = [json.loads(path.read_text()) for path in paths.values() if path.is_file()]
    manifest = json.loads((weights_folder / "manifest.json").read_text())
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    # The rule of three follows from counts; "95 %" and "LLR 0" stand in heads of columns; epochs
    # are the length of a history.
    counts = {int(value) for value in numbers(evaluation) if isinstance(value, int) and value}
    derived = {f"{100 * min(1.0, 3 / count):.2f}" for count in counts} | {"95", "0", "2"}
    allowed = as_printed([folded(evaluation), inputs, manifest, config]) | derived
    shown = figures_in(card)
    assert shown - allowed == set()
    for number in (
        "12.34",
        "23.45",
        "4.32",
        "0.136",
        "7654",
        "0.679",
        "31",
        "3.21",
        "12.3",
        "2.46",
    ):
        assert number in shown
    row = evaluation["systems"]["default"]["conditions"]["call"]["all"]
    assert {f"{100 * row['eer']:.2f}", f"{row['cllr']:.3f}"} <= shown


def test_each_table_names_command_and_pack(
    make: Callable[..., str], evaluation: dict[str, Any], tmp_path: Path
) -> None:
    card = make(evaluation, *given(others(tmp_path)))
    measured = (
        "`python -m model evaluate --system default --condition clean,call --rounds 10` "
        "on pack `mine`"
    )
    assert card.count(measured) >= 6
    assert "`train` on pack `theirs`" in card
    for section in re.split(r"^##+ ", card, flags=re.MULTILINE):
        assert not figures_in(section) or "<sub>Written by `python -m model " in section


def test_what_was_not_given_is_said_to_be_missing(
    make: Callable[..., str], evaluation: dict[str, Any], tmp_path: Path
) -> None:
    bare = make(evaluation)
    for option in ("--known", "--validation", "--training", "--speed", "--packs", "--plots"):
        assert f"made without `{option}`" in bare
    for what in ("operating points", "error by group", "other systems", "one modality missing"):
        assert re.search(rf"\*\*Missing:\*\*[^.]*{what}", bare)
    assert "**Missing:** time per window" in bare
    full = make(evaluation, *given(others(tmp_path)))
    assert full.count("**Missing:**") == bare.count("**Missing:**") - 4


def test_prose_holds_no_error_rates() -> None:
    assert set(re.findall(r"(\d[\d.]*) ?%", TEMPLATE)) <= {"95", "5"}
    assert "EER of" not in TEMPLATE


def test_later_files_add_systems_and_conditions(
    make: Callable[..., str], evaluation: dict[str, Any]
) -> None:
    more = json.loads(json.dumps(evaluation))
    ours = system(
        evaluation["systems"]["default"]["model"], clean_face=made_up_scores(3, missing="face")
    )
    theirs = {**system(None, clean=made_up_scores(4)), "comparator": "theirs"}
    more["systems"] = {"default": ours, "peer": theirs}
    card = make([evaluation, more])
    both = theirs["conditions"]["clean"]["all"]
    assert f"| clean | peer | {100 * both['eer']:.2f} (" in card
    assert re.search(r"\| clean-face \| voice \| yes \|", card)
    assert card.count("| clean | default |") == card.count("| clean | peer |") == 1
    assert "other systems on the same probes" not in card


def test_groups_are_shown_where_there_are_labels(
    make: Callable[..., str], evaluation: dict[str, Any]
) -> None:
    model = evaluation["systems"]["default"]["model"]
    evaluation["systems"]["default"] = system(model, clean=made_up_scores(5, grouped=True))
    card = make(evaluation)
    assert "|  | Thai, 10 people | Twi, 10 people |" in card
    assert "error by group" not in card


def test_many_parts_go_downwards(make: Callable[..., str], evaluation: dict[str, Any]) -> None:
    at = evaluation["systems"]["default"]["conditions"]["clean"]
    at["by_source"] = {f"s{n}": at["all"] for n in range(7)}
    card = make(evaluation)
    assert "|  | clean | call |\n" in card
    assert re.search(r"\| s6, 20 people \| \d+\.\d\d \(.*\) \| - \|", card)


def test_the_worst_stands_in_bold() -> None:
    assert boldest([0.1, None, 0.3], ["a", "b", "c"]) == ["a", "b", "**c**"]
    assert boldest([0.1, 0.1], ["a", "b"]) == ["a", "b"]


def test_what_could_not_be_scored_is_a_gap(
    make: Callable[..., str], evaluation: dict[str, Any]
) -> None:
    at = evaluation["systems"]["default"]["conditions"]["call"]
    at["by_kind"]["impostor_face"] = None
    at["skipped_trials"] = 6
    at["all"].update(dict.fromkeys(FIGURES), **{f"{name}_interval": None for name in FIGURES})
    card = make(evaluation)
    assert "| call | 200, 50 | - | - | - | - | - |" in card
    assert "default, call: 6 trials skipped" in card


def test_operating_points_are_those_of_the_weights(
    make: Callable[..., str],
    refused: Callable[..., str],
    evaluation: dict[str, Any],
    tmp_path: Path,
) -> None:
    line = Calibration(1.0, 0.0, 9.0)
    points = {"fmr_1e-2": 1.5432, "balanced": -0.25}
    made_by = {"command": "python -m model calibrate", "pack": "ours"}
    folder = tmp_path / "calibrated"
    folder.mkdir()
    write_weights(folder)
    found = CalibrationSet("made-1", line, line, line, points, made_by, -2.0)
    (folder / "fusion.json").write_text(found.text())
    update_part("fusion_calibration", "fusion.json", directory=folder)
    card = make(evaluation, "--weights", folder)
    assert "| fmr_1e-2 | 1.54 |\n| balanced | -0.25 |" in card
    assert "`python -m model calibrate` on pack `ours`" in card
    evaluation["systems"]["default"]["comparator"] = "another-1"
    assert "hold made-1: evaluate those" in refused(evaluation, "--weights", folder)


def test_plots_are_copied_and_linked(
    make: Callable[..., str],
    refused: Callable[..., str],
    evaluation: dict[str, Any],
    tmp_path: Path,
) -> None:
    plots = tmp_path / "plots"
    plots.mkdir()
    assert "holds no eer.png: draw it" in refused(evaluation, "--plots", plots)
    names = [
        "eer",
        *(f"{kind}-{at}" for kind in ("det", "scores", "reliability") for at in ("clean", "call")),
    ]
    for name in [*names, "det-dark"]:
        (plots / f"{name}.png").write_bytes(name.encode())
    card = make(evaluation, "--plots", plots)
    links = re.findall(r"!\[[^]]+\]\(([^)]+)\)", card)
    assert sorted(links) == sorted(f"images/model/{name}.png" for name in names)
    for link in links:
        assert (tmp_path / "docs" / link).read_bytes() == Path(link).stem.encode()
    assert len(list((tmp_path / "docs" / "images" / "model").iterdir())) == len(names)
    # A second card over the same folder finds its own copies in place.
    assert make(evaluation, "--plots", tmp_path / "docs" / "images" / "model") == card


def break_format(found: dict[str, Any]) -> None:
    found["format"] = 1


def break_pack(found: dict[str, Any]) -> None:
    del found["pack"]


def break_condition(found: dict[str, Any]) -> None:
    del found["systems"]["default"]["conditions"]["call"]["by_kind"]


def break_row(found: dict[str, Any]) -> None:
    found["systems"]["default"]["conditions"]["call"]["by_kind"]["impostor_face"]["eer"] = "0.1"


def break_interval(found: dict[str, Any]) -> None:
    found["systems"]["default"]["conditions"]["call"]["face"]["eer_interval"] = [0.1]


def break_time(found: dict[str, Any]) -> None:
    found["time"] = {"windows": 3}


def break_system(found: dict[str, Any]) -> None:
    found["systems"]["other"] = found["systems"].pop("default")


def break_model(found: dict[str, Any]) -> None:
    found["systems"]["default"]["model"] = "sface-campplus-00000000"


def break_conditions(found: dict[str, Any]) -> None:
    found["systems"]["default"]["conditions"] = {}


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (break_format, f"is of format 1 where the card reads {report.FORMAT}: write it again"),
        (break_pack, "lacks pack"),
        (break_condition, "lacks by_kind of default, call"),
        (break_row, "holds no number as eer of default, call, by_kind impostor_face"),
        (break_interval, "garbles eer_interval of default, call, face"),
        (break_time, "lacks window_s, environment, systems of time"),
        (break_system, "lacks the system 'default'"),
        (break_model, "evaluate those, or name the others with --weights"),
        (break_conditions, "has no condition with face and voice"),
    ],
)
def test_evaluations_that_cannot_be_read_are_refused(
    refused: Callable[..., str], evaluation: dict[str, Any], damage: Callable[..., None], says: str
) -> None:
    damage(evaluation)
    assert says in refused(evaluation)


def test_evaluations_of_other_packs_and_models_are_not_mixed(
    refused: Callable[..., str], evaluation: dict[str, Any]
) -> None:
    more = json.loads(json.dumps(evaluation))
    more["pack"] = "yours"
    assert "is of another pack than the files before it" in refused([evaluation, more])
    more["pack"] = "mine"
    more["systems"]["default"]["comparator"] = "made-2"
    assert "is of another default" in refused([evaluation, more])


@pytest.mark.parametrize(
    ("option", "content", "says"),
    [
        (
            "--known",
            {"both": {"pairs": 1}},
            "lacks mated, accuracy, precision, recall, eer of both",
        ),
        ("--validation", {"held_out": {}}, "lacks command, pack"),
        ("--validation", [], "holds no JSON object"),
        ("--speed", {"folders": {}, "repeats": 1}, "holds no towers"),
        (
            "--speed",
            {"folders": {"a": {}}, "repeats": 1},
            "lacks times, face_bytes, voice_bytes of a",
        ),
    ],
)
def test_other_files_that_cannot_be_read_are_refused(
    refused: Callable[..., str],
    evaluation: dict[str, Any],
    tmp_path: Path,
    option: str,
    content: Any,
    says: str,
) -> None:
    assert says in refused(evaluation, option, put(tmp_path / "other.json", content))


def test_garbled_files_and_runs_of_others_are_refused(
    refused: Callable[..., str], evaluation: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "known.json"
    path.write_text("{")
    assert "cannot read" in refused(evaluation, "--known", path)
    assert "cannot read" in refused(evaluation, "--training", tmp_path)
    put(tmp_path / "run" / "config.json", {"system": "ancestor"})
    put(tmp_path / "run" / "history.json", {})
    assert "is a run of 'ancestor'" in refused(evaluation, "--training", tmp_path / "run")
    put(tmp_path / "run" / "config.json", {"system": "default"})
    put(tmp_path / "run" / "history.json", {"fusion": [{"accuracy": 1}]})
    assert "lacks loss of fusion" in refused(evaluation, "--training", tmp_path / "run")


def test_an_evaluation_names_its_own_command(evaluation: dict[str, Any], tmp_path: Path) -> None:
    found = read_evaluation(put(tmp_path / "eval.json", folded(evaluation)))
    assert found.commands == (
        "python -m model evaluate --system default --condition clean,call --rounds 10",
    )
    assert found.timed == ""


def test_the_kept_card_says_what_the_kept_figures_say() -> None:
    docs = Path(__file__).parents[2] / "docs"
    kept = docs / "measurements" / "figures"
    found = read_evaluations([kept / f"{name}.json" for name in ("default", "peer", "ancestor")])
    card = (docs / "model-card.md").read_text(encoding="utf-8")
    blocks = [getattr(results, name)(found) for name in BLOCKS]
    blocks += [compressed(kept / "speed.json"), making.known(kept / "ancestor-known.json")]
    for block in blocks:
        assert block in card
    for path in kept.glob("*.json"):
        assert path.read_text(encoding="utf-8").count("\n") < 1000


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
