"""The page of what was told in honest calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from benchmarks.honest.counting import Breaks, Tally
from benchmarks.honest.shots import Shots
from stream_verifier.events.schema import State

_LIVE = (
    "Made by WebRTC against a real server. A call whose own process stood still for more than "
    "0.25 s is made\nagain, twice at most; *late* says for how long one did at worst in those that "
    "count.\n\n"
)
_PLAYED = (
    "Played by clocks of their own: the packets of each call are lost and late as the line has "
    "it, and the\nserver's own parts order, date, decode and score them; sockets, encryption and "
    "aiortc are left out.\nA picture that lost a packet is asked for again, as by NACK; no key "
    "frame is, so that recovery takes\nup to 2 s, longer than a browser's.\n\n"
)


def page(
    tallies: Sequence[Tally], breaks: Breaks, shots: Shots | None = None, *, live: bool = False
) -> str:
    """All tallies and how often pictures seemed to break, as a page."""
    rows = "\n".join(_row(one) for one in tallies)
    return (
        "# Honest calls over bad lines\n\n"
        "Written by `python -m benchmarks.honest`: people enrolled from other clips of theirs "
        "call, each\nalone before the camera; what goes between is lost, late or out of step on "
        "purpose. The demo people\nare portraits that move. Real talkers play one shot "
        "back and forth, so that no cut\nis in it; one says his own words, the others those of "
        "people who read, and never what they were\nenrolled from.\n\n"
        "A reason is counted each time that it is told anew. *Without cause* is whatever nothing "
        "on the line\naccounts for: any doubt about time, coverage, face, voice or company, any "
        "gap but of the network's\nor the device's making, and any end but by hanging up.\n\n"
        + (_LIVE if live else _PLAYED)
        + "| line | calls, minutes | late | verified | lost it | reasons | gaps | without cause |\n"
        f"|---|---|---|---|---|---|---|---|\n{rows}\n\n"
        f"In all {breaks.frames} pictures were decoded and {breaks.cuts} seemed to show something "
        f"else than those\nbefore ({_share(breaks.cuts, breaks.frames)}); of {breaks.looks} looks "
        f"at faces {breaks.tracks} seemed to be at another face\nthan the last "
        f"({_share(breaks.tracks, breaks.looks)}). That costs a look, or has the face's evidence "
        "begin anew.\n" + (_of_shots(shots) if shots else "")
    )


def _of_shots(shots: Shots) -> str:
    return (
        f"\nIn {shots.shots} single shots of people who talk, {shots.seconds / 60:.1f} minutes, as "
        f"they were filmed: {shots.cuts} of {shots.frames}\nframes seemed to show something else "
        f"({_share(shots.cuts, shots.frames)}), {shots.tracks} of {shots.looks} looks half a "
        f"second apart another face\n({_share(shots.tracks, shots.looks)}), and {shots.crowded} "
        "looks somebody else beside the person.\n"
    )


def _row(one: Tally) -> str:
    verified = one.states[State.VERIFIED] / max(sum(one.states.values()), 1e-9)
    cells = (
        one.conditions.name,
        f"{one.calls}, {one.minutes:.1f}",
        f"{one.stalled_s:.2f} s",
        f"{verified:.0%}",
        str(one.fell),
        _counts(one.reasons),
        _counts(one.gaps),
        f"**{', '.join(one.without_cause)}**" if one.without_cause else "nothing",
    )
    return f"| {' | '.join(cells)} |"


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common()) or "none"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else "none"
