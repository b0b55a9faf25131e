"""The one command that writes the card and the pages: what it runs, and what it leaves out."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import believed
from benchmarks.acceptance import __main__ as acceptance
from benchmarks.model_tables.__main__ import _parser, chosen, place_of
from benchmarks.model_tables.running import is_done, put_under, run_all
from benchmarks.model_tables.steps import Place, Step, steps
from benchmarks.sources import __main__ as sources
from benchmarks.swaps import __main__ as swaps
from model.card import command as card
from model.data.conditions import Condition
from model.errors import ModelError
from model.evaluation import command as evaluate
from model.runtime.weights import WEIGHTS_DIR

PARSERS: dict[str, Callable[[], argparse.ArgumentParser]] = {
    "evaluate": evaluate._parser,
    "card": card._parser,
    "benchmarks.sources": sources._parser,
    "benchmarks.believed": believed._parser,
    "benchmarks.acceptance": acceptance._parser,
    "benchmarks.swaps": swaps._parser,
}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    for folder in ("dev", "train", "weights"):
        (tmp_path / folder).mkdir()
    shutil.copyfile(WEIGHTS_DIR / "manifest.json", tmp_path / "weights" / "manifest.json")
    (tmp_path / "given.json").write_text('{"figure": 1}')
    (tmp_path / "docs").mkdir()
    return Place(tmp_path / "dev", tmp_path / "train", tmp_path / "docs", tmp_path / "scratch")


def copying(place: Place, name: str, *more: str) -> Step:
    """A step that copies a file, by a module of the standard library."""
    given, made = place.docs.parent / "given.json", place.docs / f"{name}.json"
    return Step(name, "json.tool", (*more, str(given), str(made)), (made,), reads=(given,))


def run(place: Place, *todo: Step, again: bool = False) -> list[str]:
    said: list[str] = []
    weights = place.docs.parent / "weights"
    run_all(todo, place, say=said.append, weights=weights, again=again)
    return said


@pytest.mark.parametrize("quick", [True, False])
def test_every_command_takes_the_arguments_that_it_gets(place: Place, quick: bool) -> None:
    todo = steps(place, quick=quick)
    assert todo[0].name == "evaluate"
    for step in todo:
        words = list(step.arguments)
        parser = PARSERS[words.pop(0) if step.module == "model" else step.module]()
        assert parser.parse_args(words)
    found = PARSERS["evaluate"]().parse_args(list(todo[0].arguments[1:]))
    assert all(Condition.parse(name) for name in found.condition.split(","))


def test_what_was_done_is_left_out_until_something_changes(place: Place) -> None:
    one, two = copying(place, "one"), copying(place, "two")
    assert [line.split(": ")[0] for line in run(place, one, two)] == ["[1/2] one", "[2/2] two"]
    assert all("nothing has changed" in line for line in run(place, one, two))
    first, second = run(place, one, replace(two, arguments=("--indent", "2", *two.arguments)))
    assert "nothing has changed" in first
    assert "nothing has changed" not in second
    one.writes[0].unlink()
    assert "python -m json.tool" in run(place, one)[0]
    assert "python -m json.tool" in run(place, one, again=True)[0]


@pytest.mark.parametrize("changed", ["weights/manifest.json", "dev/trials.csv", "given.json"])
def test_another_model_pack_or_file_has_it_measured_anew(place: Place, changed: str) -> None:
    step, root = copying(place, "one"), place.docs.parent
    run(place, step)
    assert is_done(step, place, root / "weights")
    (root / changed).write_text('{"figure": 2}')
    assert not is_done(step, place, root / "weights")


def test_a_run_that_failed_goes_on_where_it_was(place: Place) -> None:
    one, three = copying(place, "one"), copying(place, "three")
    broken = replace(copying(place, "two"), arguments=("no such file",))
    with pytest.raises(ModelError, match="two ended with"):
        run(place, one, broken, three)
    assert not three.writes[0].exists()
    said = run(place, one, copying(place, "two"), three)
    assert ["nothing has changed" in line for line in said] == [True, False, False]
    silent = replace(copying(place, "four"), writes=(place.docs / "missing.json",))
    with pytest.raises(ModelError, match=r"did not write .*missing\.json"):
        run(place, silent)


def test_a_garbled_note_counts_for_nothing(place: Place) -> None:
    step = copying(place, "one")
    run(place, step)
    (place.scratch / "one.json.done").write_text("[]")
    assert not is_done(step, place, place.docs.parent / "weights")


def test_tables_go_under_their_heading_and_prose_stays(place: Place) -> None:
    page = place.docs / "swaps.md"
    page.write_text("# Swaps\n\nProse.\n\n## All tables\n\nold\n")
    step = replace(copying(place, "swaps"), into=(page, "## All tables"))
    run(place, step)
    assert page.read_text().startswith("# Swaps\n\nProse.\n\n## All tables\n\n{")
    assert "old" not in page.read_text()
    put_under(page, "## All tables", "Calls.\n\n## Point\n\n| # |\n")
    assert page.read_text().endswith("## All tables\n\nCalls.\n\n### Point\n\n| # |\n")
    with pytest.raises(ModelError, match="has no line"):
        put_under(page, "## Elsewhere", "")


def test_a_quick_run_keeps_away_from_the_pages(tmp_path: Path) -> None:
    words = ["--pack", str(tmp_path / "dev"), "--docs", str(tmp_path / "docs")]
    whole = place_of(_parser().parse_args(words))
    quick = place_of(_parser().parse_args([*words, "--quick", "--scratch", str(tmp_path / "s")]))
    assert whole.docs == tmp_path / "docs"
    written = [path for step in steps(quick, quick=True) for path in step.writes]
    assert all(path.is_relative_to(tmp_path / "s") for path in written)
    assert quick.lessons == tmp_path / "train"


def test_steps_are_chosen_by_name(place: Place) -> None:
    todo = steps(place, quick=False)
    assert [step.name for step in chosen(todo, "swaps,card")] == ["card", "swaps"]
    assert chosen(todo, None) == todo
    with pytest.raises(ModelError, match=r"no step cards: use evaluate, card"):
        chosen(todo, "cards")
