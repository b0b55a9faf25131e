"""The quick half of the attacks, against a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.attacks.__main__ import attack, table
from benchmarks.attacks.clips import GRACE, Clips
from benchmarks.attacks.media_cases import ATTACKS, GENUINE_S
from benchmarks.attacks.outcome import refused, won
from tests.support.kept import kept_folder

SECONDS = 20.0


@pytest.fixture(scope="module")
def folder() -> Path:
    """What is played, each encoded once."""
    return kept_folder("attacks", "benchmarks/attacks/*.py")


async def test_the_quick_half_holds(folder: Path) -> None:
    outcomes = await attack(quick=True, clips=folder, seconds=SECONDS)
    assert len(outcomes) == 7
    assert [one for one in outcomes if not one.holds] == []


def test_an_outcome_can_fail() -> None:
    assert won("x", 7.0, 2.0, "silence").holds
    assert not won("x", 9.0, 2.0, "silence").holds
    assert not refused("x", "opened", "forbidden").holds
    page = table([refused("x", "opened", "forbidden"), won("y", 3.0, 2.0, "swap")])
    assert "| x | opened | forbidden | **no** |" in page
    assert "| y | 3.0 s verified (swap: 2.0 s) | 6 s beyond swap | yes |" in page


@pytest.fixture(scope="module")
def clips(folder: Path) -> Clips:
    return Clips(folder, seconds=SECONDS)


@pytest.mark.parametrize("one", ATTACKS, ids=lambda one: one.name)
def test_an_attack_is_the_enrolled_person_first(one, clips: Clips) -> None:  # type: ignore[no-untyped-def]
    script, own = one.script(clips), clips.call(GRACE, GRACE)
    genuine = [sent.data for sent in own if sent.send_s < GENUINE_S and sent.kind == "audio"]
    begun = [s.data for s in script if s.send_s < GENUINE_S and s.kind == "audio"]
    assert begun == genuine
    after = {sent.data for sent in script if sent.send_s >= GENUINE_S}
    honest = {sent.data for sent in own if sent.send_s >= GENUINE_S}
    assert after - honest or one.name.startswith(("camera off", "media time"))
