"""Calls' records and workers' leases, as Redis has them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from stream_verifier.calls.neighbours import CallRecord
from stream_verifier.calls.places import Place
from stream_verifier.events.schema import ChallengeKind
from stream_verifier.fleet.link import texts


class About(BaseModel):
    """What a worker tells of itself with its lease.

    Attributes:
        worker: its id.
        address: where others reach it, http or https.
        calls: that run there.
        room: so many more it takes.
        leaving: whether it is about to stop.
    """

    model_config = ConfigDict(frozen=True)

    worker: str
    address: str
    calls: int
    room: int
    leaving: bool


class _Fields(BaseModel):
    """A record's fields, beside those that only scripts touch."""

    mode: Literal["verify", "enrol"]
    operating_point: str | None
    identity: str
    token_id: str
    bound: bool
    trusted: bool
    subject: str | None = None
    key_hash: str
    followed: bool
    resume_within_s: float
    way: Literal["webrtc", "decoded"] = "webrtc"
    challenges: tuple[ChallengeKind, ...] = ()


def fields_of(record: CallRecord) -> Iterator[str]:
    """A record as names and values, in turn."""
    place = record.place
    fields = _Fields(
        mode=record.mode,
        operating_point=record.operating_point,
        identity=place.identity,
        token_id=place.token_id,
        bound=place.bound,
        trusted=place.trusted,
        subject=place.subject,
        key_hash=record.key_hash,
        followed=record.followed,
        resume_within_s=record.resume_within_s,
        way=record.way,
        challenges=record.challenges,
    )
    # What a script waits for it by; an enrolment, or a call without a socket, is not waited for.
    wait_s = record.resume_within_s if record.movable else 0.0
    yield from ("about", fields.model_dump_json(), "resume_within_s", str(wait_s))


def record_of(
    session: str, fields: Sequence[bytes | int | None], about: bytes
) -> CallRecord | None:
    """A record from its names and values, in turn, and its owner's lease; None where none is."""
    parts = texts(fields)
    found = dict(zip(parts[::2], parts[1::2], strict=True))
    if "about" not in found:
        return None
    said = _Fields.model_validate_json(found["about"])
    owner = About.model_validate_json(about) if about else None
    return CallRecord(
        session=session,
        mode=said.mode,
        operating_point=said.operating_point,
        place=Place(said.identity, said.token_id, said.bound, said.trusted, said.subject),
        key_hash=said.key_hash,
        followed=said.followed,
        resume_within_s=said.resume_within_s,
        way=said.way,
        challenges=said.challenges,
        address=None if owner is None or owner.leaving else owner.address,
    )


def digest(text: str) -> str:
    """A name in a key: names are not spread over a database's keys."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
