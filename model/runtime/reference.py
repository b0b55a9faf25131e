"""Makes the stored template of a person and turns it into bytes and back."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import ModelError
from model.types import FaceSample, Reference, Vector, VoiceSample

FACE_SIZE = 128
VOICE_SIZE = 192
_MAGIC = b"SVR1"  # stream-verifier reference, format 1
_HEADER_SIZE = struct.Struct("<I")
_MAX_HEADER_BYTES = 4096
_FIELDS = {"model_id": str, "face_count": int, "speech_s": float}


def make_reference(
    model_id: str, faces: Sequence[FaceSample], voices: Sequence[VoiceSample]
) -> Reference:
    """Average samples of one person.

    Each vector is brought to unit length, so that no sample counts more for being longer; voice
    is weighted by its seconds of speech; the mean is brought to unit length again.

    Args:
        model_id: the embedding space that made the vectors.
        faces: one or more, vectors of shape (128,).
        voices: one or more, vectors of shape (192,).

    Raises:
        ModelError: there is no face or no voice, or vectors are of another size, not finite, or
            cancel each other out.
    """
    if not faces or not voices:
        raise ModelError("a reference needs at least one face and one stretch of speech")
    seconds = [voice.quality.speech_s for voice in voices]
    return Reference(
        model_id=model_id,
        face=_mean_direction([f.vector for f in faces], [1.0] * len(faces), FACE_SIZE),
        voice=_mean_direction([v.vector for v in voices], seconds, VOICE_SIZE),
        face_count=len(faces),
        speech_s=float(sum(seconds)),
    )


def reference_to_bytes(reference: Reference) -> bytes:
    """Serialise a reference: magic, length of a JSON header, header, both vectors as float32.

    Raises:
        ModelError: a vector is of another size or not of unit length.
    """
    header = {name: kind(getattr(reference, name)) for name, kind in _FIELDS.items()}
    encoded = json.dumps(header, sort_keys=True).encode()
    vectors = np.concatenate([_unit(reference.face, FACE_SIZE), _unit(reference.voice, VOICE_SIZE)])
    size = _HEADER_SIZE.pack(len(encoded))
    return _MAGIC + size + encoded + vectors.astype("<f4").tobytes()


def reference_from_bytes(data: bytes) -> Reference:
    """Read what ``reference_to_bytes`` wrote.

    Raises:
        ModelError: the bytes are cut, of another format, or hold other than two unit vectors.
    """
    header, rest = _split(data)
    vectors = np.frombuffer(rest, "<f4").astype(np.float32)
    return Reference(
        face=_unit(vectors[:FACE_SIZE], FACE_SIZE),
        voice=_unit(vectors[FACE_SIZE:], VOICE_SIZE),
        **header,
    )


def _split(data: bytes) -> tuple[dict[str, Any], bytes]:
    start = len(_MAGIC) + _HEADER_SIZE.size
    if len(data) < start or not data.startswith(_MAGIC):
        raise _broken("it does not start like one")
    (size,) = _HEADER_SIZE.unpack_from(data, len(_MAGIC))
    expected = start + size + 4 * (FACE_SIZE + VOICE_SIZE)
    if size > _MAX_HEADER_BYTES or len(data) != expected:
        raise _broken("it is cut short or too long")
    return _parse_header(data[start : start + size]), data[start + size :]


def _parse_header(encoded: bytes) -> dict[str, Any]:
    try:
        header = json.loads(encoded)
    except ValueError as error:
        raise _broken("its header is not JSON") from error
    if not isinstance(header, dict) or set(header) != set(_FIELDS):
        raise _broken("its header has other fields")
    if any(type(header[name]) is not kind for name, kind in _FIELDS.items()):
        raise _broken("a field of its header has another type")
    return header


def _mean_direction(
    vectors: Sequence[NDArray[np.float32]], weights: Sequence[float], size: int
) -> Vector:
    if any(vector.shape != (size,) for vector in vectors):
        raise ModelError(f"vectors to average must have shape ({size},)")
    if min(weights) <= 0:
        raise ModelError("every stretch of speech must be longer than 0 s")
    rows = np.stack(vectors).astype(np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.average(rows / lengths, axis=0, weights=weights)
        length = np.linalg.norm(mean)
        direction = (mean / length).astype(np.float32)
    # Opposite vectors leave only rounding noise, which is nobody's direction.
    if not length > 1e-6 or not np.isfinite(direction).all():
        raise ModelError("vectors have no common direction: enrol again with other samples")
    return np.asarray(direction)


def _unit(vector: NDArray[np.float32], size: int) -> Vector:
    if vector.shape != (size,):
        raise _broken(f"a vector has shape {vector.shape} in place of ({size},)")
    if not abs(float(np.linalg.norm(vector)) - 1) < 1e-3:  # also true of NaN
        raise _broken("a vector is not of unit length")
    return vector


def _broken(why: str) -> ModelError:
    return ModelError(f"not a readable reference: {why}; enrol again")
