"""``python -m model parity``: do the towers give what the published graphs give?

Each tower is run twice, in Keras (float32) and in LiteRT (float16 weights), on real faces and
utterances, and held against its published graph: SFace's ONNX file in ONNX Runtime, CAM++'s own
PyTorch code, with features by kaldi-native-fbank.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.convert.sources import SFACE, fetch
from model.errors import MissingExtraError
from model.outputs import folder
from model.types import Vector

KERAS_TARGET = 0.9999
LITERT_TARGET = 0.999

Embed = Callable[[NDArray[Any]], Vector]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How closely one form of a tower follows its published graph.

    Attributes:
        name: tower and form, such as "SFace, LiteRT float16".
        cosines: one per sample, against the published graph's vector.
        target: what the least of them must reach.
    """

    name: str
    cosines: tuple[float, ...]
    target: float

    @property
    def reached(self) -> bool:
        """Whether every sample reaches the target."""
        return min(self.cosines) >= self.target

    def row(self) -> str:
        """One row of the printed table."""
        least, mean = min(self.cosines), float(np.mean(self.cosines))
        verdict = "yes" if self.reached else "NO"
        count = len(self.cosines)
        return f"| {self.name} | {count} | {least:.7f} | {mean:.7f} | {self.target} | {verdict} |"


def main(argv: Sequence[str]) -> int:
    """Compare, print a table; 0 if every target was reached, 1 otherwise."""
    arguments = _parse(argv)
    results = []
    if arguments.tower in ("face", "both"):
        results += face_parity(_faces(arguments.pack, arguments.limit), arguments.cache)
    if arguments.tower in ("voice", "both"):
        results += voice_parity(_utterances(arguments.pack, arguments.limit), arguments.cache)
    print("| tower | samples | least cosine | mean cosine | target | reached |")
    print("|---|---|---|---|---|---|")
    print("\n".join(result.row() for result in results))
    return 0 if all(result.reached for result in results) else 1


def face_parity(crops: Iterable[NDArray[np.uint8]], cache: Path) -> list[Agreement]:
    """Hold SFace in Keras and LiteRT against its ONNX graph.

    Args:
        crops: uint8 (112, 112, 3), RGB, aligned.
        cache: where downloads are kept.

    Raises:
        MissingExtraError: ONNX Runtime or Keras is not installed.
        WeightsError: the published file cannot be had, or what was made of them has changed.
    """
    from model.convert.build import published as published_weights
    from model.runtime.face import FaceTower

    published, keras = load_onnx_sface(cache), _keras("load_sface", cache)
    tower = FaceTower(published_weights(cache=cache))
    forms: dict[str, Embed] = {
        "Keras float32": lambda crop: keras(crop.astype(np.float32)),
        "LiteRT float16": lambda crop: tower.embed(crop[None])[0],
    }
    return _compare("SFace", published, forms, crops)


def voice_parity(fbanks: Iterable[NDArray[np.float32]], cache: Path) -> list[Agreement]:
    """Hold CAM++ in Keras and LiteRT against its PyTorch code.

    Args:
        fbanks: float32 (frames, 80), mean over time subtracted.
        cache: where downloads are kept.

    Raises:
        MissingExtraError: PyTorch or Keras is not installed.
        WeightsError: the published files cannot be had, or what was made of them has changed.
    """
    from model.convert.build import published as published_weights
    from model.convert.torch_reference import load_torch_campplus
    from model.runtime.voice import VoiceTower

    published, keras = load_torch_campplus(cache), _keras("load_campplus", cache)
    forms = {
        "Keras float32": keras,
        "LiteRT float16": VoiceTower(published_weights(cache=cache)).embed,
    }
    return _compare("CAM++", published, forms, fbanks)


def load_onnx_sface(cache: Path) -> Embed:
    """SFace's published graph in ONNX Runtime.

    Returns:
        A function from uint8 (112, 112, 3) RGB to float32 (128,).

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
        WeightsError: the published file cannot be had or is another one.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("this comparison needs onnxruntime: pip install it") from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # the graph lists its weights as inputs: a page of warnings
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(fetch(SFACE, cache)), options)
    picture, *left_over = session.get_inputs()
    # Quantisation left the unquantised weights behind as inputs that nothing reads.
    unread = {i.name: np.zeros(i.shape, np.float32) for i in left_over}

    def embed(crop: NDArray[Any]) -> Vector:
        batch = crop.astype(np.float32).transpose(2, 0, 1)[None]
        return np.asarray(session.run(None, {picture.name: batch, **unread})[0][0])

    return embed


def cosine(a: Vector, b: Vector) -> float:
    """Cosine similarity of two vectors, in float64."""
    x, y = a.astype(np.float64), b.astype(np.float64)
    return float(x @ y / np.linalg.norm(x) / np.linalg.norm(y))


def _compare(
    tower: str, published: Embed, forms: dict[str, Embed], samples: Iterable[NDArray[Any]]
) -> list[Agreement]:
    cosines: dict[str, list[float]] = {name: [] for name in forms}
    for sample in samples:
        expected = published(sample)
        for name, embed in forms.items():
            cosines[name].append(cosine(embed(sample), expected))
    targets = (KERAS_TARGET, LITERT_TARGET)
    return [
        Agreement(f"{tower}, {name}", tuple(values), target)
        for (name, values), target in zip(cosines.items(), targets, strict=True)
    ]


def _keras(loader: str, cache: Path) -> Embed:
    try:
        from model.convert import load
    except ImportError as error:
        raise MissingExtraError("Keras is missing: pip install 'stream-verifier[train]'") from error
    model = getattr(load, loader)(cache)
    return lambda sample: np.asarray(model(sample[None], training=False))[0]


def _faces(root: Path, limit: int) -> Iterable[NDArray[np.uint8]]:
    from model.data.media import crop_face, read_picture
    from model.data.packs import Pack

    for sample in _spread(Pack(root).faces, limit):
        yield crop_face(read_picture(sample.path))


def _utterances(root: Path, limit: int) -> Iterable[NDArray[np.float32]]:
    from model.convert.kaldi import kaldi_fbank
    from model.data.media import read_voice
    from model.data.packs import Pack

    for sample in _spread([s for s in Pack(root).voices if s.seconds >= 0.6], limit):
        yield kaldi_fbank(read_voice(sample.path))


def _spread(samples: Sequence[Any], limit: int) -> Iterable[Any]:
    """At most ``limit`` samples, taken evenly from the whole list."""
    step = max(1, len(samples) // limit)
    return _counted(samples[::step][:limit])


def _counted(samples: Sequence[Any]) -> Iterable[Any]:
    for number, sample in enumerate(samples, start=1):
        print(f"\r{number}/{len(samples)}", end="", file=sys.stderr)
        yield sample
    print(file=sys.stderr)


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m model parity", description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="folder of faces and voices")
    parser.add_argument("--limit", type=int, default=250, help="most samples of each kind")
    parser.add_argument("--tower", choices=("face", "voice", "both"), default="both")
    parser.add_argument("--cache", type=folder, default=Path(".cache"), help="where downloads are")
    return parser.parse_args(argv)
