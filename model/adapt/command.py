"""``python -m model adapt``: let people who were enrolled with an older model stay enrolled.

Pictures and speech of a pack are embedded by the old towers and by the new ones, and an affine map
is fitted for each vector of a reference from where the old ones put them to where the new ones do.
It is written beside the new weights, with an entry in their manifest that says by hash from which
towers it leads to which. People of the pack should be none whom the outcome is measured on.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from model.adapt.fit import Affine, fitted_affine, left_out
from model.adapt.fit import affine as affine_map
from model.adapt.material import Material, Seen, seen_by
from model.convert.manifest import update_part
from model.data.packs import Pack
from model.errors import WeightsError
from model.outputs import folder
from model.runtime.adapter import Adapter, Adapters, AffineMap, part_of
from model.runtime.weights import WEIGHTS_DIR, Weights
from model.siamese.material import Amount

COMMAND = "python -m model adapt"


def main(argv: Sequence[str]) -> int:
    """Embed, fit, tell, write."""
    options = _parser().parse_args(argv)
    old, new, pack = Weights.load(options.old), Weights.load(options.new), Pack(options.pack)
    if old.model_id == new.model_id:
        raise WeightsError(
            f"{old.directory} and {new.directory} are both {new.model_id}: references made with "
            "one serve with the other as they are"
        )
    amount = Amount(people=options.people)
    adapter = fit(Material(pack, old, new, cache=options.cache, amount=amount), old, new, pack.name)
    _tell(adapter)
    print(*pack.notes.lines(), sep="\n")
    if options.dry_run:
        return 0
    write(adapter, old, new)
    print(f"written to {new.directory}: references of {adapter.source} can be moved")
    print("measure what it costs: python -m benchmarks.migration (docs/training.md)")
    return 0


def fit(material: Material, old: Weights, new: Weights, pack: str) -> Adapter:
    """Fit an adapter; a tower that both models have is left out.

    Args:
        material: embeds the pack.
        old: the model that people enrolled with.
        new: the model to be used.
        pack: its name, to be told of.

    Raises:
        ModelError: the pack has too few people.
    """
    fits = {part: _fitted(one) for part, one in seen_by(material, old, new).items()}
    about = {"command": COMMAND, "pack": pack, "fits": {k: told for k, (_, told) in fits.items()}}
    maps = {part: _as_served(made) for part, (made, _) in fits.items()}
    return Adapter(old.model_id, new.model_id, maps, about)


def write(adapter: Adapter, old: Weights, new: Weights) -> None:
    """Write an adapter beside the new weights, with its entry in their manifest."""
    part = part_of(adapter.source)
    file = f"{part.replace('_', '-')}.npz"
    entry: dict[str, Any] = {
        "from": adapter.source,
        "to": adapter.target,
        "from_towers": old.towers,
        "to_towers": new.towers,
    }
    update_part(
        part,
        file,
        data=adapter.to_bytes(),
        directory=new.directory,
        licence="Apache-2.0",
        made_by=COMMAND,
        input="a reference's unit vectors in the space it leads from",
        output="the same in the space it leads to",
        **entry,
    )
    Adapters.load(Weights.load(new.directory))


def _fitted(seen: Seen) -> tuple[Affine, dict[str, Any]]:
    made, ridge = fitted_affine(seen.old, seen.new, seen.person)

    def again(old: Any, new: Any) -> Affine:
        return affine_map(old, new, ridge=ridge)

    told = {
        "people": len(np.unique(seen.person)),
        "samples": len(seen.old),
        "ridge": ridge,
        # To the new tower's vectors: as the old ones lie, and moved, of people left out.
        "cosine_before": round(float((seen.old * seen.new).sum(axis=1).mean()), 4),
        "cosine_left_out": round(left_out(seen.old, seen.new, seen.person, again), 4),
    }
    return made, told


def _as_served(made: Affine) -> AffineMap:
    return AffineMap(made.matrix.astype(np.float32), made.offset.astype(np.float32))


def _tell(adapter: Adapter) -> None:
    print(f"from {adapter.source} to {adapter.target}")
    fits: Mapping[str, Any] = adapter.about["fits"]
    for part in ("face", "voice", "telephone"):
        told = fits.get(part)
        if told is None:
            print(f"  {part:<9} the same tower makes it in both: stays as it is")
            continue
        print(
            f"  {part:<9} {told['people']} people, {told['samples']} samples; mean cosine to the "
            f"new tower's vectors {told['cosine_before']:.4f} as they are, "
            f"{told['cosine_left_out']:.4f} moved (people left out of the fit)"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    add = parser.add_argument
    add("--old", type=Path, required=True, help="folder of the weights that people enrolled with")
    add("--new", type=Path, default=WEIGHTS_DIR, help="folder of the weights to be used")
    add("--pack", type=Path, required=True, help="folder with people's pictures and speech")
    add("--people", type=int, help="so many of each source at most; all without")
    add("--dry-run", action="store_true", help="tell how well it fits, write nothing")
    add("--cache", type=folder, default=Path(".cache/embeddings"), help="folder of embeddings")
    return parser
