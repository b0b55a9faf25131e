"""Whether two references are rather the same person's."""

from __future__ import annotations

from model.runtime.adapter import Adapters
from model.types import Reference
from stream_verifier.errors import (
    ConsentLapsedError,
    StaleReferenceError,
    StoreError,
    UnknownIdentityError,
)
from stream_verifier.identities.store import IdentityStore

FACE_COSINE = 0.4
VOICE_COSINE = 0.5
"""Means of several samples are surer than a window is. `python -m benchmarks.likeness` tells
how many people and how many strangers are above these."""
ADDED_VOICE_COSINE = 0.4
"""What is added may be of another mood, room or device: so near lay all calm references to acted
speech of the same people (least 0.41, through a telephone's codec). The face has to be as like as
ever."""


def likeness(old: Reference, new: Reference, *, voice_cosine: float = VOICE_COSINE) -> float:
    """Compare two references of one embedding space.

    Args:
        old: the one that is stored.
        new: the one beside it.
        voice_cosine: what strangers' voices seldom reach.

    Returns:
        How far the weaker of face and voice is above what strangers seldom reach; below 0 the two
        are rather not one person's. Both vectors have unit length, so that it lies in [-1.5, 0.6].
    """
    face, voice = float(old.face @ new.face), float(old.voice @ new.voice)
    if old.wide != new.wide and old.telephone is not None and new.telephone is not None:
        voice = float(old.telephone @ new.telephone)
    return min(face - FACE_COSINE, voice - voice_cosine)


async def likeness_to_enrolled(
    store: IdentityStore, name: str, reference: Reference, *, adapters: Adapters | None = None
) -> float | None:
    """How much a new reference is the person's who is enrolled by that name.

    Args:
        store: where the old one is.
        name: whose.
        reference: the new one.
        adapters: what moves an old one of another model; without, none such is compared.

    Returns:
        As `likeness`; None where nobody is enrolled, or the old reference cannot, or for want of
        consent may not, be compared.
    """
    try:
        old = await store.reference(name, model_id=reference.model_id, adapters=adapters)
    except (ConsentLapsedError, StaleReferenceError, UnknownIdentityError, StoreError):
        return None
    return likeness(old, reference)
