"""Error rates of references that an adapter has moved, on people whom nothing was trained on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.migration.network import network
from benchmarks.migration.older import has_network
from model.adapt.fit import Floats, fitted_affine, rotation
from model.adapt.material import Material, Seen, seen_by
from model.data.conditions import Condition
from model.data.embed import Embedder, heard
from model.data.packs import Pack
from model.evaluation.figures import Row, measure
from model.evaluation.scoring import FACE_MATED, VOICE_MATED, Scorer, Scores
from model.evaluation.systems import Llrs
from model.runtime.comparator import load_comparator
from model.runtime.reference import make_reference
from model.runtime.weights import Weights
from model.siamese.material import Amount
from model.types import Reference, Vector

Move = Callable[[Reference], Reference]
Maps = Mapping[str, Callable[[Floats], Floats]]
Both = tuple[Any, Any]
Rates = dict[str, dict[str, dict[str, Row]]]
ROUNDS = 500
MODALITIES = ("face", "voice", "fused")


@dataclass(frozen=True)
class Way:
    """One way to go on after a new model.

    Attributes:
        name: for the table.
        old_reference: whether people stay as the old model enrolled them.
        old_probe: whether the old model goes on comparing.
        move: what is done to references.
    """

    name: str
    old_reference: bool = True
    old_probe: bool = False
    move: Move = lambda reference: reference


class Embeds:
    """Embeds each file by both models, its speech cut once.

    Args:
        old: the model that people enrolled with; where it is towers alone, the new network compares
            what they make.
        new: the model to be used.
        cache: where embeddings are remembered.
    """

    name = "both"

    def __init__(self, old: Weights, new: Weights, cache: Path) -> None:
        self._embedders = [Embedder(weights, cache=cache) for weights in (old, new)]
        self.comparators = [load_comparator(old if has_network(old) else new), load_comparator(new)]
        self.model_ids = [old.model_id, new.model_id]

    def face(self, picture: Any) -> Both:
        """An aligned picture by both."""
        old, new = (one.face(picture) for one in self._embedders)
        return old, new

    def voice(self, samples: Any) -> Both | None:
        """Speech by both, in both bands; all of it where the detector finds too little."""
        speech = heard(samples, whole=True)
        if speech is None:
            return None
        old, new = (one.speech(speech, telephone=True) for one in self._embedders)
        return old, new


class Walks:
    """A way as a system that can be scored.

    Args:
        base: embeds.
        way: which.
    """

    def __init__(self, base: Embeds, way: Way) -> None:
        self.base, self.name, self._way = base, way.name, way
        self.face, self.voice = base.face, base.voice

    def reference(self, faces: Sequence[Both], voices: Sequence[Both | None]) -> Reference:
        """As the way leaves it."""
        place = 0 if self._way.old_reference else 1
        seen, said = [one[place] for one in faces], [one[place] for one in voices if one]
        return self._way.move(make_reference(self.base.model_ids[place], seen, said))

    def compare(self, reference: Reference, face: Both | None, voice: Both | None) -> Llrs:
        """By the model that is in use."""
        place = 0 if self._way.old_probe else 1
        found = self.base.comparators[place].compare(
            reference, face and face[place], voice and voice[place]
        )
        return Llrs(found.llr_face, found.llr_voice, found.llr_fused)


def fitted(
    pack: Pack, old: Weights, new: Weights, cache: Path
) -> tuple[dict[str, Maps], dict[str, Any]]:
    """All candidates, fitted on a pack's people.

    Returns:
        Maps by candidate and vector, and what to tell of the fit: numbers of people and samples,
        and the ridge, by vector. A vector whose tower is the same in both has no map.
    """
    seen = _remembered(pack, old, new, cache)
    found: dict[str, dict[str, Any]] = {"rotation": {}, "affine": {}, "network": {}}
    about = {}
    for part, one in seen.items():
        best, ridge = fitted_affine(one.old, one.new, one.person)
        found["rotation"][part] = rotation(one.old, one.new)
        found["affine"][part] = best
        found["network"][part] = network(one.old, one.new, best)
        about[part] = {
            "people": len(np.unique(one.person)), "samples": len(one.old), "ridge": ridge
        }  # fmt: skip
    return found, about


def _remembered(pack: Pack, old: Weights, new: Weights, cache: Path) -> dict[str, Seen]:
    """What is embedded of a pack, kept in a file: cutting speech takes minutes."""
    path = cache / f"seen-{pack.name}-{old.model_id}-{new.model_id}.npz"
    parts = ("old", "new", "person")
    if not path.is_file():
        made = seen_by(Material(pack, old, new, cache=cache, amount=Amount()), old, new)
        arrays = {f"{k} {name}": getattr(one, name) for k, one in made.items() for name in parts}
        np.savez(path, **arrays)
    with np.load(path) as found:
        names = sorted({name.split()[0] for name in found.files})
        return {k: Seen(**{name: found[f"{k} {name}"] for name in parts}) for k in names}


def mover(maps: Maps, target: str) -> Move:
    """What moves references by maps of rows."""

    def moved(part: str, vector: Vector | None) -> Any:
        if vector is None or part not in maps:
            return vector
        return maps[part](vector[None].astype(np.float64))[0].astype(np.float32)

    def move(reference: Reference) -> Reference:
        return replace(
            reference,
            model_id=target,
            face=moved("face", reference.face),
            voice=moved("voice", reference.voice),
            telephone=moved("telephone", reference.telephone),
        )

    return move


def without_telephone(move: Move) -> Move:
    """As from a release that kept no vector of the telephone's band."""
    return lambda reference: move(replace(reference, telephone=None))


