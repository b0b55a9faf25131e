"""Who is enrolled, without what makes the person recognisable."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from precis_i18n import get_profile

from stream_verifier.errors import IdentityError
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.origin import Origin

MAX_NAME_CHARS = 64
_PRECIS = get_profile("OpaqueString")


@dataclass(frozen=True, slots=True)
class Identity:
    """One enrolled person; holds no vectors.

    Attributes:
        id: random, never used again, safe to log.
        name: what people call it, as :func:`normalise_name` gives it.
        created_at: when the reference was stored, UTC.
        consent: the record it was enrolled under.
        model_id: the embedding space of the stored reference.
        face_count: pictures in the reference.
        speech_s: seconds of speech in the reference.
        version: of the record; each one stored later, of anybody, has a higher one.
        origin: by whom and by which way; None where an older version of this package stored it.
        replaces: the id of the identity of the same name that it took the place of, if any; it
            did so at ``created_at``.
        earlier_consents: what the person agreed to before, oldest first; the newest few.
        adapted_from: the models that the reference was moved from, the one that the person was
            enrolled with first; empty where it was made with ``model_id`` itself.
        widened: how often more pictures and speech were added to the reference.
        parts: names of what it was made of and of what was added, as `parts.part_of` gives them;
            empty in a record of before there were any.
    """

    id: str
    name: str
    created_at: datetime
    consent: Consent
    model_id: str
    face_count: int
    speech_s: float
    version: int = 0
    origin: Origin | None = None
    replaces: str | None = None
    earlier_consents: tuple[Consent, ...] = ()
    adapted_from: tuple[str, ...] = ()
    widened: int = 0
    parts: tuple[str, ...] = ()


def normalise_name(name: str) -> str:
    """Bring a name to the one spelling that is stored and looked up.

    Unicode NFC, so that two ways to type an accent mean one person; outer blanks go. Joiners
    (ZWNJ, ZWJ) stay where a script needs them, and are refused where nobody would see them. Every
    name that once could be enrolled keeps its spelling, so that it is found for ever: stricter
    rules are for new names only, see `new_name`.

    Returns:
        1 to 64 printable characters with no slash or backslash and no dot in front.

    Raises:
        IdentityError: the name breaks these rules.
    """
    if not isinstance(name, str):
        raise IdentityError("The name of an identity must be text.")
    clean = unicodedata.normalize("NFC", name).strip()
    if not 1 <= len(clean) <= MAX_NAME_CHARS:
        raise IdentityError(f"The name of an identity has 1 to {MAX_NAME_CHARS} characters.")
    if not clean.isprintable():
        clean = _enforced(clean)
    if clean.startswith(".") or "/" in clean or "\\" in clean:
        raise IdentityError("The name of an identity may hold no / or \\ and not start with a dot.")
    return clean


def new_name(name: str) -> str:
    """As `normalise_name`, for somebody who is not enrolled yet.

    The OpaqueString profile of PRECIS (RFC 8265) refuses what nobody sees or types, such as
    fillers and selectors, by which two people's names would look alike.

    Raises:
        IdentityError: the name breaks the rules; the message says by which character.
    """
    return _enforced(normalise_name(name))


def _enforced(name: str) -> str:
    try:
        return str(_PRECIS.enforce(name)).strip()
    except UnicodeEncodeError as error:
        character = name[error.start : error.start + 1]
        raise IdentityError(
            "The name of an identity may hold printable characters only: "
            f"leave out {ascii(character)} ({unicodedata.name(character, 'unnamed')})."
        ) from error
