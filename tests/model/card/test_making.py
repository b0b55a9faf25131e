from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from model.card import making, results
from model.card.files import read_evaluation, read_evaluations
from model.card.markdown import boldest
from model.card.trade import compressed
from model.convert.manifest import update_part
from model.evaluation.figures import FIGURES
from model.evaluation.figures_file import folded
from model.runtime.comparator import Calibration, CalibrationSet
from tests.support.card_media import (
    given,
    made_up_scores,
    others,
    put,
    system,
    write_weights,
)

NUMBER = re.compile(r"(?<![\w.:-])-?\d+(?:\.\d+)?(?![\w:]|\.\d|-\d)")
BLOCKS: tuple[str, ...] = (
    *("by_condition", "by_kind", "by_source", "by_group", "alone", "one_missing", "systems"),
    *("calibration", "times", "bounds", "not_scored", "appendix"),
)
TEMPLATE = files("model.card").joinpath("template.md").read_text(encoding="utf-8")


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


def test_what_is_kept_of_a_run_says_as_much_as_the_run(
    make: Callable[..., str], evaluation: dict[str, Any], tmp_path: Path
) -> None:
    paths, kept = others(tmp_path), tmp_path / "kept"
    of_run = make(evaluation, *given(paths), "--keep", kept)
    paths |= {"--training": kept / "training.json", "--validation": kept / "validation.json"}
    assert make(evaluation, *given(paths), "--keep", kept) == of_run


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
    noted = {**made_by, "joint": {"command": "python -m model strangers", "pack": "theirs"}}
    (folder / "fusion.json").write_text(replace(found, made_by=noted).text())
    update_part("fusion_calibration", "fusion.json", directory=folder)
    assert "`python -m model strangers` on pack `theirs`" in make(evaluation, "--weights", folder)
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


def test_an_evaluation_names_its_own_command(evaluation: dict[str, Any], tmp_path: Path) -> None:
    found = read_evaluation(put(tmp_path / "eval.json", folded(evaluation)))
    assert found.commands == (
        "python -m model evaluate --system default --condition clean,call --rounds 10",
    )
    assert found.timed == ""


def test_the_kept_card_says_what_the_kept_figures_say() -> None:
    docs = Path(__file__).parents[3] / "docs"
    kept = docs / "measurements" / "figures"
    found = read_evaluations([kept / f"{name}.json" for name in ("default", "peer", "ancestor")])
    card = (docs / "model-card.md").read_text(encoding="utf-8")
    blocks = [getattr(results, name)(found) for name in BLOCKS]
    blocks += [compressed(kept / "speed.json"), making.known(kept / "ancestor-known.json")]
    for block in blocks:
        assert block in card
    for path in kept.glob("*.json"):
        assert path.read_text(encoding="utf-8").count("\n") < 1000
