from __future__ import annotations

import pytest

from stream_verifier.access.grant import ANYBODY
from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import Tokens
from stream_verifier.calls.lifetime import LifeLimits
from stream_verifier.calls.places import Place, Places
from stream_verifier.errors import CapacityError

TOKENS = Tokens(bytes(range(32)))
LIMITS = Places(most=4, most_per_identity=2)


def place(identity: str, *, bound: bool = True) -> Place:
    own = identity if bound else None
    return Place.of(TOKENS.read(TOKENS.issue([Scope.PUBLISH], identity=own, ttl_s=60)), identity)


def test_a_bound_token_holds_one_call_however_often_it_opens_one() -> None:
    ada = place("ada")
    LIMITS.refuse_if_full(ada, [ada, place("bob"), place("cyd"), place("dan")])
    assert ada.supersedes(ada)
    assert not ada.supersedes(place("ada"))
    assert not place("ada", bound=False).supersedes(place("ada", bound=False))


def test_one_person_takes_no_more_than_a_share_by_whatever_tokens() -> None:
    taken = [place("ada"), place("ada", bound=False)]
    with pytest.raises(CapacityError, match="2 calls run for that name"):
        LIMITS.refuse_if_full(place("ada"), taken)
    LIMITS.refuse_if_full(place("bob"), taken)


def test_a_full_server_is_full_for_all() -> None:
    taken = [place(name) for name in ("ada", "bob", "cyd", "dan")]
    for wanted in (place("eve"), Place.of(ANYBODY, "eve")):
        with pytest.raises(CapacityError, match="All 4 places"):
            LIMITS.refuse_if_full(wanted, taken)


def test_an_administrator_is_held_by_the_servers_limit_alone() -> None:
    LIMITS.refuse_if_full(Place.of(ANYBODY, "ada"), [place("ada"), place("ada"), place("ada")])


LIFE = LifeLimits(media_within_s=30, silent_s=300, longest_s=3600)


@pytest.mark.parametrize(
    ("lasted_s", "silent_s", "media_came", "reason"),
    [
        (29, 29, False, None),
        (31, 31, False, "no_media"),
        (31, 2, False, "no_media"),  # a new connection every few seconds is no media either
        (31, 31, True, None),
        (400, 301, True, "no_media"),
        (3601, 0, True, "too_long"),
    ],
)
def test_how_long_a_call_may_last(
    lasted_s: float, silent_s: float, media_came: bool, reason: str | None
) -> None:
    given = LIFE.exceeded(lasted_s=lasted_s, silent_s=silent_s, media_came=media_came)
    assert given == reason


def test_whose_a_call_is() -> None:
    opener = TOKENS.read(TOKENS.issue([Scope.PUBLISH], ttl_s=60))
    call = {"token_id": opener.token_id, "identity": "ada", "session": "s1"}
    grants = {
        "the opener": opener,
        "another, unbound": TOKENS.read(TOKENS.issue([Scope.PUBLISH], ttl_s=60)),
        "bound to her": TOKENS.read(TOKENS.issue([Scope.PUBLISH], identity="ada", ttl_s=60)),
        "bound to him": TOKENS.read(TOKENS.issue([Scope.PUBLISH], identity="bob", ttl_s=60)),
        "bound to it": TOKENS.read(TOKENS.issue([Scope.PUBLISH], session="s1", ttl_s=60)),
        "an administrator": TOKENS.read(TOKENS.issue([Scope.ADMIN], ttl_s=60)),
    }
    owners = {name for name, grant in grants.items() if grant.owns(**call)}
    assert owners == {"the opener", "bound to her", "bound to it", "an administrator"}
