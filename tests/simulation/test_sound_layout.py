from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_verifier.simulation.composing import KINDS, compose
from stream_verifier.simulation.scenes import LEAD_S
from stream_verifier.simulation.script import Script, Spurt
from stream_verifier.simulation.sound_layout import ROOM_S, lay_out
from tests.support.simulated_people import made_up_cast

CAST = made_up_cast()


def script(
    *spurts: Spurt, length_s: float = 60.0, muted: tuple[float, float] | None = None
) -> Script:
    return Script(
        name="x",
        kind="genuine",
        condition="clean",
        chimera="p0",
        length_s=length_s,
        change_s=None,
        until_s=None,
        shots=(),
        spurts=spurts,
        muted=() if muted is None else (muted,),
    )


@given(st.integers(0, 1000), st.sampled_from(KINDS))
@settings(max_examples=100, deadline=None)
def test_pieces_fill_all_time_with_the_microphone_on(seed: int, kind: str) -> None:
    (made,) = compose(CAST, calls=1, conditions=["clean"], seed=seed, kinds=[kind])
    placed = lay_out(made)
    assert all(a.end_s <= b.start_s for a, b in zip(placed, placed[1:], strict=False))
    muted_s = sum(end_s - start_s for start_s, end_s in made.muted)
    heard_s = sum(one.end_s - one.start_s for one in placed)
    assert heard_s == pytest.approx(made.length_s - muted_s)
    said = [
        Spurt(round(s.start_s + one.start_s, 2), round(s.end_s + one.start_s, 2), s.who, s.take)
        for one in placed
        for s in one.piece.spurts
    ]
    assert said == list(made.spurts)
    for one in placed:
        assert one.end_s - one.start_s <= one.piece.length_s + 1e-6


def test_spurts_stand_for_themselves_unless_they_are_close() -> None:
    apart = lay_out(script(Spurt(0.48, 6.0, "p0"), Spurt(9.66, 15.0, "p0")))
    assert [len(one.piece.spurts) for one in apart] == [1, 0, 1, 0, 0, 0]
    assert apart[2].start_s == pytest.approx(9.66 - LEAD_S)
    close = lay_out(script(Spurt(0.48, 6.0, "p0"), Spurt(6.0, 12.0, "p1")))
    assert [len(one.piece.spurts) for one in close] == [2, 0, 0, 0, 0]
    assert close[1].piece.room == "p1"
    assert close[1].piece.length_s == ROOM_S


def test_alike_spurts_share_a_piece() -> None:
    made = script(Spurt(0.48, 6.0, "p0"), Spurt(20.1, 26.1, "p0"), Spurt(40.2, 46.2, "p0"))
    spoken = [one.piece for one in lay_out(made) if one.piece.spurts]
    assert spoken[1] == spoken[2] != spoken[0]
    assert spoken[1].key == spoken[2].key != spoken[0].key


def test_nothing_is_heard_while_muted() -> None:
    placed = lay_out(script(Spurt(0.48, 6.0, "p0"), Spurt(23.4, 30.0, "p0"), muted=(6.6, 20.1)))
    assert not [one for one in placed if one.start_s < 20.1 and one.end_s > 6.6]
