"""Makes the stored template of a person out of samples, and of two templates one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from model.errors import ModelError
from model.runtime.directions import mean_direction
from model.runtime.pieces import joined
from model.types import FaceSample, Reference, Vector, VoicePiece, VoiceSample

FACE_SIZE = 128
VOICE_SIZE = 192

Change = Callable[[str, Vector], Vector]
"""Takes what a vector of a reference is called and the vector; gives another."""


def make_reference(
    model_id: str,
    faces: Sequence[FaceSample],
    voices: Sequence[VoiceSample],
    *,
    speech_s: float | None = None,
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
        speech_s: seconds of speech in all, where samples overlap; their sum by default.

    Raises:
        ModelError: there is no face or no voice, or vectors are of another size, not finite, or
            cancel each other out.
    """
    if not faces or not voices:
        raise ModelError("a reference needs at least one face and one stretch of speech")
    whole = [voice for voice in voices if not voice.narrow]
    wide = 2 * _seconds(whole) >= _seconds(voices)
    heard = whole if wide else voices
    mean = mean_direction([v.vector for v in heard], _each(heard), VOICE_SIZE)
    telephone = _by_telephone(voices)
    said_s = _seconds(voices) if speech_s is None else speech_s
    scale = said_s / _seconds(voices)
    return Reference(
        model_id=model_id,
        face=mean_direction([f.vector for f in faces], [1.0] * len(faces), FACE_SIZE),
        voice=mean,
        face_count=len(faces),
        speech_s=said_s,
        telephone=telephone,
        wide=wide,
        pieces=joined([_piece(one, scale, telephone is not None) for one in heard]),
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
    both = len(telephones) == 2
    pieces = [piece for one in heard for piece in _pieces(one)]
    return replace(
        reference,
        face=mean_direction([reference.face, more.face], pictures, FACE_SIZE),
        voice=mean_direction(
            [one.voice for one in heard], [one.speech_s for one in heard], VOICE_SIZE
        ),
        face_count=reference.face_count + more.face_count,
        speech_s=sum(seconds),
        telephone=mean_direction(telephones, seconds, VOICE_SIZE) if both else None,
        wide=reference.wide or more.wide,
        pieces=joined(pieces if both else [replace(one, telephone=None) for one in pieces]),
    )


def vectors_of(reference: Reference) -> dict[str, Vector]:
    """All vectors by what they are called, in the order in which they are stored.

    Those of pieces are called "voice 1", "telephone 1", "voice 2" and so on.
    """
    found: dict[str, Vector] = {}

    def note(name: str, vector: Vector) -> Vector:
        found[name] = vector
        return vector

    with_vectors(reference, note)
    return found


def kind_of(name: str) -> str:
    """What a vector is of, by what it is called: "voice" for "voice" and "voice 2"."""
    return name.partition(" ")[0]


def with_vectors(reference: Reference, change: Change) -> Reference:
    """The same reference with each of its vectors changed, called as in `vectors_of`."""

    def changed(name: str, vector: Vector | None) -> Vector | None:
        return None if vector is None else change(name, vector)

    return replace(
        reference,
        face=change("face", reference.face),
        voice=change("voice", reference.voice),
        telephone=changed("telephone", reference.telephone),
        pieces=tuple(
            replace(
                piece,
                voice=change(f"voice {number}", piece.voice),
                telephone=changed(f"telephone {number}", piece.telephone),
            )
            for number, piece in enumerate(reference.pieces, 1)
        ),
    )


def _pieces(reference: Reference) -> Sequence[VoicePiece]:
    whole = VoicePiece(reference.voice, reference.speech_s, reference.telephone)
    return reference.pieces or [whole]


def _piece(voice: VoiceSample, scale: float, by_telephone: bool) -> VoicePiece:
    def unit(vector: Vector) -> Vector:
        return mean_direction([vector], [1.0], VOICE_SIZE)

    telephone = voice.telephone if by_telephone else None
    return VoicePiece(
        voice=unit(voice.vector),
        speech_s=scale * voice.quality.speech_s,
        telephone=None if telephone is None else unit(telephone),
    )


def _by_telephone(voices: Sequence[VoiceSample]) -> Vector | None:
    vectors = [voice.telephone for voice in voices if voice.telephone is not None]
    return (
        mean_direction(vectors, _each(voices), VOICE_SIZE) if len(vectors) == len(voices) else None
    )


def _each(voices: Sequence[VoiceSample]) -> list[float]:
    return [voice.quality.speech_s for voice in voices]


def _seconds(voices: Sequence[VoiceSample]) -> float:
    return sum(_each(voices))
