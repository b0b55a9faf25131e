"""The quick half of the attacks, against a real server."""

from __future__ import annotations

import pytest

from benchmarks.attacks.__main__ import attack, table
from benchmarks.attacks.clips import GRACE, Clips
from benchmarks.attacks.hidden_cases import HIDDEN
from benchmarks.attacks.media_cases import ATTACKS, GENUINE_S
from benchmarks.attacks.outcome import refused, won
from tests.support.kept import kept_folder


@pytest.fixture(scope="module")
def clips() -> Clips:
    """What is played, each encoded once and small: that is most of what all this costs."""
    folder = kept_folder("attacks", "benchmarks/attacks/*.py", "tests/benchmarks/test_attacks.py")
    return Clips(folder, seconds=20.0, size=(320, 240))


async def test_the_quick_half_holds(clips: Clips) -> None:
    outcomes = await attack(quick=True, clips=clips)
    assert len(outcomes) == 7
    assert [one for one in outcomes if not one.holds] == []


def test_an_outcome_can_fail() -> None:
    assert won("x", 7.0, 2.0, "silence").holds
    assert not won("x", 9.0, 2.0, "silence").holds
    assert not refused("x", "opened", "forbidden").holds
    page = table([refused("x", "opened", "forbidden"), won("y", 3.0, 2.0, "swap")])
    assert "| x | opened | forbidden | **no** |" in page
    assert "| y | 3.0 s verified (swap: 2.0 s) | 6 s beyond swap | yes |" in page


@pytest.mark.parametrize("one", [*ATTACKS, *HIDDEN], ids=lambda one: one.name)
def test_an_attack_is_the_enrolled_person_first(one, clips: Clips) -> None:  # type: ignore[no-untyped-def]
    script, own = one.script(clips), clips.call(GRACE, GRACE)
    genuine = [sent.data for sent in own if sent.send_s < GENUINE_S and sent.kind == "audio"]
    begun = [s.data for s in script if s.send_s < GENUINE_S and s.kind == "audio"]
    assert begun == genuine
    after = {sent.data for sent in script if sent.send_s >= GENUINE_S}
    honest = {sent.data for sent in own if sent.send_s >= GENUINE_S}
    assert after - honest or one.name.startswith(("camera off", "media time"))
