"""Turns a person's stored template into bytes and back."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import ModelError
from model.runtime.pieces import MOST_PIECES
from model.runtime.reference import FACE_SIZE, VOICE_SIZE, vectors_of
from model.types import Reference, Vector, VoicePiece

_MAGIC_1 = b"SVR1"  # stream-verifier reference, format 1
_MAGIC_2 = b"SVR2"  # with the voice as a telephone carries it, too
_MAGIC_3 = b"SVR3"  # moved from another model's space, with or without that voice
_MAGIC_4 = b"SVR4"  # with pieces of the voice; moved or not, with or without the telephone's
_HEADER_SIZE = struct.Struct("<I")
_MAX_HEADER_BYTES = 4096
_FIELDS_1: dict[str, type] = {"model_id": str, "face_count": int, "speech_s": float}
_FIELDS_2 = _FIELDS_1 | {"wide": bool}
_FIELDS_3 = _FIELDS_2 | {"adapted_from": list}
_FIELDS_4 = _FIELDS_3 | {"pieces_s": list}
_FIELDS = {_MAGIC_1: _FIELDS_1, _MAGIC_2: _FIELDS_2, _MAGIC_3: _FIELDS_3, _MAGIC_4: _FIELDS_4}
_MAX_MOVES = 16


def reference_to_bytes(reference: Reference) -> bytes:
    """Serialise a reference: magic, length of a JSON header, header, its vectors as float32.

    Of the formats the oldest that holds all of it is written, so that a release which knows nothing
    of adapters or of pieces refuses what has them.

    Raises:
        ModelError: a vector is of another size or not of unit length, or there are too many pieces.
    """
    if len(reference.pieces) > MOST_PIECES:
        raise _broken(f"it has more than {MOST_PIECES} pieces")
    vectors = [
        _unit(vector, FACE_SIZE if name == "face" else VOICE_SIZE)
        for name, vector in vectors_of(reference).items()
    ]
    magic = _magic(reference)
    told = {"pieces_s": [float(piece.speech_s) for piece in reference.pieces]}
    header = {
        name: told[name] if name in told else kind(getattr(reference, name))
        for name, kind in _FIELDS[magic].items()
    }
    encoded = json.dumps(header, sort_keys=True).encode()
    size = _HEADER_SIZE.pack(len(encoded))
    return magic + size + encoded + np.concatenate(vectors).astype("<f4").tobytes()


def reference_from_bytes(data: bytes) -> Reference:
    """Read what ``reference_to_bytes`` wrote.

    Raises:
        ModelError: the bytes are cut, of another format, or hold other than unit vectors.
    """
    header, rest = _split(data)
    numbers = np.frombuffer(rest, "<f4").astype(np.float32)
    face = _unit(numbers[:FACE_SIZE], FACE_SIZE)
    voices = [_unit(one, VOICE_SIZE) for one in numbers[FACE_SIZE:].reshape(-1, VOICE_SIZE)]
    seconds = header.pop("pieces_s", [])
    by_telephone = len(voices) > 1 + len(seconds)
    (voice, telephone), *parts = _pairs(voices, by_telephone=by_telephone)
    return Reference(
        face=face,
        voice=voice,
        telephone=telephone,
        pieces=tuple(
            VoicePiece(voice=whole, speech_s=speech_s, telephone=narrow)
            for speech_s, (whole, narrow) in zip(seconds, parts, strict=True)
        ),
        **header,
    )


def _magic(reference: Reference) -> bytes:
    if reference.pieces:
        return _MAGIC_4
    if reference.adapted_from:
        return _MAGIC_3
    return _MAGIC_1 if reference.telephone is None else _MAGIC_2


def _pairs(voices: list[Vector], *, by_telephone: bool) -> list[tuple[Vector, Vector | None]]:
    if not by_telephone:
        return [(voice, None) for voice in voices]
    return list(zip(voices[::2], voices[1::2], strict=True))


def _split(data: bytes) -> tuple[dict[str, Any], bytes]:
    start = len(_MAGIC_1) + _HEADER_SIZE.size
    magic = data[: len(_MAGIC_1)]
    if len(data) < start or magic not in _FIELDS:
        raise _broken("it does not start like one")
    (size,) = _HEADER_SIZE.unpack_from(data, len(magic))
    if size > _MAX_HEADER_BYTES or len(data) < start + size:
        raise _broken("it is cut short or too long")
    header = _parse_header(data[start : start + size], _FIELDS[magic])
    without = 1 + len(header.get("pieces_s", []))
    voices = {_MAGIC_1: (without,), _MAGIC_2: (2 * without,)}.get(magic, (without, 2 * without))
    rest = data[start + size :]
    if len(rest) not in [4 * (FACE_SIZE + count * VOICE_SIZE) for count in voices]:
        raise _broken("it is cut short or too long")
    return header, rest


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
        header["adapted_from"] = _moves(
            header["adapted_from"], least=0 if "pieces_s" in fields else 1
        )
    if "pieces_s" in header:
        header["pieces_s"] = _seconds(header["pieces_s"])
    return header


def _moves(found: list[Any], *, least: int) -> tuple[str, ...]:
    if not least <= len(found) <= _MAX_MOVES or any(type(one) is not str for one in found):
        raise _broken("its header does not say where it was moved from")
    return tuple(found)


def _seconds(found: list[Any]) -> list[float]:
    right = all(type(one) is float and math.isfinite(one) and one > 0 for one in found)
    if not (right and 2 <= len(found) <= MOST_PIECES):
        raise _broken("its header does not say how long its pieces are")
    return found


def _unit(vector: NDArray[np.float32], size: int) -> Vector:
    if vector.shape != (size,):
        raise _broken(f"a vector has shape {vector.shape} in place of ({size},)")
    if not abs(float(np.linalg.norm(vector)) - 1) < 1e-3:  # also true of NaN
        raise _broken("a vector is not of unit length")
    return vector


def _broken(why: str) -> ModelError:
    return ModelError(f"not a readable reference: {why}; enrol again")
