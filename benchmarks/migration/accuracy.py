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
from model.runtime.reference import kind_of, make_reference, with_vectors
from model.runtime.weights import Weights
from model.siamese.material import Amount
from model.types import Reference, Vector

Move = Callable[[Reference], Reference]
Map = Callable[[Floats], Floats]
Maps = Mapping[str, Map]
Each = tuple[Any, ...]
Rows = dict[str, Row]
ROUNDS = 500
MODALITIES = ("face", "voice", "fused")


@dataclass(frozen=True)
class Way:
    """One way to go on after a new model.

    Attributes:
        name: for the table.
        enrolled: number of the model that people were enrolled with; 0 is the new one.
        probed: number of the model that goes on comparing.
        move: what is done to references.
    """

    name: str
    enrolled: int = 0
    probed: int = 0
    move: Move = lambda reference: reference


class Embeds:
    """Embeds each file by all models: its speech cut once, by each tower once.

    Args:
        models: the new one first. Where one is towers alone, the new network compares what they
            make.
        cache: where embeddings are remembered.
    """

    name = "all"

    def __init__(self, models: Sequence[Weights], cache: Path) -> None:
        known: dict[str, Embedder] = {}
        self._by_face, self._by_voice = [], []
        for weights in models:
            own = Embedder(weights, cache=cache)
            face, voice = (weights.digest(part) for part in ("face_tower", "voice_tower"))
            self._by_face.append(known.setdefault(face, own))
            self._by_voice.append(known.setdefault(voice, own))
        self.comparators = [load_comparator(w if has_network(w) else models[0]) for w in models]
        self.model_ids = [weights.model_id for weights in models]

    def face(self, picture: Any) -> Each:
        """An aligned picture by all."""
        return _each(self._by_face, lambda one: one.face(picture))

    def voice(self, samples: Any) -> Each | None:
        """Speech by all, in both bands; all of it where the detector finds too little."""
        speech = heard(samples, whole=True)
        if speech is None:
            return None
        return _each(self._by_voice, lambda one: one.speech(speech, telephone=True))


def _each(embedders: Sequence[Embedder], embed: Callable[[Embedder], Any]) -> Each:
    made = {id(one): embed(one) for one in {id(e): e for e in embedders}.values()}
    return tuple(made[id(one)] for one in embedders)


class Walks:
    """A way as a system that can be scored.

    Args:
        base: embeds.
        way: which.
    """

    def __init__(self, base: Embeds, way: Way) -> None:
        self.base, self.name, self._way = base, way.name, way
        self.face, self.voice = base.face, base.voice

    def reference(self, faces: Sequence[Each], voices: Sequence[Each | None]) -> Reference:
        """As the way leaves it."""
        place = self._way.enrolled
        seen, said = [one[place] for one in faces], [one[place] for one in voices if one]
        return self._way.move(make_reference(self.base.model_ids[place], seen, said))

    def compare(self, reference: Reference, face: Each | None, voice: Each | None) -> Llrs:
        """By the model that is in use."""
        place = self._way.probed
        seen = None if face is None else face[place]
        said = None if voice is None else voice[place]
        found = self.base.comparators[place].compare(reference, seen, said)
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
    turned: dict[str, Map] = {}
    straight: dict[str, Map] = {}
    bent: dict[str, Map] = {}
    about = {}
    for part, one in seen.items():
        best, ridge = fitted_affine(one.old, one.new, one.person)
        turned[part], straight[part] = rotation(one.old, one.new), best
        bent[part] = network(one.old, one.new, best)
        about[part] = {
            "people": len(np.unique(one.person)), "samples": len(one.old), "ridge": ridge
        }  # fmt: skip
    return {"rotation": turned, "affine": straight, "network": bent}, about


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

    def moved(name: str, vector: Vector) -> Vector:
        part = kind_of(name)
        if part not in maps:
            return vector
        return np.asarray(maps[part](vector[None].astype(np.float64))[0], np.float32)

    return lambda reference: replace(with_vectors(reference, moved), model_id=target)


def without_telephone(move: Move) -> Move:
    """As from a release that kept no vector of the telephone's band, and no pieces of the voice."""
    return lambda reference: move(replace(reference, telephone=None, pieces=()))


AGAIN = Way("enrolled again with the new model")


def ways(number: int, candidates: Mapping[str, Maps], target: str) -> list[Way]:
    """All that is compared with enrolling again, for people of one older model.

    Args:
        number: of that model.
        candidates: maps from it, by name and vector.
        target: the new model's space.
    """
    moves = {name: mover(maps, target) for name, maps in candidates.items()}
    bare = without_telephone(moves["affine"])
    return [
        Way("old model goes on", number, number),
        Way("old references as they are", number),
        *(Way(f"moved: {name}", number, move=move) for name, move in moves.items()),
        Way("moved: affine, no telephone's vector", number, move=bare),
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
) -> list[dict[str, Rows]]:
    """Figures of each way by condition and modality, all on the very same trials."""
    scorer = Scorer(pack, [Walks(embeds, way) for way in all_ways])
    scorer.advance = advance
    found: list[dict[str, Rows]] = [{} for _ in all_ways]
    for name in conditions:
        scores, _ = scorer.score(Condition.parse(name))
        for rows, its in zip(found, scores, strict=True):
            rows[name] = _figures(its)
    return found


def _figures(scores: Scores) -> Rows:
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
