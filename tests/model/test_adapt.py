"""Fitting of adapters, on made-up spaces whose map is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.__main__ import main
from model.adapt import command
from model.adapt.fit import Floats, People, affine, fitted_affine, left_out, rotation, unit
from model.adapt.material import Seen
from model.errors import ModelError
from model.runtime.adapter import Adapters
from model.runtime.weights import Weights
from tests.support.adapters import made_weights
from tests.support.stores import made_reference

SIZE = 24


def spaces(size: int = SIZE, *, noise: float = 0.0, people: int = 40) -> tuple[Seen, Floats]:
    """Samples in an old space and in a new one that is turned, and the turn."""
    rng = np.random.default_rng(size)
    turn, _ = np.linalg.qr(rng.standard_normal((size, size)))
    person: People = np.repeat(np.arange(people), 4)
    old = unit(rng.standard_normal((people, size))[person] + rng.standard_normal((160, size)) / 4)
    new = unit(old @ turn.T + noise * rng.standard_normal(old.shape) / np.sqrt(size))
    return Seen(old, new, person), turn


def test_a_turn_is_found() -> None:
    seen, turn = spaces()
    found = rotation(seen.old, seen.new)
    np.testing.assert_allclose(found.matrix, turn, atol=1e-9)
    np.testing.assert_allclose(found.matrix @ found.matrix.T, np.eye(SIZE), atol=1e-9)
    np.testing.assert_allclose(found(seen.old), seen.new, atol=1e-9)


def test_what_is_no_turn_is_found_by_an_affine_map() -> None:
    seen, turn = spaces()
    stretch = np.diag(np.linspace(0.5, 2, SIZE))
    new = seen.old @ (turn @ stretch).T + 0.3
    made = affine(seen.old, new, ridge=1e-9)
    np.testing.assert_allclose(made.matrix, turn @ stretch, atol=1e-5)
    np.testing.assert_allclose(made.offset, np.full(SIZE, 0.3), atol=1e-5)


def test_the_higher_the_ridge_the_nearer_to_a_turn() -> None:
    seen, _ = spaces(noise=0.5)
    turned = rotation(seen.old, seen.new).matrix
    away = [
        float(np.linalg.norm(affine(seen.old, seen.new, ridge=ridge).matrix - turned))
        for ridge in (1e-6, 1e-2, 1.0, 1e6)
    ]
    assert away == sorted(away, reverse=True)
    assert away[-1] < 1e-4 < away[0]


def test_the_ridge_is_chosen_on_people_left_out() -> None:
    """Of a plain turn with noise nothing else is to be learnt, so that a high one wins."""
    seen, _ = spaces(noise=0.8)
    _, ridge = fitted_affine(seen.old, seen.new, seen.person)
    assert ridge == 1.0


def test_a_map_is_judged_on_people_whom_it_has_not_seen() -> None:
    seen, _ = spaces()
    known: list[set[int]] = []

    def fit(old: Floats, new: Floats) -> Any:
        known.append({tuple(row) for row in old.round(9).tolist()})  # type: ignore[misc]
        return lambda vectors: vectors

    score = left_out(seen.old, seen.new, seen.person, fit)
    assert score == pytest.approx(float((seen.old * seen.new).sum(axis=1).mean()))
    assert len(known) == 5
    for number in range(40):
        rows = {tuple(row) for row in seen.old[seen.person == number].round(9).tolist()}
        assert sorted(len(rows & one) for one in known) == [0, 4, 4, 4, 4]


def test_too_few_people_are_told() -> None:
    seen, _ = spaces(people=40)
    few = seen.person % 4
    with pytest.raises(ModelError, match="needs 5 people at least, and the pack has 4"):
        fitted_affine(seen.old, seen.new, few)


class FakeMaterial:
    """Knows what both towers make, without any media."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.spaces = {size: spaces(size)[0] for size in (128, 192)}

    def faces(self) -> Seen:
        return self.spaces[128]

    def voices(self) -> tuple[Seen, Seen]:
        return self.spaces[192], self.spaces[192]


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(command, "Material", FakeMaterial)
    (tmp_path / "people").mkdir()
    return tmp_path / "people"


def adapt(old: Weights, new: Weights, pack: Path, *more: str) -> int:
    folders = ["--old", str(old.directory), "--new", str(new.directory)]
    return main(["adapt", *folders, "--pack", str(pack), *more])


def test_the_command_writes_what_moves_references(
    pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = made_weights(tmp_path / "old", face=b"old face")
    new = made_weights(tmp_path / "new")
    assert adapt(old, new, pack, "--dry-run") == 0
    assert Adapters.load(Weights.load(new.directory)).by_source == {}
    assert adapt(old, new, pack) == 0
    told = capsys.readouterr().out
    assert f"from {old.model_id} to {new.model_id}" in told
    assert "40 people, 160 samples" in told
    assert "the same tower makes it in both" in told
    adapter = Adapters.load(Weights.load(new.directory)).find(old.model_id)
    assert adapter is not None
    assert set(adapter.maps) == {"face"}
    assert adapter.about["pack"] == "people"
    assert adapter.about["fits"]["face"]["cosine_left_out"] > 0.99
    _, turn = spaces(128)
    before = made_reference(0, old.model_id)
    moved = adapter.adapt(before)
    np.testing.assert_allclose(moved.face, turn @ before.face, atol=0.05)
    np.testing.assert_array_equal(moved.voice, before.voice)


def test_both_voices_have_maps_of_their_own(pack: Path, tmp_path: Path) -> None:
    old = made_weights(tmp_path / "old", voice=b"old voice")
    new = made_weights(tmp_path / "new")
    assert adapt(old, new, pack) == 0
    adapter = Adapters.load(Weights.load(new.directory)).find(old.model_id)
    assert adapter is not None
    assert set(adapter.maps) == {"voice", "telephone"}


def test_nothing_is_fitted_within_one_space(
    pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = made_weights(tmp_path / "one"), made_weights(tmp_path / "other")
    assert adapt(one, other, pack) == 1
    assert "serve with the other as they are" in capsys.readouterr().err
