"""Makes the stored template of a person and turns it into bytes and back."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import ModelError
from model.types import FaceSample, Reference, Vector, VoiceSample

FACE_SIZE = 128
VOICE_SIZE = 192
_MAGIC_1 = b"SVR1"  # stream-verifier reference, format 1
_MAGIC_2 = b"SVR2"  # with the voice as a telephone carries it, too
_MAGIC_3 = b"SVR3"  # moved from another model's space, with or without that voice
_HEADER_SIZE = struct.Struct("<I")
_MAX_HEADER_BYTES = 4096
_FIELDS_1: dict[str, type] = {"model_id": str, "face_count": int, "speech_s": float}
_FIELDS_2 = _FIELDS_1 | {"wide": bool}
_FIELDS_3 = _FIELDS_2 | {"adapted_from": list}
_FIELDS = {_MAGIC_1: _FIELDS_1, _MAGIC_2: _FIELDS_2, _MAGIC_3: _FIELDS_3}
_MAX_MOVES = 16


def make_reference(
    model_id: str, faces: Sequence[FaceSample], voices: Sequence[VoiceSample]
) -> Reference:
    """Average samples of one person.

    Each vector is brought to unit length, so that no sample counts more for being longer; voice
    is weighted by its seconds of speech; the mean is brought to unit length again. Speech without
    more than the telephone's band counts for the whole band only where most of it is so; the
    telephone's band is made of all speech, if all of it was embedded so.

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
    whole = [voice for voice in voices if not voice.narrow]
    wide = 2 * _seconds(whole) >= _seconds(voices)
    heard = whole if wide else voices
    return Reference(
        model_id=model_id,
        face=_mean_direction([f.vector for f in faces], [1.0] * len(faces), FACE_SIZE),
        voice=_mean_direction([v.vector for v in heard], _each(heard), VOICE_SIZE),
        face_count=len(faces),
        speech_s=float(_seconds(voices)),
        telephone=_by_telephone(voices),
        wide=wide,
    )


def widened(reference: Reference, more: Reference) -> Reference:
    """One person's reference, made of what two of that person were made of.

    Pictures weigh alike, speech by its seconds, as in `make_reference`. A voice without more than
    the telephone's band is left out of one that has more; the telephone's own is of both.

    Args:
        reference: the older one; how it was moved between models stays known.
        more: of the same model, never moved.

    Raises:
        ModelError: they are of two models, or cancel each other out.
    """
    if reference.model_id != more.model_id:
        raise ModelError("references of two models have no mean: move the older one first")
    pictures = [float(reference.face_count), float(more.face_count)]
    seconds = [reference.speech_s, more.speech_s]
    heard = [one for one in (reference, more) if one.wide or not (reference.wide or more.wide)]
    telephones = [one.telephone for one in (reference, more) if one.telephone is not None]
    return replace(
        reference,
        face=_mean_direction([reference.face, more.face], pictures, FACE_SIZE),
        voice=_mean_direction(
            [one.voice for one in heard], [one.speech_s for one in heard], VOICE_SIZE
        ),
        face_count=reference.face_count + more.face_count,
        speech_s=sum(seconds),
        telephone=_mean_direction(telephones, seconds, VOICE_SIZE)
        if len(telephones) == 2
        else None,
        wide=reference.wide or more.wide,
    )


def _by_telephone(voices: Sequence[VoiceSample]) -> Vector | None:
    vectors = [voice.telephone for voice in voices if voice.telephone is not None]
    return (
        _mean_direction(vectors, _each(voices), VOICE_SIZE) if len(vectors) == len(voices) else None
    )


def _each(voices: Sequence[VoiceSample]) -> list[float]:
    return [voice.quality.speech_s for voice in voices]


def _seconds(voices: Sequence[VoiceSample]) -> float:
    return sum(_each(voices))


def reference_to_bytes(reference: Reference) -> bytes:
    """Serialise a reference: magic, length of a JSON header, header, its vectors as float32.

    One without a vector of the telephone's band is of format 1, one that an adapter has moved of
    format 3, so that a release which knows nothing of adapters refuses it.

    Raises:
        ModelError: a vector is of another size or not of unit length.
    """
    vectors = [_unit(reference.face, FACE_SIZE), _unit(reference.voice, VOICE_SIZE)]
    if reference.telephone is not None:
        vectors.append(_unit(reference.telephone, VOICE_SIZE))
    magic = _MAGIC_1 if reference.telephone is None else _MAGIC_2
    magic = _MAGIC_3 if reference.adapted_from else magic
    header = {name: kind(getattr(reference, name)) for name, kind in _FIELDS[magic].items()}
    encoded = json.dumps(header, sort_keys=True).encode()
    size = _HEADER_SIZE.pack(len(encoded))
    return magic + size + encoded + np.concatenate(vectors).astype("<f4").tobytes()


def reference_from_bytes(data: bytes) -> Reference:
    """Read what ``reference_to_bytes`` wrote.

    Raises:
        ModelError: the bytes are cut, of another format, or hold other than unit vectors.
    """
    header, rest = _split(data)
    vectors = np.frombuffer(rest, "<f4").astype(np.float32)
    face, voice, telephone = np.split(vectors, [FACE_SIZE, FACE_SIZE + VOICE_SIZE])
    return Reference(
        face=_unit(face, FACE_SIZE),
        voice=_unit(voice, VOICE_SIZE),
        telephone=_unit(telephone, VOICE_SIZE) if len(telephone) else None,
        **header,
    )


def _split(data: bytes) -> tuple[dict[str, Any], bytes]:
    start = len(_MAGIC_1) + _HEADER_SIZE.size
    magic = data[: len(_MAGIC_1)]
    if len(data) < start or magic not in _FIELDS:
        raise _broken("it does not start like one")
    (size,) = _HEADER_SIZE.unpack_from(data, len(magic))
    without = start + size + 4 * (FACE_SIZE + VOICE_SIZE)
    whole = without + 4 * VOICE_SIZE
    expected = {_MAGIC_1: (without,), _MAGIC_2: (whole,), _MAGIC_3: (without, whole)}[magic]
    if size > _MAX_HEADER_BYTES or len(data) not in expected:
        raise _broken("it is cut short or too long")
    return _parse_header(data[start : start + size], _FIELDS[magic]), data[start + size :]


def _parse_header(encoded: bytes, fields: dict[str, type]) -> dict[str, Any]:
    try:
        header = json.loads(encoded)
    except ValueError as error:
        raise _broken("its header is not JSON") from error
    if not isinstance(header, dict) or set(header) != set(fields):
        raise _broken("its header has other fields")
    if any(type(header[name]) is not kind for name, kind in fields.items()):
        raise _broken("a field of its header has another type")
    if "adapted_from" in header:
        header["adapted_from"] = _moves(header["adapted_from"])
    return header


def _moves(found: list[Any]) -> tuple[str, ...]:
    if not 1 <= len(found) <= _MAX_MOVES or any(type(one) is not str for one in found):
        raise _broken("its header does not say where it was moved from")
    return tuple(found)


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
