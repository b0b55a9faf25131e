"""Knows again what a reference was made of, of which nothing is kept."""

from __future__ import annotations

import hashlib

from model.runtime.reference_format import reference_to_bytes
from model.types import Reference

_CHARS = 32


def part_of(identity_id: str, made: Reference) -> str:
    """Names what an identity's reference was made of, or what is to be added to it.

    The same files make the same vectors, to the bit, with the same model. Another identity's name
    for them is another one, so that names of two stores tell nothing of who is in both.

    Args:
        identity_id: of the identity; random.
        made: of these pictures and this speech alone.

    Returns:
        32 hexadecimal digits of a hash.
    """
    content = identity_id.encode() + b"\0" + reference_to_bytes(made)
    return hashlib.sha256(content).hexdigest()[:_CHARS]
