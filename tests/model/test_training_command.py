from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from model import __main__ as entry
from model.errors import MissingExtraError
from model.training import command, extras
from model.training.command import TrainOptions


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[TrainOptions]:
    """What a trainer put in the ancestor's place was told."""
    options: list[TrainOptions] = []
    module = ModuleType("a_trainer")
    module.train = options.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "a_trainer", module)
    monkeypatch.setitem(command.TRAINERS, "ancestor", "a_trainer")
    return options


def test_it_hands_its_options_to_the_trainer(told: list[TrainOptions]) -> None:
    call = ["train", "--system", "ancestor", "--pack", "p", "--run", "r", "--quick", "--seed", "7"]
    assert entry.main(call) == 0
    assert told == [TrainOptions(pack=Path("p"), run=Path("r"), quick=True, seed=7)]


def test_a_quick_run_has_a_folder_of_its_own(told: list[TrainOptions]) -> None:
    for more in ([], ["--quick"]):
        command.main(["--system", "ancestor", "--pack", "p", *more])
    assert [options.run for options in told] == [
        Path("runs/ancestor"),
        Path("runs/ancestor-quick"),
    ]


def test_without_tensorflow_it_names_the_extra(
    told: list[TrainOptions], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "tensorflow" else name)
    assert entry.main(["train", "--system", "ancestor", "--pack", "p"]) == 1
    assert "tensorflow not installed: pip install 'stream-verifier[train]'" in (
        capsys.readouterr().err
    )
    assert not told


def test_a_missing_package_is_an_error_and_a_present_one_is_not() -> None:
    extras.require("json")
    with pytest.raises(MissingExtraError, match=r"no_such_package.*stream-verifier\[test\]"):
        extras.require("json", "no_such_package", extra="test")
