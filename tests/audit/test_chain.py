"""Whatever is done to an exported trail is found."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from stream_verifier.audit.chain import check
from stream_verifier.audit.deed import Actor, Deed, Kind, network_of
from stream_verifier.audit.entry import NO_HASH, Entry, canonical
from stream_verifier.audit.seal import Head, Sealer, read_public_key
from stream_verifier.errors import AuditError

SEALER = Sealer(bytes(range(32)))
OTHER = Sealer(b"another key, of thirty-two bytes")
BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA = Actor("0123456789abcdef", "admin", "192.0.2.0/24")


def trail(
    count: int, *, first: int = 1, previous: str = NO_HASH, sealer: Sealer = SEALER
) -> list[str]:
    """An exported trail; one that does not begin at 1 ends with the checkpoint for that."""
    entries: list[Entry] = []
    number, last = first - 1, previous
    for step in range(count):
        deed = Deed(Kind.ENROLLED, ADA, "ada", details={"faces": step})
        if first > 1 and step == count - 1:
            deed = Deed(Kind.CHECKPOINT, ADA, details={"up_to": first - 1, "hash": previous})
        now = BEGAN + timedelta(seconds=step)
        entry = Entry.after(number, last, deed, whom=sealer.pseudonym("ada"), now=now)
        entries.append(entry)
        number, last = entry.number, entry.hash
    return [*(entry.line for entry in entries), sealer.sign(number, last, "").line]


def _edit(lines: list[str], rng: random.Random) -> list[str]:
    """One character of the file is another one."""
    at = rng.randrange(len(lines))
    line = lines[at]
    place = rng.randrange(len(line))
    other = rng.choice([one for one in "abc019 {}\"':,éx" if one != line[place]])
    return [*lines[:at], line[:place] + other + line[place + 1 :], *lines[at + 1 :]]


def _retell(lines: list[str], rng: random.Random) -> list[str]:
    """An entry says something else, and its own hash fits."""
    at = rng.randrange(len(lines) - 1)
    fields = json.loads(lines[at])
    key, value = rng.choice(
        [("kind", "deleted"), ("whom", "f" * 32), ("at", "2027"), ("outcome", "forbidden")]
    )
    fields[key] = value
    del fields["hash"]
    fields["hash"] = _hash_of(fields)
    made = Entry.of_fields(fields)
    return [*lines[:at], made.line, *lines[at + 1 :]]


def _hash_of(fields: dict[str, object]) -> str:
    return hashlib.sha256(canonical(fields).encode()).hexdigest()


def _cut(lines: list[str], rng: random.Random) -> list[str]:
    at = rng.randrange(len(lines))
    return lines[:at] + lines[at + rng.randint(1, 3) :]


def _truncate(lines: list[str], rng: random.Random) -> list[str]:
    """The newest entries are gone, and the head names the last that is left."""
    kept = lines[: rng.randrange(len(lines) - 1)]
    last = Entry.parse(kept[-1]) if kept else None
    forged = Head(last.number if last else 0, last.hash if last else NO_HASH, "", "ab" * 64)
    return [*kept, rng.choice([forged.line, lines[-1], OTHER.sign(0, NO_HASH, "").line])]


def _begin_later(lines: list[str], rng: random.Random) -> list[str]:
    return lines[rng.randint(1, len(lines) - 1) :]


def _reorder(lines: list[str], rng: random.Random) -> list[str]:
    one, other = sorted(rng.sample(range(len(lines)), 2))
    moved = [*lines]
    moved[one], moved[other] = moved[other], moved[one]
    return moved


def _double(lines: list[str], rng: random.Random) -> list[str]:
    at = rng.randrange(len(lines))
    return [*lines[: at + 1], lines[at], *lines[at + 1 :]]


def _add(lines: list[str], rng: random.Random) -> list[str]:
    """Something that never was is put at the end, well chained."""
    last = Entry.parse(lines[-2])
    made = Entry.after(last.number, last.hash, Deed(Kind.DELETED, ADA), whom=None, now=BEGAN)
    head = json.loads(lines[-1]) | {"number": made.number, "hash": made.hash}
    return [*lines[:-1], made.line, rng.choice([lines[-1], canonical(head)])]


def _rewrite(lines: list[str], rng: random.Random) -> list[str]:
    """The whole trail is made anew, under another key."""
    return trail(rng.randint(1, 12), sealer=OTHER)


TAMPERINGS: list[Callable[[list[str], random.Random], list[str]]] = [
    *(_edit, _retell, _cut, _truncate, _begin_later, _reorder, _double, _add, _rewrite)
]


@pytest.mark.parametrize("whole", [trail(12), trail(12, first=41, previous="5" * 64)])
def test_a_thousand_tamperings_of_a_trail_are_all_found(whole: list[str]) -> None:
    assert check(whole, SEALER.public_key).count == 12
    rng = random.Random(7)
    done = {tampering.__name__: 0 for tampering in TAMPERINGS}
    for turn in range(1000):
        tampering = TAMPERINGS[turn % len(TAMPERINGS)]
        changed = tampering(whole, rng)
        assert changed != whole
        with pytest.raises(AuditError):
            check(changed, SEALER.public_key)
        done[tampering.__name__] += 1
    assert min(done.values()) >= 111


@pytest.mark.parametrize(
    "line",
    [
        *(
            "",
            "{}",
            "[]",
            "null",
            "1e999",
            "[" * 50_000,
            '{"hash": NaN}',
            '{"number":1,"number":2}',
        ),
        *('{"hash":"","number":true,"at":"","previous":""}', "\ud800", "{" * 3),
    ],
)
def test_garbage_is_no_trail(line: str) -> None:
    for lines in ([line], [line, trail(1)[-1]], [trail(1)[0], line]):
        with pytest.raises(AuditError):
            check(lines, SEALER.public_key)


def test_an_older_copy_is_found_by_the_head_that_was_kept() -> None:
    older, newer = trail(5), trail(9)
    assert check(older, SEALER.public_key).head.number == 5
    kept = check(newer, SEALER.public_key).head
    assert check(newer, SEALER.public_key, at_least=9, known=kept.hash).count == 9
    with pytest.raises(AuditError, match="ends at 5 and was seen to reach 9"):
        check(older, SEALER.public_key, at_least=9)
    with pytest.raises(AuditError, match="Entry 5 has another hash"):
        check(newer, SEALER.public_key, at_least=5, known="0" * 64)


def test_an_empty_trail_and_one_that_began_anew_hold() -> None:
    assert check([SEALER.empty().line], SEALER.public_key).count == 0
    begun = Deed(Kind.TRAIL_RESTARTED, ADA, details={"up_to": 7, "hash": NO_HASH})
    entry = Entry.after(7, NO_HASH, begun, whom=None, now=BEGAN)
    found = check([entry.line, SEALER.sign(8, entry.hash, "").line], SEALER.public_key)
    assert (found.first, found.count, found.restarts) == (8, 1, (8,))


def test_the_public_key_goes_by_pem() -> None:
    key = read_public_key(SEALER.public_pem().encode())
    assert check(trail(2), key).count == 2
    with pytest.raises(AuditError, match="does not hold: the head was not signed with this key"):
        check(trail(2), OTHER.public_key)
    with pytest.raises(AuditError, match="audit public-key"):
        read_public_key(b"-----BEGIN nothing")


def test_pseudonyms_need_the_key() -> None:
    assert SEALER.pseudonym("ada") == SEALER.pseudonym("ada") != SEALER.pseudonym("grace")
    assert SEALER.pseudonym("ada") != OTHER.pseudonym("ada")
    assert len(SEALER.pseudonym("ada")) == 32


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        *(("", ""), ("testclient", ""), ("/run/socket", "")),
    ],
)
def test_addresses_are_cut_short(address: str, network: str) -> None:
    assert network_of(address) == network
