"""References made with one tower, probed with another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from model.__main__ import main
from model.compress import trade
from tests.model.test_speed import PEOPLE, Patterns, folders, pack  # noqa: F401


class Spaces(Patterns):
    """Both folders span one space; the second turns every vector round."""

    def __init__(self, folder: Path, cache: Path | None) -> None:
        super().__init__(folder, cache)
        self.model_id, self._turns = "one space", folder.name == "blind"
        self._blind = False

    def face(self, picture: Any) -> Any:
        return self._turned(super().face(picture))

    def voice(self, samples: Any) -> Any:
        return self._turned(super().voice(samples))

    def _turned(self, sample: Any) -> Any:
        return type(sample)(-sample.vector, sample.quality) if self._turns else sample


def run(folders: dict[str, Path], pack: Path, out: Path) -> tuple[int, dict[str, Any]]:  # noqa: F811
    arguments = ["interchange", *map(str, folders.values()), "--pack", str(pack)]
    arguments += ["--condition", "clean", "--rounds", "20", "--cache", str(out / "cache")]
    code = main([*arguments, "--json", str(out / "x.json"), "--markdown", str(out / "x.md")])
    return code, json.loads((out / "x.json").read_text())["clean"]


def test_a_tower_that_leaves_its_space_is_found_out_only_where_the_two_meet(
    folders: dict[str, Path],  # noqa: F811
    pack: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trade, "Default", Spaces)
    code, found = run(folders, pack, tmp_path)
    assert code == 1
    assert list(found) == [
        "served", "blind", "served enrolled, blind probed", "blind enrolled, served probed"
    ]  # fmt: skip
    for name, modalities in found.items():
        alone = "enrolled" not in name
        assert modalities["voice"]["accepted"]  # Both have the same voice tower.
        assert modalities["fused"]["accepted"] == alone
        assert (modalities["fused"]["eer"] == 0) == alone
        for figures in modalities.values():
            assert figures["trials"] == PEOPLE**3
            assert figures["cllr"] >= figures["min_cllr"] >= 0
    lines = (tmp_path / "x.md").read_text().splitlines()
    assert len(lines) == 2 + 4
    assert len({line.count("|") for line in lines}) == 1


def test_each_input_is_embedded_once_by_each_tower(
    folders: dict[str, Path],  # noqa: F811
    pack: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trade, "Default", Spaces)
    monkeypatch.setattr(Patterns, "embedded", 0)
    run(folders, pack, tmp_path)
    assert Patterns.embedded == 2 * 2 * PEOPLE


def test_folders_of_two_spaces_are_refused(
    folders: dict[str, Path],  # noqa: F811
    pack: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(trade, "Default", Patterns)
    arguments = ["interchange", *map(str, folders.values()), "--pack", str(pack)]
    assert main(arguments) != 0
    assert "one space" in capsys.readouterr().err
