from __future__ import annotations

import pytest

from model.errors import PackError
from stream_verifier.simulation.assurance import Believing, assured, least
from stream_verifier.simulation.casting import one_half
from stream_verifier.simulation.impostor_calls import BOTH, FACE, VOICE, Attempt
from stream_verifier.simulation.operating_points import STRICT, Target
from stream_verifier.simulation.posterior import with_posterior
from stream_verifier.simulation.replay import ours, replay
from stream_verifier.verify.operating import DecisionModel, FilterModel, OperatingPoint, Sure, Worth
from tests.support.simulated_calls import EVIDENCE, draw_calls, make_call, make_role, make_script

WORTH = Worth(first=1.0, per_s=1.0, limit=6.0)
BELIEVING = EVIDENCE.model_copy(
    update={"posterior": FilterModel(face=WORTH, voice=WORTH, swap_every_s=600.0)}
)
POINT = OperatingPoint(accept=0.5, reject=-2.0)
FAST = OperatingPoint(accept=1.0, reject=-1.0)
MODEL = DecisionModel(evidence=BELIEVING, points={"slow": POINT, "fast": FAST})
WANTED = {BOTH: 0.01, FACE: 0.01, VOICE: 0.05}
CALLS = draw_calls(8, strength=1.0)


def attempt(way: str, face: float, voice: float, windows: int = 3) -> Attempt:
    call = make_call(make_script(), [(face, voice)] * windows)
    return Attempt(way, make_role("ada"), make_role("eve"), call)


def refused(way: str, count: int = 1000) -> list[Attempt]:
    return [attempt(way, -6.0, -6.0)] * count


ATTEMPTS = [*refused(BOTH), *refused(FACE), *refused(VOICE)]
GOOD = attempt(FACE, 2.0, 6.0)
"""One whose face is nearly right."""


def test_a_threshold_lies_above_those_who_may_not_be_verified() -> None:
    nobody = [-float("inf")] * 3000
    assert least(nobody, 1e-3) == 0.0
    assert least([*nobody, 4.32], 1e-3) == 4.4
    # Of 3000 calls 20 may pass for the upper end to be 1 in 100.
    assert least([*nobody[:-21], *[7.0] * 20, 2.0], 1e-2) == 2.1
    assert least([*nobody[:-21], *[7.0] * 21], 1e-2) == 7.1


def test_too_few_people_are_said() -> None:
    with pytest.raises(PackError, match="56 people are needed"):
        least([0.0] * 100, 1e-3)


def test_strict_keeps_out_whom_the_other_points_would_let_in() -> None:
    made = assured(MODEL, [("clean", [[*ATTEMPTS, *[GOOD] * 20]])], CALLS, {STRICT: target(WANTED)})
    strict = made.points[STRICT]
    make = ours(made.evidence)
    assert "verified" in [v.state for _, v in replay(GOOD.call.seen, make(POINT))]
    assert "verified" not in [v.state for _, v in replay(GOOD.call.seen, make(strict))]
    own = make_call(make_script(), [(6.0, 6.0)] * 6)
    assert "verified" in [v.state for _, v in replay(own.seen, make(strict))]
    assert not any(strict.weaker_than(point) for point in MODEL.points.values())
    assert strict.measured[f"of them verified at most, {FACE}, clean"] == 0
    assert "1 in 100 (both wrong)" in strict.target


def test_each_point_asks_for_what_its_own_target_needs_and_keeps_its_thresholds() -> None:
    tried = [("clean", [[*ATTEMPTS, *[GOOD] * 20]])]
    loose = target(dict.fromkeys(WANTED, 0.1))
    made = assured(MODEL, tried, CALLS, {"slow": loose, STRICT: target(WANTED)})
    slow, strict = made.points["slow"].sure, made.points[STRICT].sure
    assert slow is not None
    assert strict is not None
    assert strict.face > slow.face == 0.0
    assert made.points["slow"].target == loose.text
    assert made.points["slow"].measured[f"of them verified at most, {FACE}, clean"] == 20
    assert (made.points["slow"].accept, made.points["slow"].reject) == (POINT.accept, POINT.reject)
    assert made.points["fast"] == FAST  # which nobody gave a target


def test_strict_asks_for_no_less_than_any_other_point() -> None:
    tried = [("clean", [[*ATTEMPTS, *[GOOD] * 20]])]
    loose = target(dict.fromkeys(WANTED, 0.1))
    made = assured(MODEL, tried, CALLS, {"slow": target(WANTED), STRICT: loose})
    assert made.points["slow"].sure == made.points[STRICT].sure
    assert MODEL.points["slow"].measured == {}


def test_each_condition_is_held_to_by_itself() -> None:
    believing = Believing(ours(BELIEVING), POINT)
    for one in ATTEMPTS:
        believing.add("clean", one)
    alone = believing.sure(WANTED)
    for one in [*ATTEMPTS, *[GOOD] * 20]:
        believing.add("call", one)
    assert believing.sure(WANTED).face > alone.face == 0.0
    assert believing.sure(WANTED).voice == alone.voice


def test_what_is_believed_is_fitted_without_touching_the_states() -> None:
    strict = POINT.model_copy(update={"sure": Sure(face=1.0, voice=1.0)})
    asking = POINT.model_copy(update={"sure": Sure(face=0.5, voice=0.0)})
    before = DecisionModel(evidence=BELIEVING, points={"slow": asking, STRICT: strict})
    after = with_posterior(before, CALLS, seed=1, made_by={"pack": "mine"})
    assert after.points == {"slow": POINT}
    assert after.made_by["posterior"] == {"pack": "mine"}
    assert after.evidence.posterior is not None
    assert after.evidence.posterior.ceiling == 20.0
    assert after.evidence.posterior.swap_every_s == 60.0
    assert after.evidence.face == before.evidence.face


def test_the_halves_share_nobody_and_each_source_is_in_both() -> None:
    cast = [make_role(f"p{number}", f"{source}/{number}") for number in range(7) for source in "ab"]
    first, second = (one_half(cast, which) for which in ("first", "second"))
    assert {one.voice_identity for one in first}.isdisjoint(one.voice_identity for one in second)
    assert len(first) + len(second) == len(cast)
    for half in (first, second):
        assert {one.voice_source for one in half} == {"a", "b"}


def target(wanted: dict[str, float]) -> Target:
    return Target(hours={"all conditions": 2.0}, attempts=wanted)
