"""dlib's face network and Resemblyzer, each called as its own users call it.

dlib's network is the one that face_recognition wraps: its files come from
face-recognition-models, and its encoding is ``compute_face_descriptor`` of a face whose five
points dlib's own predictor has found. face_recognition imports face-recognition-models, and that
``pkg_resources``, which new setuptools no longer has; so the network is called without either.

Sources: King 2017, "High Quality Face Recognition with Deep Metric Learning" (dlib); Wan et al.
2018, "Generalized End-to-End Loss for Speaker Verification" (Resemblyzer).
"""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path

import numpy as np

from model.data.media import Picture, Samples
from model.errors import MissingExtraError
from model.types import Vector

FACE_BOX_PX = (36, 46, 126, 136)
"""Left, top, right, bottom: the median of what dlib's detector finds in aligned pictures."""

_NETWORK = "dlib_face_recognition_resnet_model_v1.dat"
_PREDICTOR = "shape_predictor_5_face_landmarks.dat"
_MISSING = (
    "the peer system needs the package {name}: pip install 'stream-verifier[peer]', then "
    "pip install --no-deps resemblyzer==0.1.4 (docs/peer.md says why in two steps)"
)


class DlibFace:
    """face_recognition's encoding of an aligned picture.

    The pictures are aligned, so that the face's place is known (``known_face_locations`` in
    face_recognition) and no face is lost for want of a detection.

    Raises:
        MissingExtraError: dlib or face-recognition-models is not installed.
    """

    name = "dlib-resnet-box-" + "-".join(map(str, FACE_BOX_PX))
    size = 128

    def __init__(self) -> None:
        folder = _model_folder()
        try:
            import dlib
        except ImportError as error:
            raise missing("dlib-bin") from error
        self._network = dlib.face_recognition_model_v1(str(folder / _NETWORK))
        self._predictor = dlib.shape_predictor(str(folder / _PREDICTOR))
        self._box = dlib.rectangle(*FACE_BOX_PX)

    def __call__(self, picture: Picture) -> Vector:
        """Embed a picture, uint8 (160, 160, 3) RGB; float32 (128,), not normalised."""
        points = self._predictor(picture, self._box)
        descriptor = self._network.compute_face_descriptor(picture, points)
        return np.array(descriptor, dtype=np.float32)


class ResemblyzerVoice:
    """Resemblyzer's embedding of an utterance, on the CPU and one thread.

    Raises:
        MissingExtraError: resemblyzer, torch or librosa is not installed.
    """

    name = "resemblyzer-ge2e"
    size = 256

    def __init__(self) -> None:
        try:
            with warnings.catch_warnings():
                # Resemblyzer takes a function from a place that SciPy has deprecated.
                warnings.simplefilter("ignore", DeprecationWarning)
                import resemblyzer
            import torch
        except ImportError as error:
            raise missing(error.name or "resemblyzer") from error
        torch.set_num_threads(1)
        self._preprocess = resemblyzer.preprocess_wav
        self._encoder = resemblyzer.VoiceEncoder("cpu", verbose=False)

    def __call__(self, samples: Samples) -> Vector:
        """Embed speech, float32, mono, 16 kHz, not all zeros; float32 (256,), unit length.

        Where Resemblyzer's own speech detector leaves nothing, all of it is embedded.
        """
        speech = self._preprocess(samples)
        vector = self._encoder.embed_utterance(speech if len(speech) else samples)
        return np.asarray(vector, dtype=np.float32)


def missing(name: str) -> MissingExtraError:
    """The error for a package that is not installed, with what to do."""
    return MissingExtraError(_MISSING.format(name=name))


def _model_folder() -> Path:
    """Where face-recognition-models put its files; found without importing it."""
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        raise missing("face-recognition-models")
    return Path(spec.submodule_search_locations[0]) / "models"
