"""``python -m model round``: keep the voice tower's weights in 8 bits without leaving its space.

Half of the inputs out of the pack say how to round, the other half whether that went well: the
tower's vectors must lie where the float one's do, so closely that references made with either are
good for both. The folder then keeps the name of its embedding space, and nobody enrols again.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress

from model.compress.rounding import round_tower
from model.convert.manifest import update_part
from model.data.packs import Pack
from model.errors import WeightsError
from model.outputs import folder
from model.runtime.litert import LiteRtModel
from model.runtime.weights import MANIFEST, WEIGHTS_DIR, Weights
from model.training.extras import require
from model.training.files import write_whole
from model.types import Vector

PART = "voice_tower"
FLOAT_LAYERS = ("transit", "shortcut")
"""Five of 223 convolutions, which take little time and whose inputs suffer most from 8 bits, being
what all paths go through. As measured one by one, two fifths of what rounding moves is theirs."""
LEAST_COSINE = 0.995
"""Between the vectors of both towers, at the median, for their space to be one."""


def main(argv: Sequence[str]) -> int:
    """Round, compare, write a folder of weights."""
    options = _parser().parse_args(argv)
    source = Weights.load(options.weights)
    if "rounded_by" in source.manifest["parts"][PART]:
        raise WeightsError(f"{source.path(PART)} is in 8 bits: name the float tower's folder")
    inputs = _inputs(options.pack, options.inputs, options.seed)
    lessons, checks = inputs[::2], inputs[1::2]
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("rounding", total=None)
        content = round_tower(
            source.path(PART).read_bytes(),
            lessons,
            float_layers=FLOAT_LAYERS,
            seed=options.seed,
            advance=lambda: bar.advance(task),
        )
    cosines = _write(options.out, source, content, checks)
    low, middle = np.percentile(cosines, [5, 50])
    print(
        f"{options.out}: space {Weights.load(options.out).model_id}, {len(content)} bytes; cosine "
        f"with the float tower on {len(checks)} other inputs {middle:.5f} at the median, "
        f"{low:.5f} at the 5th percentile, {min(cosines):.5f} at least"
    )
    return 0


def _write(folder: Path, source: Weights, content: bytes, checks: Sequence[Vector]) -> list[float]:
    """Write the folder; gives the cosines between both towers' vectors.

    Raises:
        WeightsError: the tower puts things elsewhere than the float one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    entry = dict(source.manifest["parts"][PART])
    draft = folder / f"{PART}.draft"
    write_whole(draft, content)
    cosines = _cosines(source.path(PART), draft, checks)
    if not np.median(cosines) >= LEAST_COSINE:
        draft.unlink()
        raise WeightsError(
            f"rounding moved the tower's vectors: cosine {np.median(cosines):.4f} at the median, "
            f"{LEAST_COSINE} is needed; give more inputs with --inputs"
        )
    if folder.resolve() != source.directory.resolve():
        for part in source.manifest["parts"]:
            shutil.copyfile(source.path(part), folder / source.path(part).name)
        shutil.copyfile(source.directory / MANIFEST, folder / MANIFEST)
    file, digest = entry.pop("file"), entry.pop("sha256")
    entry.pop("bytes", None)
    draft.replace(folder / file)
    entry |= {"rounded_by": "python -m model round", "spans": entry.get("spans", digest)}
    update_part(PART, file, directory=folder, **entry)
    return cosines


def _cosines(one: Path, other: Path, inputs: Sequence[Vector]) -> list[float]:
    towers = LiteRtModel(one), LiteRtModel(other)
    pairs = [[tower.run(item[None])[0] for tower in towers] for item in inputs]
    return [float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) for a, b in pairs]


def _inputs(folder: Path, count: int, seed: int) -> list[Vector]:
    require("tensorflow", "keras")
    from model.compress.towers import KINDS

    pack = Pack(folder)
    found = KINDS["voice"].inputs(pack, count, np.random.default_rng(seed))
    print(*pack.notes.lines(), sep="\n")
    if len(found) < 2:
        raise WeightsError(f"{folder} holds too little speech to round by: name another pack")
    return [item.astype(np.float32) for item in found]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model round", description=__doc__)
    add = parser.add_argument
    add("--weights", type=Path, default=WEIGHTS_DIR, help="folder with the float tower")
    add("--pack", type=Path, required=True, help="people whose speech says how to round")
    add("--out", type=folder, default=Path("runs/rounded"), help="folder of weights to write")
    add("--inputs", type=int, default=400, help="stretches of speech, half of them to check by")
    add("--seed", type=int, default=1, help="everything random follows from it")
    return parser