def ways(candidates: Mapping[str, Maps], target: str) -> list[Way]:
    """All that is compared, the outcome to aim at first."""
    moves = {name: mover(maps, target) for name, maps in candidates.items()}
    return [
        Way("enrolled again with the new model", old_reference=False),
        Way("old model goes on", old_probe=True),
        Way("old references as they are"),
        *(Way(f"moved: {name}", move=move) for name, move in moves.items()),
        Way("moved: affine, no telephone's vector", move=without_telephone(moves["affine"])),
    ]


def work(pack: Pack, embeds: Embeds, all_ways: Sequence[Way], conditions: Sequence[str]) -> int:
    """How often `rates` will tell that it got on."""
    scorer = Scorer(pack, [Walks(embeds, way) for way in all_ways])
    return scorer.work([Condition.parse(name) for name in conditions])


def rates(
    pack: Pack,
    embeds: Embeds,
    all_ways: Sequence[Way],
    conditions: Sequence[str],
    advance: Callable[[], None],
) -> Rates:
    """Figures by condition, way and modality, all on the very same trials."""
    scorer = Scorer(pack, [Walks(embeds, way) for way in all_ways])
    scorer.advance = advance
    found: Rates = {}
    for name in conditions:
        scores, _ = scorer.score(Condition.parse(name))
        found[name] = {
            way.name: _figures(its) for way, its in zip(all_ways, scores, strict=True)
        }  # fmt: skip
    return found


def _figures(scores: Scores) -> dict[str, Row]:
    mated = {
        "face": np.isin(scores.kind, FACE_MATED),
        "voice": np.isin(scores.kind, VOICE_MATED),
        "fused": scores.mated,
    }
    rows = {}
    for modality in MODALITIES:
        llrs = getattr(scores, modality)
        row = measure(llrs, mated[modality], scores.person, rounds=ROUNDS)
        if row is not None:
            same = mated[modality] & ~np.isnan(llrs)
            other = ~mated[modality] & ~np.isnan(llrs)
            means = {"mated_llr": llrs[same].mean(), "other_llr": llrs[other].mean()}
            rows[modality] = {**row, **{k: float(v) for k, v in means.items()}}
    return rows
