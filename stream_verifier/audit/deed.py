"""What is worth an entry of the audit trail, before it is written."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

Detail: TypeAlias = "str | int | bool | None"
"""No fractions: two programs may write those differently, and the chain is over what is written."""

MAX_TEXT_CHARS = 200
_IPV4_BITS, _IPV6_BITS = 24, 48


class Kind(StrEnum):
    """Kinds of entries; a name never changes its meaning."""

    SERVER_STARTED = "server_started"
    """Calls without an end before it were cut off."""
    ENROLLED = "enrolled"
    REPLACED = "replaced"
    DELETED = "deleted"
    RETENTION_DELETED = "retention_deleted"
    EVENTS_DELETED = "events_deleted"
    """Kept events of calls, whose time was over, or which were more than are kept."""
    CONSENT_RENEWED = "consent_renewed"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    REFERENCE_WIDENED = "reference_widened"
    """With more pictures and speech of the person, under a new consent."""
    REFERENCE_RENEWED = "reference_renewed"
    """Stored anew without the person, turned another way."""
    REFERENCE_MIGRATED = "reference_migrated"
    """Moved to the space of another model, without the person."""
    KEY_ROTATED = "key_rotated"
    TOKEN_ISSUED = "token_issued"
    CALL_STARTED = "call_started"
    CALL_ENDED = "call_ended"
    ROOM_ATTACHED = "room_attached"
    ROOM_DETACHED = "room_detached"
    CHALLENGE_ASKED = "challenge_asked"
    """Over HTTP; how many a call had, whoever asked, is told at its end."""
    ACCESS_REFUSED = "access_refused"
    EXPORTED = "exported"
    BACKED_UP = "backed_up"
    PUT_BACK = "put_back"
    """Records of a backup, where the ledger allows them."""
    RECORDS_ERASED = "records_erased"
    """Records that the store refused, by somebody's word."""
    RECORDS_ACCEPTED = "records_accepted"
    CHECKPOINT = "checkpoint"
    """In place of older entries, whose time was over."""
    TRAIL_RESTARTED = "trail_restarted"
    """Somebody went on with a trail that was found changed."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it.

    Attributes:
        token_id: of the token that was shown; ``uid 1000`` on the command line.
        scope: what it allowed, or by which way somebody came who needs none.
        address: the client's network, as `network_of` gives it; empty where there is none.
    """

    token_id: str
    scope: str
    address: str = ""


SYSTEM = Actor("server", "system")
"""The server by itself, such as when somebody's time is over."""
RESUMED = "resumed"
"""In place of a scope: a call that began at another server goes on at this one."""
UNKNOWN = Actor("unknown", "library")
"""Whoever uses the package from Python and does not say."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did, or was refused.

    Attributes:
        kind: what.
        actor: who.
        name: on whom, as it is enrolled; only its pseudonym is written.
        outcome: "done", or the code of the error by which it was refused.
        details: whatever else tells it apart: ids and counts; never names, media, vectors.
        hidden: details that somebody could guess, such as digests of words with a name in them: as
            of names only their pseudonyms are written.
    """

    kind: Kind
    actor: Actor
    name: str | None = field(default=None, repr=False)
    outcome: str = "done"
    details: Mapping[str, Detail] = field(default_factory=dict)
    hidden: Mapping[str, str] = field(default_factory=dict, repr=False)


def network_of(address: str) -> str:
    """The network that an address is of: its first 24 bits, of IPv6 48; empty if it is none."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    bits = _IPV4_BITS if ip.version == 4 else _IPV6_BITS
    return str(ipaddress.ip_network(f"{ip}/{bits}", strict=False))
