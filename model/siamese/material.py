"""Training samples out of a pack: every picture and stretch of speech, clean and as calls have it.

Each sample is made the way serving makes it: speech is cut out of the damaged sound, the picture
is measured after it was damaged.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from rich.progress import track

from model.data.augment import augment_picture, augment_speech
from model.data.embed import Embedder
from model.data.media import SAMPLE_RATE_HZ, join_voices, read_picture
from model.data.media import Samples as Sound
from model.data.packs import Pack, Sample, people_with
from model.data.people import excerpt, speech_units
from model.errors import CheckpointError, PackError
from model.runtime.comparator import face_quality_vector, voice_quality_vector
from model.siamese.samples import Samples
from model.training.files import write_whole
from model.types import FaceSample, Vector, VoiceSample

GARBLED = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error)
"""What reading a cut or changed file of arrays may raise."""

Unit = tuple[str, int]
Row = tuple[Vector, Vector, str, int, bool]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is made of a pack.

    Attributes:
        people: at most so many of each source; None: all.
        pictures: of one person, at most.
        picture_copies: damaged copies of each picture.
        units: stretches of 3 s of speech of one person, at most.
        speech_copies: copies of each, shortened and damaged.
    """

    people: int | None = None
    pictures: int = 6
    picture_copies: int = 1
    units: int = 8
    speech_copies: int = 6


def face_samples(pack: Pack, embedder: Embedder, amount: Amount, *, seed: int) -> Samples:
    """Embed a pack's pictures, each as it is and damaged.

    Raises:
        PackError: no two people have two pictures each.
    """
    rng = np.random.default_rng(seed)
    return _samples(_faces(pack, embedder, amount, rng), "pictures")


def voice_samples(pack: Pack, embedder: Embedder, amount: Amount, *, seed: int) -> Samples:
    """Embed a pack's speech, each stretch as it is, and shortened and damaged.

    Raises:
        PackError: no two people have two stretches of speech each.
    """
    rng = np.random.default_rng(seed)
    return _samples(_voices(pack, embedder, amount, rng), "speech")


def picture_units(pack: Pack, amount: Amount) -> dict[Unit, Sample]:
    """Pictures of people who have two at least, by person and number."""
    people = people_with(pack.faces, least=2, notes=pack.notes).kept
    return _units(_some(people, amount.people), lambda files: files[: amount.pictures])


def speech_sounds(pack: Pack, amount: Amount, rng: np.random.Generator) -> dict[Unit, Sound]:
    """Stretches of about 3 s of speech, by person and number; corrupt files are noted."""
    people = _some(people_with(pack.voices, least=2, notes=pack.notes).kept, amount.people)
    units = _units(people, lambda files: speech_units(files, rng, most=amount.units))
    sounds = {}
    for key, paths in units.items():
        try:
            sounds[key] = join_voices(paths, notes=pack.notes)
        except PackError as error:
            pack.notes.skip(paths[0], str(error))
    return sounds


def shortened(sound: Sound, copy: int, rng: np.random.Generator) -> Sound:
    """Odd copies keep their 3 s, the others have 0.7 to 3 s."""
    return sound if copy % 2 else excerpt(sound, float(rng.uniform(0.7, 3.0)), rng)


def talkers(
    sounds: dict[Unit, Sound], who: str, rng: np.random.Generator
) -> Callable[[int], list[Sound]]:
    """Draws other people's speech, for babble; white noise where there is nobody else."""
    keys = list(sounds)
    alone = all(key[0] == who for key in keys)

    def draw(count: int) -> list[Sound]:
        if alone:
            return [rng.standard_normal(SAMPLE_RATE_HZ).astype(np.float32)]
        drawn: list[Sound] = []
        while len(drawn) < count:
            key = keys[int(rng.integers(len(keys)))]
            drawn += [sounds[key]] if key[0] != who else []
        return drawn

    return draw


def remembered(path: Path, make: Callable[[], Samples]) -> Samples:
    """The samples in a file, made and written first where it is not there.

    Raises:
        CheckpointError: the file is garbled, or cannot be written.
    """
    if not path.is_file():
        samples = make()
        data = io.BytesIO()
        # By its fields: what the object has worked out from them lies beside them.
        arrays: dict[str, Any] = {f.name: getattr(samples, f.name) for f in fields(samples)}
        np.savez(data, **arrays)
        write_whole(path, data.getvalue())
        return samples
    try:
        with np.load(io.BytesIO(path.read_bytes())) as found:
            arrays = {name: found[name] for name in found.files}
        return Samples(**{**arrays, "people": tuple(str(p) for p in arrays["people"])})
    except GARBLED as error:
        raise CheckpointError(f"{path} is garbled ({error}): delete it and go on") from error


def _faces(
    pack: Pack, embedder: Embedder, amount: Amount, rng: np.random.Generator
) -> Iterator[Row]:
    for (who, number), file in picture_units(pack, amount).items():
        for _, picture in pack.notes.reading([file.path], read_picture):
            yield _face_row(embedder.face(picture), who, number, True)
            for _ in range(amount.picture_copies):
                damaged, _ = augment_picture(picture, rng)
                yield _face_row(embedder.face(damaged), who, number, False)


def _voices(
    pack: Pack, embedder: Embedder, amount: Amount, rng: np.random.Generator
) -> Iterator[Row | None]:
    sounds = speech_sounds(pack, amount, rng)
    for (who, number), sound in sounds.items():
        yield _voice_row(embedder.voice(sound), who, number, True)
        for copy in range(amount.speech_copies):
            babble = talkers(sounds, who, rng)
            damaged, _ = augment_speech(shortened(sound, copy, rng), rng, babble=babble)
            yield _voice_row(embedder.voice(damaged), who, number, False)


def _face_row(sample: FaceSample, who: str, number: int, clean: bool) -> Row:
    return sample.vector, face_quality_vector(sample), who, number, clean


def _voice_row(sample: VoiceSample | None, who: str, number: int, clean: bool) -> Row | None:
    """None where too little speech was left to be scored, as serving would find too."""
    if sample is None:
        return None
    return sample.vector, voice_quality_vector(sample), who, number, clean


def _units(
    people: dict[str, list[Sample]], cut: Callable[[Sequence[Sample]], Sequence[T]]
) -> dict[Unit, T]:
    return {
        (who, number): unit
        for who, files in people.items()
        for number, unit in enumerate(cut(files))
    }


def _some(people: dict[str, list[Sample]], most: int | None) -> dict[str, list[Sample]]:
    """The first people of each source."""
    taken: dict[str, int] = {}
    kept = {}
    for who, files in people.items():
        source = files[0].source
        taken[source] = taken.get(source, 0) + 1
        if most is None or taken[source] <= most:
            kept[who] = files
    return kept


def _samples(rows: Iterable[Row | None], what: str) -> Samples:
    kept = [row for row in track(rows, f"embedding {what}", total=None) if row is not None]
    if not kept:
        raise PackError(f"the pack holds no {what} to train on")
    vectors, qualities, who, unit, clean = zip(*kept, strict=True)
    people, person = np.unique(np.array(who), return_inverse=True)
    return Samples(
        vectors=np.stack(vectors).astype(np.float32),
        qualities=np.stack(qualities).astype(np.float32),
        person=person,
        unit=np.array(unit),
        clean=np.array(clean),
        people=tuple(str(name) for name in people),
    )
