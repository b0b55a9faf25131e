from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_verifier.errors import SettingsError
from stream_verifier.simulation.composing import KINDS, compose
from stream_verifier.simulation.outcome import SWAPPED
from stream_verifier.simulation.scenes import LEAD_S, START_S
from stream_verifier.simulation.script import GRID_S, Script, Shot, Spurt
from tests.support.simulated_people import made_up_cast

CONDITIONS = ("clean", "noise10", "call")
CAST = made_up_cast()
SOURCE = {role.name: role.voice_source for role in CAST}
LASTING = ("second_face", "camera_off", "silence", "absent")

scripts = st.builds(
    lambda seed, kind: compose(CAST, calls=3, conditions=CONDITIONS, seed=seed, kinds=[kind])[0],
    st.integers(0, 10_000),
    st.sampled_from(KINDS),
)


def impostor_parts(script: Script) -> list[float]:
    parts: list[Shot | Spurt] = [*script.shots, *script.spurts]
    return [part.start_s for part in parts if part.who != script.chimera]


@given(scripts)
@settings(max_examples=60, deadline=None)
def test_every_call_is_in_order(script: Script) -> None:
    spurts = script.spurts
    assert spurts[0].start_s == START_S < 1
    assert all(a.end_s <= b.start_s for a, b in zip(spurts, spurts[1:], strict=False))
    parts: list[Shot | Spurt] = [*script.shots, *spurts]
    for part in parts:
        assert 0 <= part.start_s < part.end_s <= script.length_s
        assert part.start_s / GRID_S == pytest.approx(round(part.start_s / GRID_S), abs=1e-6)
    for spurt in spurts:
        longest = {role.name: role.takes[spurt.take].seconds for role in CAST}[spurt.who]
        assert spurt.end_s - spurt.start_s <= longest + 1e-6
    main = [shot for shot in script.shots if not shot.beside]
    assert all(a.end_s <= b.start_s for a, b in zip(main, main[1:], strict=False))
    for start_s, end_s in script.muted:
        assert not any(s.start_s < end_s + LEAD_S - 1e-6 and start_s < s.end_s for s in spurts)
        assert not any(s.start_s < end_s and start_s < s.end_s for s in script.shots)


@given(scripts)
@settings(max_examples=60, deadline=None)
def test_the_change_is_where_the_impostor_comes(script: Script) -> None:
    others = impostor_parts(script)
    if script.kind in SWAPPED:
        assert script.change_s == min(others)
        assert 18 <= script.change_s <= 42
        assert 30 <= script.length_s - script.change_s <= 50
        after = [s.end_s - s.start_s for s in script.spurts if s.start_s >= script.change_s]
        assert sum(after) >= 8
    elif script.kind == "genuine":
        assert script.change_s is None
        assert script.length_s == 300
        assert not others
    else:
        assert script.change_s is not None
        assert script.until_s is not None
        assert script.change_s < script.until_s < script.length_s
        assert others == ([script.change_s] if script.kind == "second_face" else [])


@given(scripts)
@settings(max_examples=60, deadline=None)
def test_impostors_are_of_the_same_sources(script: Script) -> None:
    for spurt in script.spurts:
        assert SOURCE[spurt.who] == SOURCE[script.chimera]


@given(st.integers(0, 400), st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_kinds_and_conditions_have_their_shares(calls: int, seed: int) -> None:
    composed = compose(CAST, calls=calls, conditions=CONDITIONS, seed=seed)
    kinds = Counter(script.kind for script in composed)
    assert len(composed) == calls == len({script.name for script in composed})
    assert kinds["genuine"] == round(0.4 * calls)
    others = [kinds[kind] for kind in KINDS if kind != "genuine"]
    assert max(others) - min(others) <= 1
    for kind in kinds:
        of_kind = Counter(s.condition for s in composed if s.kind == kind)
        assert max(of_kind.values()) - min(of_kind[c] for c in CONDITIONS) <= 1


def test_a_seed_makes_the_same_calls_and_another_one_others() -> None:
    one, again, other = (
        compose(CAST, calls=40, conditions=CONDITIONS, seed=seed) for seed in (1, 1, 2)
    )
    assert one == again
    assert not set(one) & set(other)


def test_each_condition_has_the_same_calls() -> None:
    first, second = compose(CAST, calls=2, conditions=("clean", "call"), seed=1, kinds=["absent"])
    assert (first.shots, first.spurts) == (second.shots, second.spurts)
    assert (first.condition, second.condition) == ("clean", "call")


def test_all_of_a_cast_are_called_for_alike() -> None:
    composed = compose(CAST, calls=60, conditions=["clean"], seed=1, kinds=["genuine"])
    assert set(Counter(script.chimera for script in composed).values()) == {10}


def test_nobody_can_be_replaced_by_nobody() -> None:
    with pytest.raises(SettingsError, match="p1 has nobody of the same source"):
        compose(made_up_cast(3, sources=2)[1:], calls=1, conditions=["clean"], seed=1)
